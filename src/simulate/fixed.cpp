#include "simulate/fixed.h"

#include <array>
#include <bit>
#include <cstddef>

#include "base/check.h"

namespace fabrica::simulate {

namespace {

__extension__ using WideNumber = unsigned __int128;

// Bit by bit, from the highest that may be set.
constexpr std::uint64_t root_below(WideNumber number, unsigned highest_bit) {
  std::uint64_t root = 0;
  for (std::uint64_t bit = std::uint64_t{1} << highest_bit; bit != 0; bit >>= 1U) {
    const std::uint64_t tried = root | bit;
    if (WideNumber{tried} * tried <= number) root = tried;
  }
  return root;
}

// 2 to the power of 1/2, 1/4, 1/8 and so on, each with 62 binary places.
constexpr auto powers = [] {
  std::array<std::uint64_t, 32> made{};
  std::uint64_t power = std::uint64_t{2} << 62U;
  for (std::uint64_t& one : made) {
    power = root_below(WideNumber{power} << 62U, 63);
    one = power;
  }
  return made;
}();

}  // namespace

// Squaring doubles the logarithm, so that its places come out one after the other.
Fixed log2_of(std::uint64_t number) {
  CHECK(number > 0, "a logarithm of a number above zero");
  const int whole = static_cast<int>(std::bit_width(number)) - 1;
  std::uint64_t mantissa = number << (63 - whole);  // from 1 to below 2, 63 binary places
  std::int64_t raw = whole;
  for (int place = 0; place < 32; ++place) {
    const WideNumber square = WideNumber{mantissa} * mantissa >> 63U;
    const bool above_two = (square >> 64U) != 0;
    mantissa = static_cast<std::uint64_t>(above_two ? square >> 1U : square);
    raw = raw * 2 + (above_two ? 1 : 0);
  }
  return {raw};
}

Fixed exp2(Fixed x) {
  CHECK(x < Fixed::of(31), "a power that has room");
  const std::int64_t whole = x.floor();
  if (whole < -33) return {};
  std::uint64_t power = std::uint64_t{1} << 62U;
  for (std::size_t place = 0; place < powers.size(); ++place) {
    if ((static_cast<std::uint64_t>(x.raw) >> (31U - place) & 1U) == 0) continue;
    power = static_cast<std::uint64_t>(WideNumber{power} * powers[place] >> 62U);
  }
  return {static_cast<std::int64_t>(power >> static_cast<unsigned>(30 - whole))};
}

std::uint64_t root_of(std::uint64_t number) { return root_below(number, 31); }

Fixed sqrt(Fixed x) {
  CHECK(x.raw >= 0, "a root of a number that is not below zero");
  const WideNumber number = WideNumber{static_cast<std::uint64_t>(x.raw)} << 32U;
  return {static_cast<std::int64_t>(root_below(number, 47))};
}

}  // namespace fabrica::simulate
