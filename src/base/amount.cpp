#include "base/amount.h"

#include <fmt/core.h>

#include "base/check.h"

namespace fabrica {

ComputeTime operator+(ComputeTime a, ComputeTime b) {
  std::int64_t sum = 0;
  CHECK(!__builtin_add_overflow(a.unit_ms_, b.unit_ms_, &sum), "compute time overflows");
  return ComputeTime{sum};
}

ComputeTime operator-(ComputeTime a, ComputeTime b) {
  std::int64_t difference = 0;
  CHECK(!__builtin_sub_overflow(a.unit_ms_, b.unit_ms_, &difference), "compute time overflows");
  return ComputeTime{difference};
}

std::optional<ComputeTime> compute_time(std::int64_t units, Duration duration) {
  std::int64_t product = 0;
  if (units < 0 || duration.ms < 0) return std::nullopt;
  if (__builtin_mul_overflow(units, duration.ms, &product)) return std::nullopt;
  if (ComputeTime{product} > amount_max) return std::nullopt;
  return ComputeTime{product};
}

std::optional<ComputeTime> exchange(ComputeTime amount, Rational rate) {
  if (rate.numerator <= 0 || rate.denominator <= 0) return std::nullopt;
  __extension__ using Wide = __int128;
  const Wide exact = static_cast<Wide>(amount.unit_ms()) * rate.numerator / rate.denominator;
  if (exact > amount_max.unit_ms() || exact < -amount_max.unit_ms()) return std::nullopt;
  return ComputeTime{static_cast<std::int64_t>(exact)};
}

std::string to_hours(ComputeTime amount) {
  const std::int64_t ms = amount.unit_ms();
  const std::uint64_t size =
      ms < 0 ? 0 - static_cast<std::uint64_t>(ms) : static_cast<std::uint64_t>(ms);
  const std::uint64_t thousandths = size / 3'600;
  return fmt::format("{}{}.{:03}", ms < 0 && thousandths != 0 ? "-" : "", thousandths / 1000,
                     thousandths % 1000);
}

Result<ComputeTime> parse_hours(std::string_view text) {
  const auto no = [&] {
    return refuse(
        refusal::invalid, "hours",
        fmt::format("\"{}\" is no number of hours: write digits and at most one point, such as "
                    "5000 or 0.25, up to {} hours.",
                    text.substr(0, 40), amount_max.unit_ms() / 3'600'000));
  };
  // Digits are summed in units of 10^-9 hours, so that the one rounding is the division at the end.
  __extension__ using Wide = __int128;
  Wide nano_hours = 0;
  int decimals = -1;
  if (text.empty() || text.size() > 20) return no();
  for (const char c : text) {
    if (c == '.' && decimals < 0) {
      decimals = 0;
    } else if (c >= '0' && c <= '9' && decimals < 9) {
      nano_hours = nano_hours * 10 + (c - '0');
      if (decimals >= 0) decimals += 1;
    } else {
      return no();
    }
  }
  if (decimals == 0 || text.front() == '.') return no();
  for (int i = decimals < 0 ? 0 : decimals; i < 9; ++i) nano_hours *= 10;
  const Wide unit_ms = nano_hours * 3'600'000 / 1'000'000'000;
  if (unit_ms > amount_max.unit_ms()) return no();
  return ComputeTime{static_cast<std::int64_t>(unit_ms)};
}

std::string_view hours_name(Unit unit) {
  switch (unit) {
    case Unit::gpu:
      return "GPU-hours";
    case Unit::node:
      return "node-hours";
    case Unit::core:
      return "core-hours";
  }
  CHECK(false, "unit outside its enum");
}

}  // namespace fabrica
