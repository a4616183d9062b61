#include "forecast/shares.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "forecast/half_lives.h"

namespace fabrica::forecast {

namespace {

constexpr std::uint64_t weight_max = std::uint64_t{1} << 40U;
constexpr unsigned lower_by = 16;

}  // namespace

Shares::Shares(const PriorityRules& rules, std::span<const Job> jobs) : rules_(rules) {
  CHECK(valid(rules), "weights are not negative, and spans last");
  std::vector<std::uint32_t> names;
  for (const Job& job : jobs) names.push_back(job.user);
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  users_.resize(names.size());
  for (const Job& job : jobs) {
    const auto at = std::ranges::lower_bound(names, job.user) - names.begin();
    user_of_job_.push_back(static_cast<std::uint32_t>(at));
  }
  // Two to the power of period over half-life is twice what is left after the rest of one.
  const auto part =
      static_cast<std::uint64_t>((Wide(rules.period.ms) << 32U) / Wide(rules.half_life.ms));
  growth_q31_ = left_after_q32(one_q32 - part);
  if (!jobs.empty()) reckoned_ = now_ = jobs.front().submit;
}

bool Shares::advance(Time now) {
  now_ = now;
  const std::uint64_t before = period_;
  while (reckoned_ + rules_.period <= now) begin_period();
  return period_ != before;
}

void Shares::begin_period() {
  scale_ += Wide{weight_} * Wide(rules_.period.ms);
  weight_ = weight_ * growth_q31_ >> 31U;
  reckoned_ = reckoned_ + rules_.period;
  period_ += 1;
  if (weight_ >= weight_max) lower_weights();
}

void Shares::lower_weights() {
  const auto lower = [this](Usage& usage) {
    usage.used_at_period = usage.used = used_at_period(usage) >> lower_by;
    usage.until = 0;
    usage.period = period_;
  };
  std::ranges::for_each(users_, lower);
  lower(all_);
  weight_ >>= lower_by;
  scale_ = 0;
}

Shares::Wide Shares::used_at_period(const Usage& usage) const {
  return usage.period == period_ ? usage.used_at_period
                                 : usage.used + usage.running * (scale_ - usage.until);
}

// Counts what runs until now, and lets more or less run from then on.
void Shares::change(Usage& usage, std::uint64_t by) const {
  usage.used_at_period = used_at_period(usage);
  usage.period = period_;
  const Wide now = scale_ + Wide{weight_} * Wide((now_ - reckoned_).ms);
  usage.used += usage.running * (now - usage.until);
  usage.until = now;
  usage.running += by;
}

void Shares::started(JobIndex job, std::int32_t width) {
  change(users_[user_of_job_[job]], static_cast<std::uint64_t>(width));
  change(all_, static_cast<std::uint64_t>(width));
}

void Shares::ended(JobIndex job, std::int32_t width) {
  change(users_[user_of_job_[job]], std::uint64_t{0} - static_cast<std::uint64_t>(width));
  change(all_, std::uint64_t{0} - static_cast<std::uint64_t>(width));
}

std::int64_t Shares::factor_q20(JobIndex job) {
  Usage& usage = users_[user_of_job_[job]];
  if (usage.factor_period == period_) return usage.factor_q20;
  const Wide all = used_at_period(all_);
  const Wide own = used_at_period(usage);
  unsigned shift = 0;
  while ((all >> shift) > none) ++shift;
  constexpr Wide many = Wide{64} << 32U;
  const Wide parts_q32 = all == 0 ? 0 : ((own >> shift) * users_.size() << 32U) / (all >> shift);
  usage.factor_q20 = static_cast<std::int64_t>(
      left_after_q32(static_cast<std::uint64_t>(std::min(parts_q32, many))) >> 12U);
  usage.factor_period = period_;
  return usage.factor_q20;
}

}  // namespace fabrica::forecast
