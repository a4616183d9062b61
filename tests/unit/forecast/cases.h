#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"
#include "forecast/job.h"
#include "forecast/outages.h"
#include "forecast/schedule.h"

namespace fabrica::forecast {

/// What random jobs look like. Few different numbers make many things happen at one moment.
struct Kind {
  std::size_t jobs = 0;
  std::int32_t width = 0;  // of the machine
  std::int64_t gap_ms_max = 0;
  std::int64_t limit_ms_max = 0;
};

inline std::vector<Job> jobs_of(const Kind& kind, std::uint64_t seed) {
  Random random(seed);
  std::vector<Job> jobs;
  Time at;
  for (std::size_t number = 0; number < kind.jobs; ++number) {
    at = at + milliseconds(random.between(0, kind.gap_ms_max));
    Job job;
    job.submit = at;
    job.limit = milliseconds(random.between(1, kind.limit_ms_max));
    job.run = random.chance(1, 4) ? job.limit : milliseconds(random.between(0, job.limit.ms));
    const std::int32_t most = random.chance(1, 3) ? kind.width : std::max(1, kind.width / 4);
    job.width = static_cast<std::int32_t>(random.between(1, most));
    jobs.push_back(job);
  }
  return jobs;
}

/// Random outages while these jobs come and shortly after, sorted by when they begin.
inline std::vector<Outage> outages_of(const Kind& kind, std::size_t count, Random& random) {
  const std::int64_t span_ms =
      static_cast<std::int64_t>(kind.jobs) * kind.gap_ms_max + 2 * kind.limit_ms_max;
  std::vector<Outage> outages;
  for (std::size_t number = 0; number < count; ++number) {
    const Time from{random.between(-3, span_ms)};
    outages.push_back({from, from + milliseconds(random.between(1, kind.limit_ms_max)),
                       static_cast<std::int32_t>(random.between(1, kind.width))});
    if (random.chance(1, 4)) outages.back().width = kind.width;
  }
  std::ranges::sort(outages, {}, &Outage::from);
  return outages;
}

inline std::string text_of(const std::vector<Outage>& outages) {
  std::string text;
  for (const Outage& outage : outages) {
    text += fmt::format("from {} until {} out {}\n", outage.from.ms, outage.until.ms, outage.width);
  }
  return text;
}

inline std::string text_of(const std::vector<Job>& jobs) {
  std::string text;
  for (const Job& job : jobs) {
    text += fmt::format("submit {} run {} limit {} width {}\n", job.submit.ms, job.run.ms,
                        job.limit.ms, job.width);
  }
  return text;
}

inline std::string text_of(const std::vector<Time>& starts) {
  std::string text;
  for (const Time start : starts) text += fmt::format("{} ", start.ms);
  return text;
}

inline std::string text_of(const Schedule& made) {
  std::string text = text_of(made.starts);
  for (const LostRun& run : made.lost) {
    text += fmt::format("\nlost {} from {} until {}", run.job, run.from.ms, run.until.ms);
  }
  return text;
}

inline constexpr Scheduler schedulers[] = {Scheduler::easy, Scheduler::sjbf,
                                           Scheduler::conservative, Scheduler::fcfs};

}  // namespace fabrica::forecast
