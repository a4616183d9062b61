#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/outcome.h"

/// Where a job or a task stands, in Slurm's words.
namespace fabrica::shims {

struct StateWord {
  std::string_view ours;     // a phase, or the outcome of what has ended
  std::string_view name;     // PENDING
  std::string_view compact;  // PD
  std::string_view reason;   // of a job that waits, or why it did not end well
  // What Slurm's ExitCode says where no process has left a code of its own: never success for what
  // has failed, since there are tools that look at nothing else.
  std::uint8_t exit_code = 0;
  std::uint8_t signal = 0;
};

/// Of a job's or task's phase and outcome. An outcome that is not known here has failed.
const StateWord& state_of(std::string_view phase, std::string_view outcome);

/// True for PENDING and RUNNING.
bool is_live(const StateWord& state);

/// The states that `words` name, by their long or short names in either case: long names; all of
/// them when one is "all". Refused when one is no state of Slurm's.
cli::Outcome<std::vector<std::string_view>> states_named(std::string_view program,
                                                         const std::vector<std::string>& words);

}  // namespace fabrica::shims
