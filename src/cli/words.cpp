#include "cli/words.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/amount.h"
#include "base/time.h"

namespace fabrica::cli {

namespace {

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

// Marks that stand on the character before them, and what is invisible (Unicode, general categories
// Mn and Cf), for the scripts of Europe.
constexpr auto no_columns = std::to_array<Range>({{0x0300, 0x036F},
                                                  {0x0483, 0x0489},
                                                  {0x1AB0, 0x1AFF},
                                                  {0x1DC0, 0x1DFF},
                                                  {0x200B, 0x200F},
                                                  {0x202A, 0x202E},
                                                  {0x2060, 0x2064},
                                                  {0x20D0, 0x20FF},
                                                  {0xFE00, 0xFE0F},
                                                  {0xFE20, 0xFE2F},
                                                  {0xFEFF, 0xFEFF}});

// Two columns (Unicode Standard Annex 11, wide and fullwidth), in broad strokes.
constexpr auto two_columns = std::to_array<Range>({{0x1100, 0x115F},
                                                   {0x2E80, 0x303E},
                                                   {0x3041, 0xA4CF},
                                                   {0xAC00, 0xD7A3},
                                                   {0xF900, 0xFAFF},
                                                   {0xFE30, 0xFE6F},
                                                   {0xFF00, 0xFF60},
                                                   {0xFFE0, 0xFFE6},
                                                   {0x1F300, 0x1F64F},
                                                   {0x1F900, 0x1F9FF},
                                                   {0x20000, 0x3FFFD}});

template <std::size_t Size>
bool within(const std::array<Range, Size>& ranges, std::uint32_t character) {
  return std::ranges::any_of(ranges, [&](const Range& range) {
    return character >= range.first && character <= range.last;
  });
}

// Takes one character off the front; a byte that is no UTF-8 is a character of its own.
std::uint32_t take_character(std::string_view& text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char first = byte(0);
  std::size_t size = 1;
  std::uint32_t character = first;
  if (first >= 0xF0 && first < 0xF8) {
    size = 4;
    character = first & 0x07U;
  } else if (first >= 0xE0 && first < 0xF0) {
    size = 3;
    character = first & 0x0FU;
  } else if (first >= 0xC0 && first < 0xE0) {
    size = 2;
    character = first & 0x1FU;
  }
  if (size > text.size()) size = 1;
  for (std::size_t at = 1; at < size; ++at) character = character << 6U | (byte(at) & 0x3FU);
  text.remove_prefix(size);
  return character;
}

}  // namespace

std::size_t display_width(std::string_view utf8) {
  std::size_t width = 0;
  while (!utf8.empty()) {
    const std::uint32_t character = take_character(utf8);
    if (within(no_columns, character)) continue;
    width += within(two_columns, character) ? 2 : 1;
  }
  return width;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::string_view before = text;
    const std::uint32_t character = take_character(text);
    if (character == '\n' || character == '\t') {
      out += ' ';
    } else if (character < 0x20 || (character >= 0x7F && character < 0xA0)) {
      out += '?';
    } else {
      out += before.substr(0, before.size() - text.size());
    }
  }
  return out;
}

std::string hours_text(std::int64_t unit_ms) { return to_hours(ComputeTime{unit_ms}); }

std::string unit_hours(std::string_view unit) {
  Unit known = Unit::gpu;
  if (value_of(unit, known)) return std::string(hours_name(known));
  return std::string(unit) + "-hours";
}

std::string hours_with_unit(std::int64_t unit_ms, std::string_view unit) {
  return fmt::format("{} {}", hours_text(unit_ms), unit_hours(unit));
}

std::string moment_text(std::string_view rfc3339) {
  const std::optional<Time> time = parse_time(rfc3339);
  if (!time) return printable(rfc3339);
  const std::string text = to_string(*time);  // 2026-11-22T14:48:00.000Z
  return text.substr(0, 10) + " " + text.substr(11, 8) + "Z";
}

std::string day_text(std::string_view rfc3339) {
  const std::optional<Time> time = parse_time(rfc3339);
  return time ? to_string(*time).substr(0, 10) : printable(rfc3339);
}

std::string bytes_text(std::int64_t bytes) {
  constexpr std::array<std::string_view, 5> units{"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double amount = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (amount >= 1024 && unit + 1 < units.size()) {
    amount /= 1024;
    unit += 1;
  }
  return fmt::format("{:.1f} {}", amount, units[unit]);
}

std::string span_text(std::int64_t ms) {
  if (ms < 60'000) return fmt::format("{}.{} s", ms / 1000, ms % 1000 / 100);
  return to_clock(milliseconds(ms));
}

std::string span_between(const json::Value& from, const json::Value& to) {
  const std::optional<Time> start = parse_time(from.text());
  const std::optional<Time> end = parse_time(to.text());
  if (!start || !end) return {};
  return span_text((*end - *start).ms);
}

std::int64_t number_in(const json::Value& value, std::string_view name) {
  return value.get(name).as_int().value_or(0);
}

std::string spaced(std::string_view word) {
  std::string text(word);
  std::ranges::replace(text, '_', ' ');
  return text;
}

std::optional<std::uint64_t> number_of(std::string_view text, std::string_view prefix) {
  if (text.starts_with(prefix) && text.substr(prefix.size()).starts_with('-')) {
    text.remove_prefix(prefix.size() + 1);
  }
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number == 0) return std::nullopt;
  return number;
}

}  // namespace fabrica::cli
