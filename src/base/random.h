#pragma once

#include <cstdint>

#include "base/check.h"

namespace fabrica {

/// The project's own random numbers: the same seed gives the same numbers on every machine and with
/// every compiler, which <random>'s distributions do not promise. SplitMix64 (Steele, Lea, Flood:
/// "Fast splittable pseudorandom number generators", OOPSLA 2014). Not for secrets.
class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }

  /// A number in [0, bound), each equally likely; bound > 0.
  std::uint64_t below(std::uint64_t bound) {
    CHECK(bound > 0, "an empty range has no number in it");
    __extension__ using Wide = unsigned __int128;
    // Lemire's multiplication, with the rejection that makes it exact.
    Wide product = static_cast<Wide>(next()) * bound;
    if (static_cast<std::uint64_t>(product) < bound) {
      const std::uint64_t threshold = (0 - bound) % bound;
      while (static_cast<std::uint64_t>(product) < threshold) {
        product = static_cast<Wide>(next()) * bound;
      }
    }
    return static_cast<std::uint64_t>(product >> 64U);
  }

  /// A number in [low, high], both included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    CHECK(low <= high, "an empty range has no number in it");
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  }

  /// True `numerator` times out of `denominator`.
  bool chance(std::uint64_t numerator, std::uint64_t denominator) {
    return below(denominator) < numerator;
  }

  /// A generator of its own, so that one part's draws do not move another's.
  Random split() { return Random{next()}; }

 private:
  std::uint64_t state_;
};

}  // namespace fabrica
