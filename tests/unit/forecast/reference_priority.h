#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "base/time.h"
#include "forecast/half_lives.h"
#include "forecast/job.h"
#include "forecast/priority_rules.h"

namespace fabrica::forecast {

/// Priorities by definition alone: every period goes through every run.
class ReferencePriority {
 public:
  ReferencePriority(const PriorityRules& rules, std::int32_t machine_width,
                    const std::vector<Job>& jobs)
      : rules_(rules), machine_width_(machine_width), jobs_(jobs) {
    if (!jobs.empty()) reckoned_ = jobs.front().submit;
    for (const Job& job : jobs) used_[job.user] = 0;
  }

  /// All before now has been said.
  void advance(Time now) {
    for (; reckoned_ + rules_.period <= now; reckoned_ = reckoned_ + rules_.period) {
      for (const Run& run : runs_) {
        const Time from = std::max(run.from, reckoned_);
        const Time until = std::min(run.until, reckoned_ + rules_.period);
        if (from < until) used_[jobs_[run.job].user] += weighted(until - from, run.job);
      }
      weight_ = weight_ * growth_q31() >> 31U;
      if (weight_ < std::uint64_t{1} << 40U) continue;
      weight_ >>= 16U;
      for (auto& [user, used] : used_) used >>= 16U;
    }
  }
  void started(JobIndex job, Time now) { runs_.push_back({job, now, never}); }
  void ended(JobIndex job, Time now) {
    for (Run& run : runs_) {
      if (run.job == job && run.until == never) run.until = now;
    }
  }

  std::int64_t of(JobIndex number, Time queued) const {
    const Job& job = jobs_[number];
    constexpr std::int64_t one = 1 << 20;
    const std::int64_t ages = std::min(
        std::max<std::int64_t>(0, (reckoned_ - queued).ms) * one / rules_.age.ms, one * 4'096);
    return rules_.weight_age * ages + rules_.weight_fair_share * fair_share(job.user) +
           rules_.weight_size * (job.width * one / machine_width_) +
           rules_.weight_wide * std::min(ages * job.width / machine_width_, one);
  }

 private:
  __extension__ using Wide = unsigned __int128;

  struct Run {
    JobIndex job = 0;
    Time from;
    Time until;
  };

  std::uint64_t growth_q31() const {
    const auto part = static_cast<std::uint64_t>(rules_.period.ms) * one_q32 /
                      static_cast<std::uint64_t>(rules_.half_life.ms);
    return left_after_q32(one_q32 - part);
  }
  Wide weighted(Duration span, JobIndex job) const {
    return Wide{weight_} * static_cast<std::uint64_t>(span.ms) *
           static_cast<std::uint64_t>(jobs_[job].width);
  }
  std::int64_t fair_share(std::uint32_t user) const {
    Wide all = 0;
    for (const auto& [name, used] : used_) all += used;
    if (all == 0) return 1 << 20;
    Wide own = used_.at(user);
    for (; all >> 64U != 0; all >>= 1U) own >>= 1U;
    const Wide parts = std::min((own * used_.size() << 32U) / all, Wide{64} << 32U);
    return static_cast<std::int64_t>(left_after_q32(static_cast<std::uint64_t>(parts)) >> 12U);
  }

  PriorityRules rules_;
  std::int32_t machine_width_;
  const std::vector<Job>& jobs_;
  std::map<std::uint32_t, Wide> used_;
  std::vector<Run> runs_;
  std::uint64_t weight_ = std::uint64_t{1} << 24U;
  Time reckoned_;
};

}  // namespace fabrica::forecast
