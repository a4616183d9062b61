#include "sbatch/array.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "sbatch/amounts.h"
#include "sbatch/text.h"

namespace fabrica::sbatch {
namespace {

Result<std::uint32_t> read_index(std::string_view text, std::string_view part) {
  const auto index = parse_digits(text, limits::array_index_max);
  if (index) return static_cast<std::uint32_t>(*index);
  if (!text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos) {
    return invalid(
        fmt::format("\"{}\" is above {}, the highest task number.", text, limits::array_index_max));
  }
  return invalid(fmt::format("\"{}\" is not a task number or a range of them.", part));
}

/// "7", "0-9", "0-9:3".
Result<ArrayRange> read_range(std::string_view part) {
  bool stepped = false;
  bool ranged = false;
  std::string_view step = part;
  const std::string_view ends = cut(step, ':', stepped);
  std::string_view last = ends;
  const std::string_view first = cut(last, '-', ranged);
  ArrayRange range;
  TRY(range.first, read_index(first, part));
  range.last = range.first;
  if (ranged) {
    TRY(range.last, read_index(last, part));
  }
  if (stepped) {
    if (!ranged) return invalid(fmt::format("\"{}\" has a step but is no range.", part));
    TRY(range.step, read_index(step, part));
  }
  if (range.last < range.first) {
    return invalid(fmt::format("\"{}\" ends below its beginning.", part));
  }
  if (range.step == 0) return invalid(fmt::format("\"{}\" has a step of zero.", part));
  return range;
}

std::uint64_t tasks_in(const ArrayRange& range) {
  return std::uint64_t{(range.last - range.first) / range.step} + 1;
}

/// Cuts "%5" out of the text, wherever it stands, as Slurm does ("1-3%2,7").
Result<std::uint32_t> take_limit(std::string_view text, std::string& ranges) {
  const std::size_t at = text.find('%');
  if (at == std::string_view::npos) {
    ranges = text;
    return 0;
  }
  const std::size_t end = std::min(text.find(',', at), text.size());
  const std::string_view number = text.substr(at + 1, end - at - 1);
  const auto limit = parse_digits(number, limits::array_index_max);
  if (!limit) {
    return invalid(fmt::format("\"%{}\" is not a number of tasks at a time.", number));
  }
  ranges = std::string(text.substr(0, at)) + std::string(text.substr(end));
  return static_cast<std::uint32_t>(*limit);
}

}  // namespace

Result<ArraySpec> parse_array(std::string_view text) {
  ArraySpec array;
  std::string ranges;
  TRY(array.at_once, take_limit(text, ranges));
  std::string_view rest = ranges;
  if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);
  std::optional<Refusal> refused;
  std::uint64_t tasks = 0;
  for_each_part(rest, ',', [&](std::string_view part) {
    Result<ArrayRange> range = read_range(part);
    if (!range) {
      refused = std::move(range).error();
      return false;
    }
    tasks += tasks_in(*range);
    array.ranges.push_back(*range);
    return tasks <= limits::array_tasks_max;
  });
  if (refused) return std::unexpected(*std::move(refused));
  if (tasks > limits::array_tasks_max) {
    return refuse(refusal::too_many, "",
                  fmt::format("\"{}\" has more than {} tasks, the most an array may have.", text,
                              limits::array_tasks_max));
  }
  return array;
}

std::vector<std::uint32_t> tasks_of(const ArraySpec& array) {
  std::vector<std::uint32_t> tasks;
  for (const ArrayRange& range : array.ranges) {
    for (std::uint64_t task = range.first; task <= range.last; task += range.step) {
      tasks.push_back(static_cast<std::uint32_t>(task));
    }
  }
  std::ranges::sort(tasks);
  const auto repeated = std::ranges::unique(tasks);
  tasks.erase(repeated.begin(), repeated.end());
  return tasks;
}

std::string to_string(const ArraySpec& array) {
  std::string text;
  for (const ArrayRange& range : array.ranges) {
    if (!text.empty()) text += ',';
    text += fmt::format("{}", range.first);
    if (range.last != range.first) text += fmt::format("-{}", range.last);
    if (range.last != range.first && range.step != 1) text += fmt::format(":{}", range.step);
  }
  if (array.at_once != 0) text += fmt::format("%{}", array.at_once);
  return text;
}

bool is_chain(const ArraySpec& array) { return array.at_once == 1 && tasks_of(array).size() > 1; }

}  // namespace fabrica::sbatch
