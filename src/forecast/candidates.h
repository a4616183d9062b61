#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>

#include "base/time.h"
#include "forecast/blocks.h"
#include "forecast/gap.h"

namespace fabrica::forecast {

/// Waiting jobs in the order of their keys, which differ, asked for the first that fits a gap.
template <class Key>
class Candidates {
 public:
  std::size_t size() const { return size_; }

  /// Of those that wait; there must be one.
  const Key& first() const { return waiting_.first(0); }

  /// Calls `each(key)` in their order.
  template <class Each>
  void each(Each&& each) const {
    for (std::size_t block = 0; block < waiting_.blocks(); ++block) {
      for (const Key& key : waiting_.keys(block)) each(key);
    }
  }

  void clear() {
    waiting_.clear();
    size_ = 0;
  }

  void insert(const Key& key, std::int32_t width, Duration limit) {
    waiting_.insert(waiting_.lower_bound(key), key, {limit, width});
    size_ += 1;
  }

  /// The key must be there.
  void erase(const Key& key) {
    waiting_.erase(waiting_.lower_bound(key));
    size_ -= 1;
  }

  /// The first from this key on that the gap admits.
  std::optional<Key> first_from(const Key& from, const Gap& gap) const {
    auto place = waiting_.lower_bound(from);
    for (; place.block < waiting_.blocks(); ++place.block, place.slot = 0) {
      const Least& least = waiting_.summary(place.block);
      if (!gap.admits(least.width, least.limit)) continue;
      const auto jobs = waiting_.values(place.block);
      for (; place.slot < jobs.size(); ++place.slot) {
        if (gap.admits(jobs[place.slot].width, jobs[place.slot].limit))
          return waiting_.keys(place.block)[place.slot];
      }
    }
    return std::nullopt;
  }

 private:
  struct Asked {
    Duration limit;
    std::int32_t width = 0;
  };
  struct Least {
    Duration limit;
    std::int32_t width = 0;

    static Least of(std::span<const Asked> jobs) {
      Least least{jobs[0].limit, jobs[0].width};
      for (const Asked& job : jobs) {
        least.limit = std::min(least.limit, job.limit);
        least.width = std::min(least.width, job.width);
      }
      return least;
    }
  };

  Blocks<Key, Asked, Least> waiting_;
  std::size_t size_ = 0;
};

}  // namespace fabrica::forecast
