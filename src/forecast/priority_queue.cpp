#include "forecast/priority_queue.h"

#include <algorithm>

namespace fabrica::forecast {

namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t one_q20 = std::int64_t{1} << 20U;
// Four thousand times the age at which others count as much: beyond this all are equally old.
constexpr std::int64_t ages_max_q20 = one_q20 << 12U;

}  // namespace

std::int64_t PriorityQueue::priority(JobIndex job, const Job& properties) {
  const std::int64_t waited_ms = std::max<std::int64_t>(0, (shares_.reckoned() - queued_[job]).ms);
  const auto ages_q20 = static_cast<std::int64_t>(
      std::min<Wide>(Wide{waited_ms} * one_q20 / rules_.age.ms, ages_max_q20));
  const std::int64_t size_q20 = properties.width * one_q20 / machine_width_;
  const std::int64_t wide_q20 = std::min(ages_q20 * properties.width / machine_width_, one_q20);
  std::int64_t sum =
      rules_.weight_age * ages_q20 + rules_.weight_size * size_q20 + rules_.weight_wide * wide_q20;
  if (rules_.weight_fair_share > 0) sum += rules_.weight_fair_share * shares_.factor_q20(job);
  return sum;
}

void PriorityQueue::append(JobIndex job, const Job& properties) {
  queued_[job] = shares_.now();
  const Key key{priority(job, properties), arrivals_++, job};
  candidates_.insert(key, properties.width, properties.limit);
  fresh_.push_back(key);
}

bool PriorityQueue::reorder(const Job* properties) {
  if (!stale_) return false;
  stale_ = false;
  order_.clear();
  candidates_.each([this](const Key& key) { order_.push_back(key); });
  for (Key& key : order_) key.priority = priority(key.job, properties[key.job]);
  std::ranges::sort(order_);
  candidates_.clear();
  for (const Key& key : order_)
    candidates_.insert(key, properties[key.job].width, properties[key.job].limit);
  return true;
}

std::optional<JobIndex> PriorityQueue::next(const Gap& gap, const Job* properties) {
  std::optional<Key> found;
  if (all_) {
    found = candidates_.first_from(from_, gap);
    all_ = found.has_value();
    if (found) {
      from_ = *found;
    } else {
      fresh_.clear();
    }
  } else {
    found = next_fresh(gap, properties);
  }
  if (!found) return std::nullopt;
  candidates_.erase(*found);
  return found->job;
}

// What came since is little: looked through once for each job that is found.
std::optional<PriorityQueue::Key> PriorityQueue::next_fresh(const Gap& gap, const Job* properties) {
  auto best = fresh_.end();
  for (auto at = fresh_.begin(); at != fresh_.end(); ++at) {
    const Job& job = properties[at->job];
    if (gap.admits(job.width, job.limit) && (best == fresh_.end() || *at < *best)) best = at;
  }
  if (best == fresh_.end()) {
    fresh_.clear();
    return std::nullopt;
  }
  const Key found = *best;
  fresh_.erase(best);
  return found;
}

}  // namespace fabrica::forecast
