#include "sbatch/gres.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "sbatch/amounts.h"
#include "sbatch/text.h"

namespace fabrica::sbatch {
namespace {

constexpr std::uint64_t gres_count_max = std::uint64_t{1} << 60U;

/// Letters, digits and what type names hold: "a100_1g.5gb", "h100-80", "mi250".
bool is_word(std::string_view text) {
  for (const char c : text) {
    if (!is_letter(c) && !is_digit(c) && c != '_' && c != '.' && c != '-' && c != '+') return false;
  }
  return !text.empty() && text.front() != '-' && text.front() != '+' && text.front() != '.';
}

/// A number such as "2" or "1.5" or "-3", which cannot be a type's name.
bool looks_like_number(std::string_view text) {
  return text.find_first_not_of("0123456789.+-") == std::string_view::npos;
}

/// "4", "2k"; nothing when it is not a number of that form.
std::optional<std::uint64_t> read_count(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) ++digits;
  const auto number = parse_digits(text.substr(0, digits), gres_count_max);
  const std::string_view unit = text.substr(digits);
  if (!number || unit.size() > 1) return std::nullopt;
  if (unit.empty()) return number;
  const std::size_t power = std::string_view("kmgtp").find(to_lower(unit.front()));
  if (power == std::string_view::npos) return std::nullopt;
  const std::size_t shift = 10 * (power + 1);
  if (*number > (gres_count_max >> shift)) return std::nullopt;
  return *number << shift;
}

struct TypeAndCount {
  std::string_view type;
  std::uint64_t count = 1;
};

/// "", "4", "a100", "a100:4": what may follow a resource's name.
Result<TypeAndCount> read_type_and_count(std::string_view text) {
  TypeAndCount read;
  if (text.empty()) return invalid("A count is missing.");
  bool both = false;
  std::string_view second = text;
  const std::string_view first = cut(second, ':', both);
  const auto count = read_count(both ? second : first);
  if (both && !count) return invalid(fmt::format("\"{}\" is not a count.", second));
  if (count) read.count = *count;
  if (both || !count) read.type = first;
  if (both && read.type.empty()) return invalid("A type is missing between the colons.");
  if (!read.type.empty() && (!is_word(read.type) || looks_like_number(read.type))) {
    return invalid(fmt::format("\"{}\" is neither a count nor a type.", first));
  }
  return read;
}

Result<Gres> read_gres(std::string_view part) {
  if (part.starts_with("gres:")) part.remove_prefix(5);  // as Slurm itself prints it
  bool more = false;
  std::string_view rest = part;
  const std::string_view name = cut(rest, ':', more);
  if (!is_word(name)) return invalid(fmt::format("\"{}\" is not the name of a resource.", name));
  if (!more) return Gres{std::string(name), {}, 1};
  if (rest.empty()) return invalid(fmt::format("The count is missing after \"{}\".", part));
  TRY(const TypeAndCount read, read_type_and_count(rest));
  return Gres{std::string(name), std::string(read.type), read.count};
}

Result<GpuCount> read_gpus(std::string_view part) {
  TRY(const TypeAndCount read, read_type_and_count(part));
  if (read.type == "gpu") {
    return invalid(fmt::format("In \"{}\" the word gpu would be a type of GPU.", part));
  }
  if (read.count > limits::tasks_max) {
    return invalid(fmt::format("\"{}\" is more than {} GPUs, the most that is taken.", part,
                               limits::tasks_max));
  }
  return GpuCount{std::string(read.type), static_cast<std::uint32_t>(read.count)};
}

/// Reads each part of a comma list and refuses a thing named twice.
template <class T, class Read, class Same>
Result<std::vector<T>> read_list(std::string_view text, Read read, Same same) {
  std::vector<T> list;
  std::optional<Refusal> refused;
  for_each_part(text, ',', [&](std::string_view part) {
    Result<T> one = read(part);
    if (!one) {
      refused = std::move(one).error();
    } else if (std::ranges::any_of(list, [&](const T& other) { return same(other, *one); })) {
      refused = Refusal{refusal::invalid, "", fmt::format("\"{}\" names a thing twice.", part)};
    } else if (list.size() == limits::gres_kinds_max) {
      refused = Refusal{refusal::too_many, "",
                        fmt::format("More than {} kinds are named.", limits::gres_kinds_max)};
    } else {
      list.push_back(*std::move(one));
    }
    return !refused;
  });
  if (refused) return std::unexpected(*std::move(refused));
  return list;
}

}  // namespace

Result<std::vector<Gres>> parse_gres(std::string_view text) {
  if (equal_in_any_case(text, "none")) return std::vector<Gres>{};
  return read_list<Gres>(text, read_gres, [](const Gres& a, const Gres& b) {
    return a.name == b.name && a.type == b.type;
  });
}

Result<std::vector<GpuCount>> parse_gpus(std::string_view text) {
  if (equal_in_any_case(text, "none")) return std::vector<GpuCount>{};
  return read_list<GpuCount>(text, read_gpus,
                             [](const GpuCount& a, const GpuCount& b) { return a.type == b.type; });
}

}  // namespace fabrica::sbatch
