#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sites/local/allocation.h"
#include "sites/local/files.h"
#include "sites/local/srun_options.h"

namespace fabrica::sites::local {

/// Fills srun's file name pattern in for one task: %t task, %n node (0 here), %N node name, %j job,
/// %J job.step, %s step, %x job name, %u user, %A and %a of an array, %% itself; a number between
/// the per cent sign and the letter is a width padded with zeros. Other pairs stay as they are.
std::string fill_pattern(std::string_view pattern, const Allocation& allocation, std::uint32_t step,
                         std::uint32_t task);

/// The streams of a step's tasks: where each task's output goes, directly or line by line with its
/// label through this process, and where its input comes from.
class StepStreams {
 public:
  static Result<StepStreams> open(const StepRequest& request, const Allocation& allocation,
                                  std::uint32_t step);

  /// In the task's own process: makes 0, 1 and 2 its streams. False when that fails.
  bool enter_task(std::uint32_t task) const;
  /// In srun: the tasks have their ends of the pipes, ours would keep them open.
  void close_task_ends();

  /// Descriptors with something to do: `reading` for poll(2)'s POLLIN, `writing` for POLLOUT.
  struct Wish {
    std::vector<int> reading;
    std::vector<int> writing;
  };
  Wish wish() const;
  /// Moves what can be moved without waiting.
  void move_input();
  void move_output();
  /// True while a task may still write.
  bool is_open() const;
  /// Writes out what has come without its line end, when all tasks have ended.
  void finish();

 private:
  /// What one task writes to one of its streams, on its way through us.
  struct Labelled {
    Fd from;
    int to = -1;
    std::string label;
    std::string pending;
  };
  /// What is to be written to one task's input.
  struct Fed {
    Fd to;
    std::size_t written = 0;
  };
  struct TaskEnds {
    int output = -1;
    int error = -1;
    int input = -1;
  };

  Result<int> open_sink(const std::string& pattern, int own, bool append,
                        const Allocation& allocation, std::uint32_t step, std::uint32_t task);
  Result<void> open_outputs(const StepRequest& request, const Allocation& allocation,
                            std::uint32_t step, std::uint32_t task);
  Result<void> open_input(const StepRequest& request, const Allocation& allocation,
                          std::uint32_t step, std::uint32_t task);
  Result<int> labelled_end(int sink, std::uint32_t task, std::uint32_t tasks);
  Result<int> fed_end();
  Result<int> null_input();

  std::map<std::string, Fd> files_;
  std::vector<Labelled> labelled_;
  std::vector<Fed> fed_;
  std::string input_block_;
  bool input_ended_ = true;
  std::vector<Fd> task_ends_;
  std::vector<TaskEnds> tasks_;
};

}  // namespace fabrica::sites::local
