#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/describe.h"
#include "base/result.h"
#include "base/time.h"

namespace fabrica {

/// What a partition bills in. Amounts of different units never add: an account holds one unit.
enum class Unit : std::uint8_t { gpu, node, core };
FABRICA_DESCRIBE_ENUM(Unit, gpu, node, core)

/// An exact fraction with a positive denominator, for rates between units.
struct Rational {
  std::int64_t numerator = 1;
  std::int64_t denominator = 1;

  friend constexpr auto operator<=>(const Rational&, const Rational&) = default;
};
FABRICA_DESCRIBE(Rational, numerator, denominator)

/// Time of one billing unit in milliseconds: 3,600,000 is one GPU-hour in an account of unit gpu.
/// Arithmetic goes through the functions here and ends the process on overflow: an amount that
/// wrapped would be a bug that creates compute time.
class ComputeTime {
 public:
  constexpr ComputeTime() = default;
  explicit constexpr ComputeTime(std::int64_t unit_ms) : unit_ms_(unit_ms) {}

  constexpr std::int64_t unit_ms() const { return unit_ms_; }

  friend constexpr auto operator<=>(ComputeTime, ComputeTime) = default;
  friend ComputeTime operator+(ComputeTime a, ComputeTime b);
  friend ComputeTime operator-(ComputeTime a, ComputeTime b);
  ComputeTime& operator+=(ComputeTime other) { return *this = *this + other; }
  ComputeTime& operator-=(ComputeTime other) { return *this = *this - other; }
  constexpr ComputeTime operator-() const { return ComputeTime{-unit_ms_}; }

 private:
  std::int64_t unit_ms_ = 0;
};

/// Largest amount that one command may name, either sign: 10^15 unit-milliseconds, about 277
/// million unit-hours. Sums of 9,000 such amounts still fit in 64 bits.
inline constexpr ComputeTime amount_max{1'000'000'000'000'000};

/// `units` billing units held for `duration`; nothing when that is negative or above amount_max.
std::optional<ComputeTime> compute_time(std::int64_t units, Duration duration);

/// `amount` at `rate`, rounded once, towards zero; nothing when the result is above amount_max or
/// the rate is not positive.
std::optional<ComputeTime> exchange(ComputeTime amount, Rational rate);

/// Hours with three decimals for people: "5000.000". Rounded towards zero.
std::string to_hours(ComputeTime amount);

/// Reads a decimal number of hours ("5000", "0.25"), exact to the millisecond; refuses what is not
/// one.
Result<ComputeTime> parse_hours(std::string_view text);

/// "GPU-hours", "node-hours", "core-hours".
std::string_view hours_name(Unit unit);

/// An amount of money in minor units (cents) of an ISO 4217 currency.
struct Money {
  std::int64_t minor_units = 0;
  std::string currency;

  friend auto operator<=>(const Money&, const Money&) = default;
};
FABRICA_DESCRIBE(Money, minor_units, currency)

}  // namespace fabrica
