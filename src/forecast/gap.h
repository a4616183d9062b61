#pragma once

#include <cstdint>
#include <span>

#include "base/time.h"

namespace fabrica::forecast {

/// Who lasts longer than this must not be wider than that.
struct Narrowing {
  Duration longer_than;
  std::int32_t width = 0;
};

/// What a job must be to start now without delaying the head of the queue: not wider than `free`,
/// and either over within `window` or not wider than `spare`, which is what the head leaves over
/// and no more than `free`. On a machine of which something will be out there is more to it:
/// `later`, sorted by length, the widths falling, all of them smaller than `spare`; it refers to
/// what made the gap.
struct Gap {
  std::int32_t free = 0;
  std::int32_t spare = 0;
  Duration window;
  std::span<const Narrowing> later = {};

  bool admits(std::int32_t width, Duration limit) const {
    return width <= (limit <= window ? free : spare) && (later.empty() || outlasts(width, limit));
  }

 private:
  bool outlasts(std::int32_t width, Duration limit) const {
    for (const Narrowing& one : later) {
      if (limit <= one.longer_than) return true;
      if (width > one.width) return false;
    }
    return true;
  }
};

}  // namespace fabrica::forecast
