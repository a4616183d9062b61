#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "base/time.h"
#include "forecast/blocks.h"

namespace fabrica::forecast {

/// How much of a machine is free from now on: a step function of time. Running jobs take until
/// their requested ends; planned ones, reservations and maintenance take over a span. Kept as
/// changes at moments, so that to take or give back touches two places, however long the span.
class Profile {
 public:
  /// All of a machine of this width is free, from the beginning of time on.
  explicit Profile(std::int32_t width) : free_now_(width) {}

  /// Makes this moment now, which never goes back: what changes until then, then included, has
  /// changed. Returns whether what is free now has grown.
  bool advance(Time now) {
    now_ = now;
    const std::int32_t before = free_now_;
    while (!changes_.empty() && changes_.first(0) <= now) drop_passed();
    return free_now_ > before;
  }

  std::int32_t free_now() const { return free_now_; }

  /// So much more (or, below zero, less) is free from this moment on; a moment that is past means
  /// now.
  void change(Time at, std::int32_t by) {
    if (at <= now_) {
      free_now_ += by;
      return;
    }
    const auto place = changes_.lower_bound(at);
    if (!changes_.has(place, at)) return changes_.insert(place, at, by);
    std::int32_t& there = changes_.value(place);
    there += by;
    if (there == 0) changes_.erase(place);
  }

  void take(Time from, Time until, std::int32_t width) {
    change(from, -width);
    change(until, width);
  }
  void give_back(Time from, Time until, std::int32_t width) { take(from, until, -width); }

  struct Room {
    Time at;
    std::int32_t free = 0;
  };
  /// The first moment at which so much is free, and how much that is. Where everything is given
  /// back in the end there is one, if the machine is that wide; otherwise `at` is never.
  Room first_room(std::int32_t width) const;

  /// Calls `fall(moment, free)` for each moment at which less becomes free than ever was from now
  /// until then.
  template <class Fall>
  void each_fall(Fall&& fall) const;

  /// Whether more is taken at some time, now or later, than there is.
  bool overdrawn() const {
    std::int32_t least = free_now_;
    each_fall([&](Time /*at*/, std::int32_t free) { least = free; });
    return least < 0;
  }

  /// The earliest start before `before` of so much for so long, where what comes at `before` and
  /// later is room already: a job that is planned for then asks whether it can be moved ahead. The
  /// answer `before` means that there is none.
  Time earliest(std::int32_t width, Duration length, Time before = never) const;

 private:
  struct Sum {
    std::int32_t all = 0;
    std::int32_t lowest = 0;   // of the sums of the first 1, 2, … changes
    std::int32_t highest = 0;  // likewise
    static Sum of(std::span<const std::int32_t> changes);
  };

  void drop_passed();

  Blocks<Time, std::int32_t, Sum> changes_;
  Time now_{std::numeric_limits<std::int64_t>::min()};
  std::int32_t free_now_;
};

template <class Fall>
void Profile::each_fall(Fall&& fall) const {
  std::int32_t free = free_now_;
  std::int32_t least = free;
  for (std::size_t block = 0; block < changes_.blocks(); ++block) {
    const Sum& sum = changes_.summary(block);
    if (free + sum.lowest >= least) {
      free += sum.all;
      continue;
    }
    const auto moments = changes_.keys(block);
    const auto changes = changes_.values(block);
    for (std::size_t at = 0; at < moments.size(); ++at) {
      free += changes[at];
      if (free >= least) continue;
      least = free;
      fall(moments[at], free);
    }
  }
}

}  // namespace fabrica::forecast
