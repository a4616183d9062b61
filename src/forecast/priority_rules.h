#pragma once

#include <cstdint>

#include "base/time.h"

namespace fabrica::forecast {

/// How waiting jobs are ordered: by the sum of weight times factor, the highest first, of equal
/// ones the earlier arrival. As of Slurm's multifactor priority, the factors are
/// - age: how long it has waited, in parts of `age`. Unlike Slurm's this goes on growing after
/// that,
///   so that no job waits for ever;
/// - fair share: 2^-(u / s), where u is the user's part of all that was used, and s the user's
///   share, which is one of as many equal ones as the list of jobs has users. What was used counts
///   half as much a half-life later;
/// - size: the part of the machine that it takes;
/// and beside these
/// - wide: how long it has waited times the part of the machine that it takes, in parts of `age`,
///   at most one. So wide jobs, which find room rarely, come forward the sooner.
/// All are reckoned anew each period, counted from the first submit; a job that comes in between
/// counts with what its user had used by then.
///
/// With a weight for age no job is ever behind one that is submitted more than age_lead() after it:
/// see there.
struct PriorityRules {
  std::int64_t weight_age = 1'000;
  std::int64_t weight_fair_share = 1'000;
  std::int64_t weight_size = 0;
  std::int64_t weight_wide = 0;
  Duration age = days(7);
  Duration half_life = days(7);
  Duration period = minutes(5);
};

inline constexpr std::int64_t priority_weight_max = 1'000'000;

/// True when weights are between 0 and priority_weight_max, and a second <= period <= half-life,
/// age
/// <= 1,000 days.
constexpr bool valid(const PriorityRules& rules) {
  const auto weighs = [](std::int64_t weight) {
    return weight >= 0 && weight <= priority_weight_max;
  };
  const auto lasts = [](Duration span, Duration least) {
    return span >= least && span <= days(1'000);
  };
  return weighs(rules.weight_age) && weighs(rules.weight_fair_share) && weighs(rules.weight_size) &&
         weighs(rules.weight_wide) && lasts(rules.age, milliseconds(1)) &&
         lasts(rules.period, milliseconds(1)) && lasts(rules.half_life, rules.period);
}

/// By how much a job has to be older than another so that it is ahead of it whatever else they are;
/// never, when age has no weight.
constexpr Duration age_lead(const PriorityRules& rules) {
  if (rules.weight_age == 0) return {never.ms};
  const std::int64_t others = rules.weight_fair_share + rules.weight_size + rules.weight_wide;
  return {rules.age.ms / rules.weight_age * others +
          rules.age.ms % rules.weight_age * others / rules.weight_age + 1 + rules.period.ms};
}

}  // namespace fabrica::forecast
