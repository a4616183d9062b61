#include "sbatch/hostlist.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "sbatch/amounts.h"
#include "sbatch/text.h"

namespace fabrica::sbatch {
namespace {

constexpr std::uint64_t hosts_max = std::uint64_t{limits::nodes_max} + 1;
constexpr std::uint64_t host_number_max = 1'000'000'000'000;

/// How many numbers "1-4,7" stands for, zero when it is no such list.
std::uint64_t numbers_in(std::string_view list) {
  std::uint64_t count = 0;
  const bool good = for_each_part(list, ',', [&](std::string_view part) {
    bool ranged = false;
    std::string_view end = part;
    const auto first = parse_digits(cut(end, '-', ranged), host_number_max);
    const auto last = ranged ? parse_digits(end, host_number_max) : first;
    if (!first || !last || *last < *first) return false;
    count = std::min(count + (*last - *first + 1), hosts_max);
    return true;
  });
  return good ? count : 0;
}

bool is_host_character(char c) {
  return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
}

/// How many hosts the name at the beginning of `rest` stands for, zero when it is none; cuts it
/// off.
std::uint64_t take_host(std::string_view& rest) {
  std::uint64_t hosts = 1;
  std::size_t at = 0;
  while (at < rest.size() && rest[at] != ',') {
    if (rest[at] == '[') {
      const std::size_t close = rest.find(']', at);
      if (close == std::string_view::npos) return 0;
      hosts = std::min(hosts * numbers_in(rest.substr(at + 1, close - at - 1)), hosts_max);
      at = close + 1;
    } else if (is_host_character(rest[at])) {
      ++at;
    } else {
      return 0;
    }
  }
  if (at == 0) return 0;
  rest.remove_prefix(at);
  return hosts;
}

/// The hosts of the whole list, zero when it is not one.
std::uint64_t count_hosts(std::string_view rest) {
  std::uint64_t hosts = 0;
  while (true) {
    const std::uint64_t more = take_host(rest);
    if (more == 0) return 0;
    hosts = std::min(hosts + more, hosts_max);
    if (rest.empty()) return hosts;
    rest.remove_prefix(1);
  }
}

}  // namespace

Result<std::string> parse_hostlist(std::string_view text) {
  if (text.find('/') != std::string_view::npos) {
    return invalid(fmt::format("\"{}\" names a file, which the server cannot read.", text));
  }
  if (count_hosts(text) == 0) return invalid(fmt::format("\"{}\" is not a list of nodes.", text));
  return std::string(text);
}

std::uint64_t hosts_in(std::string_view hostlist) { return count_hosts(hostlist); }

}  // namespace fabrica::sbatch
