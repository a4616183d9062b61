#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/describe.h"
#include "base/time.h"
#include "forecast/job.h"

namespace fabrica::simulate {

/// When each job starts and, where there are several machines, on which.
struct Placed {
  std::span<const Time> starts;
  std::span<const std::uint32_t> sites = {};  // from 0; empty: there is one machine
};

/// Of values that are sorted upwards: the smallest that at least so many of a thousand do not
/// exceed (nearest rank). Not of none.
std::int64_t quantile(std::span<const std::int64_t> sorted, std::uint64_t per_thousand);

/// The jobs that are so many wide, both included: a power of two and what follows it.
struct SizeClass {
  std::int32_t width_from = 0;
  std::int32_t width_to = 0;
  std::uint64_t jobs = 0;
  double wait_mean_s = 0;
  double wait_p90_s = 0;
  double bounded_slowdown_mean = 0;
  double hours = 0;  // width times run time
};
FABRICA_DESCRIBE(SizeClass, width_from, width_to, jobs, wait_mean_s, wait_p90_s,
                 bounded_slowdown_mean, hours)

/// What a schedule comes to, over all jobs. Bounded slowdown: (wait + run) / max(run, 10 s), at
/// least 1 (Feitelson and others, 1997). The widest tenth are those that are at least as wide as
/// the one at nine tenths of the jobs sorted by width. Utilisation: work over the machines from the
/// first submit to the last end. Fairness: Jain's index (Jain, Chiu and Hawe, 1984) over the mean
/// bounded slowdowns of the users who are known, squared sum over count times sum of squares: 1
/// when all fare alike, 1 / users when one alone is kept waiting; 1 where nobody is known.
struct Measures {
  std::uint64_t jobs = 0;
  double wait_mean_s = 0;
  double wait_median_s = 0;
  double wait_p90_s = 0;
  double wait_p99_s = 0;
  double wide_wait_mean_s = 0;
  double bounded_slowdown_mean = 0;
  double bounded_slowdown_median = 0;
  double bounded_slowdown_p90 = 0;
  double utilisation = 0;
  std::int64_t makespan_s = 0;
  double hours = 0;  // width times run time, of what the machines are counted in
  std::uint64_t users = 0;
  double user_fairness = 1;
  std::vector<double> site_utilisation = {};  // in the order of the machines
  std::vector<SizeClass> sizes = {};          // by width
};

/// `widths` are those of the machines. A start for each job, which there is at least one of.
Measures measure(std::span<const std::int32_t> widths, std::span<const forecast::Job> jobs,
                 const Placed& placed);

}  // namespace fabrica::simulate
