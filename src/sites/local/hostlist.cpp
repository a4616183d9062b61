#include "sites/local/hostlist.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

namespace fabrica::sites::local {

namespace {

constexpr std::size_t digits_max = 9;

std::unexpected<Refusal> refuse_list(std::string_view list, std::string_view why) {
  return refuse(refusal::invalid, "", fmt::format("The host list '{}' is wrong: {}", list, why));
}

// Cuts the text up to the next comma outside of brackets off `rest`.
std::string_view next_entry(std::string_view& rest) {
  std::size_t end = 0;
  bool inside = false;
  while (end < rest.size() && (inside || rest[end] != ',')) {
    if (rest[end] == '[') inside = true;
    if (rest[end] == ']') inside = false;
    ++end;
  }
  const std::string_view entry = rest.substr(0, end);
  rest.remove_prefix(std::min(rest.size(), end + 1));
  return entry;
}

std::optional<std::uint32_t> whole_number(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && text.size() <= digits_max ? std::optional(number) : std::nullopt;
}

// "01-03" or "7": appends each number, as wide as the first is written.
bool add_range(std::string_view range, std::vector<std::string>& numbers) {
  const std::size_t dash = range.find('-');
  const std::string_view first = range.substr(0, dash);
  const std::string_view last = dash == std::string_view::npos ? first : range.substr(dash + 1);
  const auto from = whole_number(first);
  const auto to = whole_number(last);
  if (!from || !to || *from > *to || *to - *from >= hosts_max) return false;
  for (std::uint32_t number = *from; number <= *to; ++number) {
    numbers.push_back(fmt::format("{:0{}}", number, first.size()));
  }
  return true;
}

// Every number of "[01-03,7]" without its brackets; empty when it is wrong.
std::vector<std::string> numbers_in(std::string_view ranges) {
  std::vector<std::string> numbers;
  while (!ranges.empty()) {
    const std::string_view range = ranges.substr(0, ranges.find(','));
    ranges.remove_prefix(std::min(ranges.size(), range.size() + 1));
    if (numbers.size() > hosts_max || !add_range(range, numbers)) return {};
  }
  return numbers;
}

// "rack[1-2]node[1-3]-ib": the names of one entry, brackets from left to right.
Result<std::vector<std::string>> expand_entry(std::string_view entry, std::string_view list) {
  std::vector<std::string> names{""};
  while (!entry.empty()) {
    const std::string_view plain = entry.substr(0, entry.find_first_of("[]"));
    for (std::string& name : names) name += plain;
    entry.remove_prefix(plain.size());
    if (entry.empty()) break;
    const std::size_t end = entry.find(']');
    if (entry.front() != '[' || end == std::string_view::npos) {
      return refuse_list(list, "a bracket has no partner.");
    }
    const std::vector<std::string> numbers = numbers_in(entry.substr(1, end - 1));
    if (numbers.empty()) return refuse_list(list, "write ranges as [1-3,7].");
    if (names.size() * numbers.size() > hosts_max) {
      return refuse_list(list, fmt::format("it has more than {} names.", hosts_max));
    }
    std::vector<std::string> longer;
    longer.reserve(names.size() * numbers.size());
    for (const std::string& name : names) {
      for (const std::string& number : numbers) longer.push_back(name + number);
    }
    names = std::move(longer);
    entry.remove_prefix(end + 1);
  }
  return names;
}

}  // namespace

Result<std::vector<std::string>> expand_hostlist(std::string_view list) {
  std::vector<std::string> hosts;
  std::string_view rest = list;
  while (!rest.empty()) {
    const std::string_view entry = next_entry(rest);
    if (entry.empty()) return refuse_list(list, "a name is missing between two commas.");
    TRY(const std::vector<std::string> names, expand_entry(entry, list));
    if (hosts.size() + names.size() > hosts_max) {
      return refuse_list(list, fmt::format("it has more than {} names.", hosts_max));
    }
    hosts.insert(hosts.end(), names.begin(), names.end());
  }
  return hosts;
}

}  // namespace fabrica::sites::local
