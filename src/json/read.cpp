#include "json/read.h"

#include <fmt/format.h>

namespace fabrica::json::detail {

namespace {

constexpr std::int64_t year_0_ms = -62'167'219'200'000;     // 0000-01-01T00:00:00.000Z
constexpr std::int64_t year_9999_ms = 253'402'300'799'999;  // 9999-12-31T23:59:59.999Z

constexpr auto hex_values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(16);
  for (std::uint8_t i = 0; i < 16; ++i) {
    values[static_cast<unsigned char>("0123456789abcdef"[i])] = i;
    values[static_cast<unsigned char>("0123456789ABCDEF"[i])] = i;
  }
  return values;
}();

// 16 digits.
bool hex_word(std::string_view digits, std::uint64_t& word) {
  unsigned all = 0;
  word = 0;
  for (const char c : digits) {
    const std::uint8_t value = hex_values[static_cast<unsigned char>(c)];
    all |= value;
    word = word << 4U | value;
  }
  return all < 16;
}

}  // namespace

bool read_integer(Element element, std::int64_t& value) {
  if (element.kind() != Kind::integer) return false;
  value = element.integer();
  return true;
}

bool read_integer(Element element, std::uint64_t& value) {
  if (element.kind() == Kind::large_integer) {
    value = element.large_integer();
    return true;
  }
  if (element.kind() != Kind::integer || element.integer() < 0) return false;
  value = static_cast<std::uint64_t>(element.integer());
  return true;
}

bool read_double(Element element, double& value) {
  switch (element.kind()) {
    case Kind::real:
      value = element.real();
      return true;
    case Kind::integer:
      value = static_cast<double>(element.integer());
      return true;
    case Kind::large_integer:
      value = static_cast<double>(element.large_integer());
      return true;
    default:
      return false;
  }
}

// An offset can move a time out of the years that can be written again.
bool read_time(Element element, Time& time) {
  if (!element.is_string()) return false;
  const auto read = parse_time(element.string());
  if (!read || read->ms < year_0_ms || read->ms > year_9999_ms) return false;
  time = read->ms == year_9999_ms ? never : *read;
  return true;
}

bool read_hex(Element element, std::uint64_t& high, std::uint64_t& low) {
  if (!element.is_string()) return false;
  const std::string_view text = element.string();
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  if (text.size() != 32 || !hex_word(text.substr(0, 16), first) ||
      !hex_word(text.substr(16), second)) {
    return false;
  }
  high = first;
  low = second;
  return true;
}

std::string whole_number(std::int64_t low, std::uint64_t high) {
  return fmt::format("a whole number from {} to {}", low, high);
}

std::string one_of(const std::vector<std::string_view>& names) {
  if (names.size() == 1) return shown(names.front());
  // Long lists are cut: the reference documentation has them all.
  constexpr std::size_t shown_max = 24;
  std::string text = "one of ";
  for (std::size_t i = 0; i < names.size() && i < shown_max; ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += shown(names[i]);
  }
  if (names.size() > shown_max) text += fmt::format(" or {} more", names.size() - shown_max);
  return text;
}

std::string wrong_count(std::size_t wanted, std::size_t found) {
  return fmt::format("Give {} entries in this list: found {}.", wanted, found);
}

std::string wrong_key(std::string_view expected, std::string_view found) {
  return fmt::format("Name this member by {}: found {}.", expected, shown(found));
}

std::string wrong_type(std::string_view expected, std::string_view found) {
  return fmt::format("Give {} as \"type\": found {}.", expected, shown(found));
}

}  // namespace fabrica::json::detail
