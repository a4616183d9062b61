#include "sbatch/amounts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/limits.h"
#include "sbatch/text.h"

namespace fabrica::sbatch {
namespace {

/// Numbers up to this are multiplied below without overflow, and are above every limit.
constexpr std::uint64_t part_max = 1'000'000'000'000;

std::unexpected<Refusal> not_a_time(std::string_view text) {
  if (!text.empty() && text.front() == '-') {
    return invalid(fmt::format("\"{}\" is negative.", text));
  }
  return invalid(fmt::format("\"{}\" is not a time.", text));
}

/// Up to three numbers separated by colons; false when something else is written.
bool read_clock(std::string_view text, std::array<std::uint64_t, 3>& parts, std::size_t& count) {
  count = 0;
  return for_each_part(text, ':', [&](std::string_view part) {
    const auto number = parse_digits(part, part_max);
    if (!number || count == parts.size()) return false;
    parts[count++] = *number;
    return true;
  });
}

/// Minutes to seconds by what stands beside a number: without days the first of two is minutes, the
/// first of three hours; after days the first is always hours.
std::uint64_t clock_seconds(const std::array<std::uint64_t, 3>& parts, std::size_t count,
                            bool after_days) {
  if (after_days) return parts[0] * 3600 + parts[1] * 60 + parts[2];
  if (count == 1) return parts[0] * 60;
  if (count == 2) return parts[0] * 60 + parts[1];
  return parts[0] * 3600 + parts[1] * 60 + parts[2];
}

struct Scaled {
  std::uint64_t number = 0;
  std::string_view unit;
};

/// A number, after blanks and a plus sign at most, and what follows it.
std::optional<Scaled> split_unit(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) ++digits;
  const auto number =
      parse_digits(text.substr(0, digits), std::numeric_limits<std::uint64_t>::max());
  if (!number) return std::nullopt;
  return Scaled{*number, text.substr(digits)};
}

std::string_view without_outer_spaces(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

Result<std::uint32_t> parse_node_number(std::string_view text) {
  const auto scaled = split_unit(without_outer_spaces(text));
  if (!scaled) return invalid(fmt::format("\"{}\" is not a number of nodes.", text));
  std::uint64_t factor = 1;
  if (equal_in_any_case(scaled->unit, "k")) {
    factor = 1024;
  } else if (equal_in_any_case(scaled->unit, "m")) {
    factor = std::uint64_t{1024} * 1024;
  } else if (!scaled->unit.empty()) {
    return invalid(fmt::format("\"{}\" is not a number of nodes.", text));
  }
  if (scaled->number == 0) return invalid("A job needs at least one node.");
  if (scaled->number > limits::nodes_max / factor) {
    return invalid(fmt::format("\"{}\" is more than {} nodes, the most a job may have.", text,
                               limits::nodes_max));
  }
  return static_cast<std::uint32_t>(scaled->number * factor);
}

Result<std::uint32_t> parse_number(std::string_view text, std::uint64_t least) {
  std::string_view digits = text;
  while (!digits.empty() && is_space(digits.front())) digits.remove_prefix(1);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  const auto number = parse_digits(digits, std::numeric_limits<std::uint64_t>::max());
  if (!number || *number < least) {
    return invalid(fmt::format("\"{}\" is not a whole number of at least {}.", text, least));
  }
  if (*number > limits::tasks_max) {
    return invalid(
        fmt::format("\"{}\" is more than {}, the most that is taken.", text, limits::tasks_max));
  }
  return static_cast<std::uint32_t>(*number);
}

}  // namespace

std::optional<std::uint64_t> parse_digits(std::string_view text, std::uint64_t most) {
  std::uint64_t number = 0;
  if (text.empty()) return std::nullopt;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (number > (most - std::min(digit, most)) / 10) return std::nullopt;
    number = number * 10 + digit;
  }
  return number <= most ? std::optional(number) : std::nullopt;
}

Result<TimeLimit> parse_time_limit(std::string_view text) {
  if (equal_in_any_case(text, "unlimited") || equal_in_any_case(text, "infinite")) {
    return TimeLimit{};
  }
  std::string_view clock = text;
  bool after_days = false;
  const std::string_view before_dash = cut(clock, '-', after_days);
  std::uint64_t seconds = 0;
  if (after_days) {
    const auto count = parse_digits(before_dash, part_max);
    if (!count) return not_a_time(text);
    seconds = *count * 86'400;
  } else {
    clock = text;
  }
  std::array<std::uint64_t, 3> parts{};
  std::size_t count = 0;
  // "1-" is one day.
  if (!(after_days && clock.empty()) && !read_clock(clock, parts, count)) return not_a_time(text);
  seconds += clock_seconds(parts, count, after_days);
  const std::uint64_t minutes = (seconds + 59) / 60;
  if (minutes == 0) return TimeLimit{};
  const auto most = static_cast<std::uint64_t>(limits::job_time_max.ms / 60'000);
  if (minutes > most) {
    return invalid(
        fmt::format("\"{}\" is more than {} days, the longest a job may run.", text, most / 1440));
  }
  return TimeLimit{Duration{static_cast<std::int64_t>(minutes) * 60'000}};
}

std::string to_string(const TimeLimit& limit) {
  return limit.span ? to_clock(*limit.span) : "UNLIMITED";
}

Result<Memory> parse_memory(std::string_view text) {
  const auto scaled = split_unit(text);
  if (!scaled) {
    const bool fraction = text.find_first_of(".,") != std::string_view::npos;
    return invalid(fraction ? fmt::format("\"{}\" is not a whole number.", text)
                            : fmt::format("\"{}\" is not an amount of memory.", text));
  }
  std::string_view unit = scaled->unit;
  if (unit.size() == 2 && to_lower(unit[1]) == 'b') unit.remove_suffix(1);
  std::uint64_t mib = scaled->number;
  std::uint64_t factor = 1;
  if (equal_in_any_case(unit, "k")) {
    mib = mib / 1024 + (mib % 1024 != 0 ? 1 : 0);
  } else if (equal_in_any_case(unit, "g")) {
    factor = 1024;
  } else if (equal_in_any_case(unit, "t")) {
    factor = std::uint64_t{1024} * 1024;
  } else if (!unit.empty() && !equal_in_any_case(unit, "m")) {
    if (unit.starts_with('.') || unit.starts_with(',')) {
      return invalid(fmt::format("\"{}\" is not a whole number.", text));
    }
    return invalid(fmt::format("\"{}\" has no unit that Slurm knows.", text));
  }
  if (mib > limits::memory_mib_per_node_max / factor) {
    return invalid(fmt::format("\"{}\" is more than {} TiB, the most that is taken.", text,
                               limits::memory_mib_per_node_max >> 20U));
  }
  return Memory{mib * factor};
}

Result<NodeCount> parse_nodes(std::string_view text) {
  std::string_view high = text;
  bool range = false;
  const std::string_view low = cut(high, '-', range);
  if (!range) {
    TRY(const std::uint32_t nodes, parse_node_number(text));
    return NodeCount{nodes, nodes};
  }
  NodeCount count;
  if (!low.empty()) {
    TRY(count.min, parse_node_number(low));
  }
  TRY(count.max, parse_node_number(high));
  if (count.max < count.min) {
    return invalid(fmt::format("\"{}\" ends below its beginning.", text));
  }
  return count;
}

Result<std::uint32_t> parse_count(std::string_view text) { return parse_number(text, 1); }

Result<std::uint32_t> parse_count_or_zero(std::string_view text) { return parse_number(text, 0); }

}  // namespace fabrica::sbatch
