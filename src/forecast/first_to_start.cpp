#include "forecast/first_to_start.h"

#include <algorithm>
#include <numeric>

namespace fabrica::forecast {

FirstToStart::FirstToStart(std::span<const std::int32_t> widths, const Job* jobs, Asks asks)
    : jobs_(jobs), order_(widths.size()), asks_(asks) {
  for (const std::int32_t width : widths) places_.push_back({FleetSite(width), nobody, 0});
  std::iota(order_.begin(), order_.end(), 0U);
}

void FirstToStart::order_sites() {
  if (asks_ == Asks::in_order) return;
  std::ranges::sort(order_, {}, [&](std::uint32_t number) {
    return std::pair(places_[number].site.free(), number);
  });
}

// The head while it fits, then those that do not delay it.
JobIndex FirstToStart::next_for(Place& place) {
  const std::int32_t width = place.site.width();
  const auto head = candidates_.first_from(0, {width, width, {}});
  if (!head) return nobody;
  if (jobs_[*head].width <= place.site.free()) return *head;
  if (*head != place.head) {
    place.head = *head;
    place.site.protect(jobs_[*head].width);
  }
  if (place.site.take_change(now_)) place.asked = *head + 1;
  const auto found = candidates_.first_from(place.asked, place.site.gap(now_));
  place.asked = found ? *found + 1 : arrived_;
  return found.value_or(nobody);
}

}  // namespace fabrica::forecast
