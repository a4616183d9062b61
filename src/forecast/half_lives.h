#pragma once

#include <array>
#include <cstdint>

namespace fabrica::forecast {

/// One, in fractions of 32 bits.
inline constexpr std::uint64_t one_q32 = std::uint64_t{1} << 32U;

/// The largest whole number whose square is not above this one.
constexpr std::uint64_t root_of(std::uint64_t square) {
  std::uint64_t root = 0;
  for (std::uint64_t bit = std::uint64_t{1} << 31U; bit != 0; bit >>= 1U) {
    const std::uint64_t tried = root | bit;
    if (tried * tried <= square) root = tried;
  }
  return root;
}

/// What is left of one after so many half-lives, two to the power of minus that, in whole numbers
/// alone: off by less than 2^-26 of itself for up to one half-life, and never more for more.
constexpr std::uint64_t left_after_q32(std::uint64_t half_lives_q32) {
  // After a half of a half-life the root of a half is left, after a quarter the root of that.
  constexpr auto parts = [] {
    std::array<std::uint64_t, 32> made{};
    std::uint64_t part = one_q32 / 2;
    for (std::uint64_t& one : made) one = part = root_of(part << 32U);
    return made;
  }();
  const std::uint64_t halvings = half_lives_q32 >> 32U;
  if (halvings >= 32) return 0;
  std::uint64_t left = one_q32;
  for (std::uint32_t part = 0; part < parts.size(); ++part) {
    if ((half_lives_q32 >> (31U - part) & 1U) != 0) left = left * parts[part] >> 32U;
  }
  return left >> halvings;
}

}  // namespace fabrica::forecast
