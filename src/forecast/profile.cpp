#include "forecast/profile.h"

#include <algorithm>

namespace fabrica::forecast {

Profile::Sum Profile::Sum::of(std::span<const std::int32_t> changes) {
  Sum sum{0, changes[0], changes[0]};
  for (const std::int32_t change : changes) {
    sum.all += change;
    sum.lowest = std::min(sum.lowest, sum.all);
    sum.highest = std::max(sum.highest, sum.all);
  }
  return sum;
}

void Profile::drop_passed() {
  const auto moments = changes_.keys(0);
  const auto changes = changes_.values(0);
  std::uint32_t passed = 0;
  while (passed < moments.size() && moments[passed] <= now_) free_now_ += changes[passed++];
  changes_.erase({0, 0}, passed);
}

Profile::Room Profile::first_room(std::int32_t width) const {
  std::int32_t free = free_now_;
  if (free >= width) return {now_, free};
  for (std::size_t block = 0; block < changes_.blocks(); ++block) {
    const Sum& sum = changes_.summary(block);
    if (free + sum.highest < width) {
      free += sum.all;
      continue;
    }
    const auto changes = changes_.values(block);
    std::size_t at = 0;
    while ((free += changes[at]) < width) ++at;
    return {changes_.keys(block)[at], free};
  }
  return {never, free};
}

Time Profile::earliest(std::int32_t width, Duration length, Time before) const {
  std::int32_t free = free_now_;
  Time since = free >= width ? now_ : never;  // since when there is room, never: there is none
  for (std::size_t block = 0; block < changes_.blocks(); ++block) {
    if (changes_.first(block) >= before) break;
    if (since != never && changes_.first(block) - since >= length) return since;
    const Sum& sum = changes_.summary(block);
    if (since != never ? free + sum.lowest >= width : free + sum.highest < width) {
      free += sum.all;
      continue;
    }
    const auto moments = changes_.keys(block);
    const auto changes = changes_.values(block);
    for (std::size_t at = 0; at < moments.size() && moments[at] < before; ++at) {
      if (since != never && moments[at] - since >= length) return since;
      free += changes[at];
      if (free < width) {
        since = never;
      } else if (since == never) {
        since = moments[at];
      }
    }
  }
  return std::min(since, before);
}

}  // namespace fabrica::forecast
