#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "simulate/arrivals.h"
#include "simulate/scenario.h"
#include "traces/trace.h"

/// Jobs of no machine's past: drawn from a model, the same ones for the same seed everywhere.
///
/// Neither model says what users ask for. Here the limit is the shortest of a menu (15 minutes, 1,
/// 4 and 12 hours, 1, 2, 4, 8 and more days) that is at least as long as the run times a factor of
/// 1, 2, 4, 8 or 16, each equally likely; and user k has submitted a job with a likelihood of 1
/// over k.
namespace fabrica::simulate {

/// A job without its submit time.
struct EvenJob {
  traces::Job job;
  std::int64_t even_ms = 0;      // when it comes, were all hours alike
  const Cycle* cycle = nullptr;  // which hours are not; none: they are
};

/// Of each model the cycles of its jobs, which outlive them, and the jobs by time.
std::vector<Cycle> cycles_of(const MadeClassic& wanted);
std::vector<Cycle> cycles_of(const MadeLlm& wanted);
std::vector<EvenJob> made_jobs(const MadeClassic& wanted, const std::vector<Cycle>& cycles,
                               Random random);
std::vector<EvenJob> made_jobs(const MadeLlm& wanted, const std::vector<Cycle>& cycles,
                               Random random);

}  // namespace fabrica::simulate
