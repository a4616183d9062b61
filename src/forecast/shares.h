#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"
#include "forecast/job.h"
#include "forecast/priority_rules.h"

namespace fabrica::forecast {

/// What each user of a machine has used, and the fair-share factors that follow from it. Instead of
/// letting what was used decay, what is used later counts more: only ratios matter, and so nothing
/// has to be done for users for whom nothing changes. All in whole numbers: a period counts 2^24
/// times at first and in each period more, rounded down; as soon as that is 2^40 times, it and all
/// that was used is divided by 2^16, rounded down.
class Shares {
 public:
  Shares(const PriorityRules& rules, std::span<const Job> jobs);

  /// Makes this moment now. True when a period has begun since it was asked last.
  bool advance(Time now);

  Time now() const { return now_; }
  /// The begin of the period of now.
  Time reckoned() const { return reckoned_; }

  void started(JobIndex job, std::int32_t width);
  void ended(JobIndex job, std::int32_t width);

  /// The factor of the job's user as of `reckoned()`, of 2^20.
  std::int64_t factor_q20(JobIndex job);

 private:
  __extension__ using Wide = unsigned __int128;

  struct Usage {
    Wide used = 0;
    Wide until = 0;             // on the scale of weighted time, counted so far
    Wide used_at_period = 0;    // when `period` began
    std::uint64_t period = 0;   // the last one in which something changed
    std::uint64_t running = 0;  // how wide what runs is
    std::int64_t factor_q20 = 0;
    std::uint64_t factor_period = none;  // of which that is the factor
  };
  static constexpr std::uint64_t none = static_cast<std::uint64_t>(-1);

  void begin_period();
  void lower_weights();
  void change(Usage& usage, std::uint64_t by) const;
  Wide used_at_period(const Usage& usage) const;

  PriorityRules rules_;
  std::vector<std::uint32_t> user_of_job_;
  std::vector<Usage> users_;
  Usage all_;
  std::uint64_t growth_q31_;  // of the weight from one period to the next
  std::uint64_t weight_ = std::uint64_t{1} << 24U;
  Wide scale_ = 0;  // weighted milliseconds until the period began
  std::uint64_t period_ = 0;
  Time reckoned_;
  Time now_;
};

}  // namespace fabrica::forecast
