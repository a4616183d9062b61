#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "sites/local/records.h"
#include "sites/local/slots.h"
#include "sites/local/spool.h"

namespace fabrica::sites::local {

struct RunnerOptions {
  std::filesystem::path spool;
  /// Holds fabrica-supervise and fabrica-srun.
  std::filesystem::path programs;
  std::uint32_t cores = 1;
  std::uint64_t memory_bytes = 0;
  std::vector<std::uint32_t> gpus;
  /// How long a forgotten task is remembered as ended, should it be asked for again.
  Duration archive_kept = days(30);
};

enum class TaskState : std::uint8_t { queued, started, ended };
FABRICA_DESCRIBE_ENUM(TaskState, queued, started, ended)

/// What there is to know of a task: all of it in each report.
struct TaskReport {
  std::string tag;
  TaskState state = TaskState::queued;
  /// From `started` on; stays 0 for a task that never started.
  std::int64_t started_at_ms = 0;
  std::vector<std::uint32_t> gpus;
  MemoryEnforcement memory_enforcement = MemoryEnforcement::none;
  /// Exactly when ended.
  std::optional<Ended> ended;
};
FABRICA_DESCRIBE(TaskReport, tag, state, started_at_ms, gpus, memory_enforcement, ended)

/// Runs tasks on this machine: keeps them in a spool, starts them in their order as slots come
/// free, and tells how they go. Everything that it has accepted is on disk before it answers, and
/// every task runs under a supervisor of its own, so a Runner may end at any moment, without
/// notice: the next one on the same spool goes on from there. For one thread at a time.
class Runner {
 public:
  /// Takes the spool for itself: refused as unavailable while another Runner has it.
  static Result<Runner> open(const RunnerOptions& options);

  /// Accepts a task for good. A tag that was accepted before, even if it has been forgotten since,
  /// stays what it was: its news are told again. Refuses what can never run here.
  Result<void> submit(const TaskSpec& spec, std::string_view script);

  /// Asks for the end of a task: one that waits ends at once, one that runs gets SIGTERM, its grace
  /// time and SIGKILL; one that has ended stays as it is. False when the tag is not known here.
  bool cancel(std::string_view tag);

  /// True when the task has been started here, or has ended.
  bool has_begun(std::string_view tag) const;

  /// Starts what has room and returns what is new since the last call, every task at the first call
  /// after open(). May be called at any time; without other reasons, about once a second and
  /// whenever wake_fd() has something.
  std::vector<TaskReport> poll(Time now);

  /// Ends the telling about a task that has ended and removes what we wrote about it, but for a
  /// note that it has been. Ignored for all others.
  void forget(std::string_view tag);

  /// A descriptor that is readable when poll() has something to do; nothing where the system has no
  /// watches left. Stays the Runner's own.
  std::optional<int> wake_fd() const;

 private:
  struct Task {
    Waiting waiting;
    TaskReport report;
    bool news = true;
    int watch = -1;
    int launches = 0;
    Time launched_at;  // by the clock that nobody sets
  };

  Runner(RunnerOptions options, Spool spool);
  void load(const std::string& tag);
  void activate(Task& task, std::vector<std::uint32_t> gpus);
  void start_waiting(Time now);
  void launch(Task& task, Time now);
  void observe(Task& task, Time now);
  void finish(Task& task, Ended ended);
  void drain_wakes() const;
  Task* find(std::string_view tag);

  RunnerOptions options_;
  Spool spool_;
  Slots slots_;
  Fd watches_;
  std::map<std::string, Task, std::less<>> tasks_;
  std::set<Waiting> queue_;
  std::set<std::string> active_;
  std::map<std::string, std::uint32_t> running_in_group_;
  Time prune_at_;
};

}  // namespace fabrica::sites::local
