#pragma once

#include <compare>
#include <cstdint>

namespace fabrica::simulate {

/// A number with 32 binary places, above -2^31 and below 2^31: what made workloads are computed
/// with. Logarithms and powers of <cmath> differ between machines, these do not. Products and
/// quotients are rounded down.
struct Fixed {
  std::int64_t raw = 0;  // in 2^-32

  static constexpr Fixed of(std::int64_t whole) { return {whole * one_raw}; }
  /// numerator / denominator, such as 6.57 as ratio(657, 100).
  static constexpr Fixed ratio(std::int64_t numerator, std::int64_t denominator) {
    return {static_cast<std::int64_t>(Wide{numerator} * one_raw / denominator)};
  }
  constexpr std::int64_t floor() const { return raw >> 32U; }

  friend constexpr auto operator<=>(Fixed, Fixed) = default;
  friend constexpr Fixed operator-(Fixed a) { return {-a.raw}; }
  friend constexpr Fixed operator+(Fixed a, Fixed b) { return {a.raw + b.raw}; }
  friend constexpr Fixed operator-(Fixed a, Fixed b) { return {a.raw - b.raw}; }
  friend constexpr Fixed operator*(Fixed a, Fixed b) {
    return {static_cast<std::int64_t>(Wide{a.raw} * b.raw >> 32U)};
  }
  friend constexpr Fixed operator/(Fixed a, Fixed b) {
    return {static_cast<std::int64_t>(Wide{a.raw} * one_raw / b.raw)};
  }

 private:
  __extension__ using Wide = __int128;
  static constexpr std::int64_t one_raw = std::int64_t{1} << 32U;
};

inline constexpr Fixed ln_2{2'977'044'472};    // of 2, to the base e
inline constexpr Fixed log2_e{6'196'328'019};  // of e, to the base 2

/// The logarithm to the base 2 of a whole number above zero, off by at most 2^-30.
Fixed log2_of(std::uint64_t number);

/// The same of a number above zero.
inline Fixed log2(Fixed x) { return log2_of(static_cast<std::uint64_t>(x.raw)) - Fixed::of(32); }

/// 2 to the power of x < 31, off by at most a 2^-30th of it or 2^-32; zero for x < -33.
Fixed exp2(Fixed x);

/// The root of a number that is not below zero, rounded down.
Fixed sqrt(Fixed x);

/// The root of a whole number, rounded down.
std::uint64_t root_of(std::uint64_t number);

}  // namespace fabrica::simulate
