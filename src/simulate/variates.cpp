#include "simulate/variates.h"

#include <algorithm>

#include "base/check.h"

namespace fabrica::simulate {

Fixed exponential(Random& random) { return ln_2 * (Fixed::of(64) - log2_of(random.next() | 1U)); }

Fixed normal(Random& random) {
  constexpr std::int64_t side = std::int64_t{1} << 31U;
  for (;;) {
    // A point in a square; those within the circle are kept. Their coordinates have 31 binary
    // places, so that the square of the distance is exact with 62.
    const std::int64_t x = random.between(-side, side - 1);
    const std::int64_t y = random.between(-side, side - 1);
    const std::uint64_t square =
        static_cast<std::uint64_t>(x * x) + static_cast<std::uint64_t>(y * y);
    if (square == 0 || square >= std::uint64_t{1} << 62U) continue;
    const auto distance = static_cast<std::int64_t>(root_of(square));
    const Fixed cosine = Fixed::ratio(x, std::max<std::int64_t>(distance, 1));
    const Fixed twice_log = (Fixed::of(62) - log2_of(square)) * ln_2 * Fixed::of(2);
    return cosine * sqrt(twice_log);
  }
}

Fixed gamma(Random& random, Fixed shape) {
  CHECK(shape >= Fixed::of(1), "a shape that the method is for");
  const Fixed d = shape - Fixed::ratio(1, 3);
  const Fixed c = Fixed::of(1) / sqrt(Fixed::of(9) * d);
  for (;;) {
    const Fixed x = normal(random);
    const Fixed root = Fixed::of(1) + c * x;
    if (root.raw <= 0) continue;
    const Fixed v = root * root * root;
    if (v.raw <= 0) continue;
    const Fixed log_v = log2(v) * ln_2;
    const Fixed bound = x * x * Fixed::ratio(1, 2) + d * (Fixed::of(1) - v + log_v);
    if (-exponential(random) < bound) return d * v;
  }
}

WeightedDraw::WeightedDraw(const std::vector<std::uint64_t>& weights) {
  std::uint64_t sum = 0;
  for (const std::uint64_t weight : weights) {
    sum += weight;
    sums_.push_back(sum);
  }
  CHECK(sum > 0, "something can be chosen");
}

std::size_t WeightedDraw::draw(Random& random) const {
  const std::uint64_t at = random.below(sums_.back());
  return static_cast<std::size_t>(std::ranges::upper_bound(sums_, at) - sums_.begin());
}

}  // namespace fabrica::simulate
