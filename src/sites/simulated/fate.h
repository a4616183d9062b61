#pragma once

#include <cstdint>

#include "base/time.h"
#include "jobs/types.h"

namespace fabrica::sites::simulated {

/// Names one task for all time. An array's tasks count from 0.
struct TaskName {
  jobs::JobId job;
  std::uint32_t attempt = 1;
  std::uint32_t task = 0;

  friend constexpr auto operator<=>(const TaskName&, const TaskName&) = default;
};

/// What a virtual task will do once it starts.
struct Fate {
  Duration
      run;  // at least a millisecond; beyond the limit for a timeout, as a real kill takes a while
  jobs::Outcome outcome = jobs::Outcome::completed;  // launch_failed: it never starts
  std::int32_t exit_code = 0;
  std::int32_t signal = 0;
};

/// Drawn from the seed and the task's name alone, so that a site built anew draws the same again.
/// Most tasks complete within their limit; some fail, run out of memory or time, are cancelled by
/// the site, get lost, or never launch.
Fate fate_of(std::uint64_t seed, TaskName task, Duration limit);

}  // namespace fabrica::sites::simulated
