#pragma once

#include <cstdint>
#include <span>

#include "base/time.h"

namespace fabrica::forecast {

/// Jobs are named by their place in the list that is scheduled.
using JobIndex = std::uint32_t;

/// A job as the mathematics of scheduling sees it. Between 1 and the machine's width wide; 0 <= run
/// <= limit, 1 ms <= limit: a job that wants to run longer than its limit is stopped there.
struct Job {
  Time submit;
  Duration run;            // what it turns out to need: no scheduler looks at this before the end
  Duration limit;          // what its user asked for
  std::int32_t width = 1;  // processors, GPUs or nodes: what the machine is counted in
  std::uint32_t user = 0;
};
static_assert(sizeof(Job) == 32, "two jobs share a cache line");

/// True when the jobs are sorted by submit time, and each is valid and not wider than this.
inline bool can_be_scheduled(std::span<const Job> jobs, std::int32_t widest) {
  Time before = jobs.empty() ? Time{} : jobs.front().submit;
  bool can = true;
  for (const Job& job : jobs) {
    can &= job.submit >= before && job.width >= 1 && job.width <= widest && job.limit.ms >= 1 &&
           job.run.ms >= 0 && job.run <= job.limit;
    before = job.submit;
  }
  return can;
}

}  // namespace fabrica::forecast
