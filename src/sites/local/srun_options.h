#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "sites/local/allocation.h"

namespace fabrica::sites::local {

/// What one call of srun asks for, complete and within the job's allocation.
struct StepRequest {
  std::uint32_t tasks = 1;
  std::uint32_t cpus_per_task = 1;
  /// The step waits until its cores are free of other such steps (--exact, --exclusive).
  bool exclusive = false;

  bool label = false;
  bool quiet = false;
  bool append = false;  ///< to output files
  /// Patterns of srun(1), "filename pattern"; empty: srun's own stream.
  std::string output;
  std::string error;
  std::string input;

  bool kill_on_bad_exit = false;
  /// After the first task has ended, the others get this long.
  std::optional<Duration> wait;
  std::optional<Duration> time_limit;

  std::string export_option;  ///< empty: ALL
  std::string working_directory;
  std::string name;
  /// The step's GPUs where it asks for fewer than the job has.
  std::optional<std::uint32_t> gpus;
  std::optional<std::uint32_t> gpus_per_task;

  /// Program and arguments, never empty.
  std::vector<std::string> command;
  /// What was accepted and does nothing here, for people.
  std::vector<std::string> notes;
};

/// Reads srun's arguments (without its own name): options up to the first word that is none, then
/// the command. Long options may be shortened as long as they stay unique. Refuses what cannot be
/// honoured on the one node of the job, with a hint.
Result<StepRequest> parse_srun(std::span<const std::string> words, const Allocation& allocation);

}  // namespace fabrica::sites::local
