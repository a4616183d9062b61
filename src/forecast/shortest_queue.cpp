#include "forecast/shortest_queue.h"

#include <algorithm>

namespace fabrica::forecast {

ShortestQueue::Narrowest ShortestQueue::Narrowest::of(std::span<const std::int32_t> widths) {
  return {*std::min_element(widths.begin(), widths.end())};
}

void ShortestQueue::append(JobIndex job, const Job& properties) {
  if (job >= waits_.size()) waits_.resize(std::size_t{job} + 1 + waits_.size() / 2, 0);
  waits_[job] = 1;
  arrived_.push_back(job);
  const Key key{properties.limit, job};
  by_limit_.insert(by_limit_.lower_bound(key), key, properties.width);
  size_ += 1;
}

void ShortestQueue::take(JobIndex job, const Job& properties) {
  by_limit_.erase(by_limit_.lower_bound({properties.limit, job}));
  waits_[job] = 0;
  size_ -= 1;
  while (head_ < arrived_.size() && waits_[arrived_[head_]] == 0) head_ += 1;
  if (head_ == arrived_.size() || head_ > arrived_.size() / 2 + 1'000) {
    arrived_.erase(arrived_.begin(), arrived_.begin() + static_cast<std::ptrdiff_t>(head_));
    asked_ -= std::min(asked_, head_);
    head_ = 0;
  }
}

void ShortestQueue::rewind() {
  all_ = true;
  cursor_ = {};
}

std::optional<JobIndex> ShortestQueue::next(const Gap& gap, const Job* properties) {
  if (all_) {
    if (const auto found = next_of_all(gap)) {
      take(*found, properties[*found]);
      return found;
    }
    all_ = false;
    asked_ = arrived_.size();
  }
  // What came since is little: looked through once for each job that is found.
  std::optional<JobIndex> found;
  for (std::size_t at = asked_; at < arrived_.size(); ++at) {
    const JobIndex job = arrived_[at];
    if (waits_[job] == 0 || !gap.admits(properties[job].width, properties[job].limit)) continue;
    if (!found || properties[job].limit < properties[*found].limit) found = job;
  }
  if (found) {
    take(*found, properties[*found]);
  } else {
    asked_ = arrived_.size();
  }
  return found;
}

// Up to the window's length whole blocks are passed over by the width that is free, beyond it by
// what the head leaves over.
std::optional<JobIndex> ShortestQueue::next_of_all(const Gap& gap) {
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
      return cursor_.job;
    }
  }
  return std::nullopt;
}

}  // namespace fabrica::forecast
