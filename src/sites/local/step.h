#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "sites/local/allocation.h"
#include "sites/local/srun_options.h"

namespace fabrica::sites::local {

/// The environment of one task of a step, made from srun's own: ranks and sizes, and the task's
/// share of the job's GPUs where the step asks for shares.
std::vector<std::string> step_environment(const std::vector<std::string>& environment,
                                          const StepRequest& request, const Allocation& allocation,
                                          std::uint32_t step, std::uint32_t task);

/// Runs one step to its end: starts its tasks, passes signals on to them, and ends what they leave
/// behind. Returns the highest exit code of a task, where signal n counts as 128 + n. Refused when
/// nothing could be started.
Result<int> run_step(const StepRequest& request, const Allocation& allocation,
                     const std::vector<std::string>& environment);

/// `srun`, with the arguments after its name: 1 with a message when the call is refused.
int srun_main(const std::vector<std::string>& arguments,
              const std::vector<std::string>& environment);

/// `scontrol`, likewise: `show hostnames [LIST]` is what scripts need of it.
int scontrol_main(const std::vector<std::string>& arguments,
                  const std::vector<std::string>& environment);

}  // namespace fabrica::sites::local
