#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace fabrica {

/// A span of time in milliseconds.
struct Duration {
  std::int64_t ms = 0;

  friend constexpr auto operator<=>(Duration, Duration) = default;
  friend constexpr Duration operator+(Duration a, Duration b) { return {a.ms + b.ms}; }
  friend constexpr Duration operator-(Duration a, Duration b) { return {a.ms - b.ms}; }
  friend constexpr Duration operator*(Duration a, std::int64_t n) { return {a.ms * n}; }
};

constexpr Duration milliseconds(std::int64_t n) { return {n}; }
constexpr Duration seconds(std::int64_t n) { return {n * 1000}; }
constexpr Duration minutes(std::int64_t n) { return {n * 60'000}; }
constexpr Duration hours(std::int64_t n) { return {n * 3'600'000}; }
constexpr Duration days(std::int64_t n) { return {n * 86'400'000}; }

/// A moment: milliseconds since 1970-01-01T00:00:00 UTC, without leap seconds. Nothing below the
/// drivers reads a clock; time always comes in as an argument.
struct Time {
  std::int64_t ms = 0;

  friend constexpr auto operator<=>(Time, Time) = default;
  friend constexpr Time operator+(Time a, Duration d) { return {a.ms + d.ms}; }
  friend constexpr Time operator-(Time a, Duration d) { return {a.ms - d.ms}; }
  friend constexpr Duration operator-(Time a, Time b) { return {a.ms - b.ms}; }
};

inline constexpr Time never{std::numeric_limits<std::int64_t>::max()};

/// RFC 3339 in UTC with milliseconds: "2026-11-22T14:48:00.000Z". For years 0000 to 9999.
std::string to_string(Time time);

/// Reads RFC 3339 ("2026-11-22T14:48:00Z", an optional fraction, "Z" or "+01:00"); nothing
/// otherwise.
std::optional<Time> parse_time(std::string_view text);

/// The same day and time `months` >= 0 calendar months later in UTC; a day that the month lacks
/// becomes its last day.
Time add_months(Time time, std::int64_t months);

/// Slurm's own form of a span: "1-02:03:04", without days "02:03:04"; rounded up to a second.
std::string to_clock(Duration duration);

}  // namespace fabrica
