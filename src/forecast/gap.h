#pragma once

#include <cstdint>

#include "base/time.h"

namespace fabrica::forecast {

/// What a job must be to start now without delaying the head of the queue: not wider than `free`,
/// and either over within `window` or not wider than `spare`, which is what the head leaves over
/// and no more than `free`.
struct Gap {
  std::int32_t free = 0;
  std::int32_t spare = 0;
  Duration window;

  bool admits(std::int32_t width, Duration limit) const {
    return width <= (limit <= window ? free : spare);
  }
};

}  // namespace fabrica::forecast
