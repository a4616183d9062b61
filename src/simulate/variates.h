#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "simulate/fixed.h"

/// Random numbers of some distributions, in whole-number arithmetic: a seed gives the same ones on
/// every machine.
namespace fabrica::simulate {

/// From 0 to below 1, all equally likely.
inline Fixed uniform(Random& random) { return {static_cast<std::int64_t>(random.next() >> 32U)}; }

/// True with this probability.
inline bool happens(Random& random, Fixed probability) { return uniform(random) < probability; }

/// Exponential with mean 1; at most 44.4.
Fixed exponential(Random& random);

/// Normal with mean 0 and deviation 1, by the polar method (Marsaglia and Bray, 1964).
Fixed normal(Random& random);

/// Gamma with shape >= 1 and scale 1, by the method of Marsaglia and Tsang ("A simple method for
/// generating gamma variables", ACM TOMS 26, 2000). Shapes up to 10,000.
Fixed gamma(Random& random, Fixed shape);

/// Whole numbers from 0 on, of which number k is as likely as its weight is large.
class WeightedDraw {
 public:
  /// At least one weight is above zero; their sum is below 2^63.
  explicit WeightedDraw(const std::vector<std::uint64_t>& weights);
  std::size_t draw(Random& random) const;

 private:
  std::vector<std::uint64_t> sums_;
};

}  // namespace fabrica::simulate
