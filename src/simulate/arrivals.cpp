#include "simulate/arrivals.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace fabrica::simulate {

Cycle::Cycle(std::vector<Fixed> weights, std::int64_t part_s)
    : weights_(std::move(weights)), part_s_(part_s) {
  std::int64_t sum = 0;
  for (const Fixed weight : weights_) {
    CHECK(weight.raw >= 0, "a weight is not below zero");
    sum += weight.raw;
  }
  CHECK(sum > 0, "something arrives");
  const Fixed mean{std::max<std::int64_t>(sum / static_cast<std::int64_t>(weights_.size()), 1)};
  Fixed begin_s;
  for (Fixed& weight : weights_) {
    weight = weight / mean;
    begins_s_.push_back(begin_s);
    begin_s = begin_s + weight * Fixed::of(part_s);
  }
}

Cycle Cycle::of_week(const std::vector<std::uint32_t>& hours,
                     const std::vector<std::uint32_t>& days) {
  CHECK((hours.empty() || hours.size() == 24) && (days.empty() || days.size() == 7),
        "a day has 24 hours and a week 7 days");
  const auto share = [](const std::vector<std::uint32_t>& weights, std::size_t at) {
    if (weights.empty()) return Fixed::of(1);
    return Fixed::ratio(weights[at], std::max<std::uint32_t>(std::ranges::max(weights), 1));
  };
  std::vector<Fixed> weights;
  for (std::size_t day = 0; day < 7; ++day) {
    for (std::size_t hour = 0; hour < 24; ++hour) {
      weights.push_back(share(hours, hour) * share(days, day));
    }
  }
  return {std::move(weights), 3'600};
}

std::int64_t Cycle::at_ms(std::int64_t even_ms) const {
  const std::int64_t cycle_ms = static_cast<std::int64_t>(weights_.size()) * part_s_ * 1'000;
  const Fixed within_s = Fixed::ratio(even_ms % cycle_ms, 1'000);
  const auto next = std::ranges::upper_bound(begins_s_, within_s);
  const auto part = static_cast<std::size_t>(next - begins_s_.begin()) - 1;
  const Fixed since_s = (within_s - begins_s_[part]) / std::max(weights_[part], Fixed{1});
  const std::int64_t part_ms = part_s_ * 1'000;
  const Fixed nearest_ms =
      std::min(since_s, Fixed::of(part_s_)) * Fixed::of(1'000) + Fixed::ratio(1, 2);
  return even_ms / cycle_ms * cycle_ms + static_cast<std::int64_t>(part) * part_ms +
         std::min(nearest_ms.floor(), part_ms - 1);
}

}  // namespace fabrica::simulate
