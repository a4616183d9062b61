#include "forecast/shortest_queue.h"

#include <algorithm>

namespace fabrica::forecast {

ShortestQueue::Narrowest ShortestQueue::Narrowest::of(std::span<const std::int32_t> widths) {
  return {*std::min_element(widths.begin(), widths.end())};
}

void ShortestQueue::append(JobIndex job, const Job& properties) {
  const Key key{properties.limit, first_ + static_cast<std::uint32_t>(arrived_.size())};
  by_limit_.insert(by_limit_.lower_bound(key), key, properties.width);
  arrived_.push_back({job, true});
  size_ += 1;
}

void ShortestQueue::take(std::size_t at, const Job* properties) {
  const Duration limit = properties[arrived_[at].job].limit;
  by_limit_.erase(by_limit_.lower_bound({limit, first_ + static_cast<std::uint32_t>(at)}));
  arrived_[at].waits = false;
  size_ -= 1;
  while (head_ < arrived_.size() && !arrived_[head_].waits) head_ += 1;
  if (head_ == arrived_.size() || head_ > arrived_.size() / 2 + 1'000) {
    arrived_.erase(arrived_.begin(), arrived_.begin() + static_cast<std::ptrdiff_t>(head_));
    asked_ -= std::min(asked_, head_);
    first_ += static_cast<std::uint32_t>(head_);
    head_ = 0;
  }
}

void ShortestQueue::rewind() {
  all_ = true;
  cursor_ = {};
}

std::optional<JobIndex> ShortestQueue::next(const Gap& gap, const Job* properties) {
  std::optional<std::size_t> found;
  if (all_) {
    found = next_of_all(gap);
    if (!found) {
      all_ = false;
      asked_ = arrived_.size();
    }
  }
  // What came since is little: looked through once for each job that is found.
  for (std::size_t at = asked_; !all_ && at < arrived_.size(); ++at) {
    const Job& job = properties[arrived_[at].job];
    if (!arrived_[at].waits || !gap.admits(job.width, job.limit)) continue;
    if (!found || job.limit < properties[arrived_[*found].job].limit) found = at;
  }
  if (!found) {
    asked_ = arrived_.size();
    return std::nullopt;
  }
  const JobIndex job = arrived_[*found].job;
  take(*found, properties);
  return job;
}

// Up to the window's length whole blocks are passed over by the width that is free, beyond it by
// what the head leaves over.
std::optional<std::size_t> ShortestQueue::next_of_all(const Gap& gap) {
  auto place = by_limit_.lower_bound(cursor_);
  for (; place.block < by_limit_.blocks(); ++place.block, place.slot = 0) {
    const std::int32_t most =
        by_limit_.first(place.block).limit <= gap.window ? gap.free : gap.spare;
    if (by_limit_.summary(place.block).width > most) continue;
    const auto keys = by_limit_.keys(place.block);
    const auto widths = by_limit_.values(place.block);
    for (; place.slot < keys.size(); ++place.slot) {
      if (!gap.admits(widths[place.slot], keys[place.slot].limit)) continue;
      cursor_ = keys[place.slot];
      return cursor_.number - first_;
    }
  }
  return std::nullopt;
}

}  // namespace fabrica::forecast
