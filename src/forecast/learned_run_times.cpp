#include "forecast/learned_run_times.h"

#include <algorithm>

namespace fabrica::forecast {

std::array<LearnedRunTimes::Likeness, 3> LearnedRunTimes::likenesses(const Job& job) {
  return {Likeness{job.user, job.limit.ms}, Likeness{job.user, any_limit},
          Likeness{anybody, job.limit.ms}};
}

std::optional<std::int64_t> LearnedRunTimes::Recent::mean_ms_above(std::int64_t elapsed_ms,
                                                                   std::int64_t limit_ms) const {
  std::int64_t sum_ms = 0;
  std::int64_t count = 0;
  for (std::size_t at = 0; at < std::min<std::size_t>(ended, runs_kept); ++at) {
    const std::int64_t run_ms = std::min(runs_ms[at], limit_ms);
    if (run_ms <= elapsed_ms) continue;
    sum_ms += run_ms;
    count += 1;
  }
  if (count == 0) return std::nullopt;
  return sum_ms / count;  // above elapsed_ms, since each of them is
}

Duration LearnedRunTimes::expected(const Job& job, Duration elapsed) const {
  bool outlived = false;
  for (const Likeness& likeness : likenesses(job)) {
    const auto known = recent_.find(likeness);
    if (known == recent_.end()) continue;
    const auto mean_ms = known->second.mean_ms_above(elapsed.ms, job.limit.ms);
    if (mean_ms) return milliseconds(*mean_ms);
    outlived = true;
  }
  return corrected(outlived ? elapsed : job.limit, job, elapsed);
}

void LearnedRunTimes::ended(const Job& job) {
  for (const Likeness& likeness : likenesses(job)) {
    if (recent_.size() >= lists_max && !recent_.contains(likeness)) continue;
    Recent& recent = recent_[likeness];
    recent.runs_ms[recent.ended % runs_kept] = job.run.ms;
    recent.ended += 1;
  }
}

}  // namespace fabrica::forecast
