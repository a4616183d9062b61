#include "sbatch/lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "sbatch/pattern.h"
#include "sbatch/text.h"

namespace fabrica::sbatch {
namespace {

/// Longer angle brackets hold something else than a placeholder's name.
constexpr std::size_t placeholder_bytes_max = 80;

/// "{{ … }}" or "{% … %}" from `start`.
std::string_view template_at(std::string_view text, std::size_t start) {
  const std::string_view end = text.substr(start).starts_with("{{") ? "}}" : "%}";
  const std::size_t close = text.find(end, start + 2);
  return close == std::string_view::npos ? text.substr(start)
                                         : text.substr(start, close + 2 - start);
}

/// "<project>", "<your account>"; not "a<b", not "Name <name@host>" (an address is not a
/// placeholder).
std::string_view angle_at(std::string_view text, std::size_t start) {
  const std::string_view inside = text.substr(start + 1, placeholder_bytes_max);
  const std::size_t close = inside.find('>');
  if (close == std::string_view::npos) return {};
  const std::string_view inner = inside.substr(0, close);
  if (inner.empty() || !is_letter(inner.front())) return {};
  const bool plain = std::ranges::all_of(inner, [](char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == ' ' || c == '.' ||
           c == '/' || c == '|';
  });
  return plain ? text.substr(start, close + 2) : std::string_view{};
}

struct Typographic {
  std::string_view bytes;
  std::string_view name;
  std::string_view proper;
  bool only_in_names;  // in a value it may be meant
};

constexpr std::string_view space_name = "a space that is none for a computer";
constexpr std::string_view quote_name = "a typographic quote";
constexpr std::string_view dash_name = "a long dash";

constexpr std::array<Typographic, 21> typographic{{
    {"\xC2\xA0", space_name, "an ordinary space", false},
    {"\xE2\x80\xAF", space_name, "an ordinary space", false},
    {"\xE3\x80\x80", space_name, "an ordinary space", false},
    {"\xE2\x80\x8B", "an invisible character", "nothing", false},
    {"\xE2\x80\x8C", "an invisible character", "nothing", false},
    {"\xE2\x80\x8D", "an invisible character", "nothing", false},
    {"\xEF\xBB\xBF", "an invisible character", "nothing", false},
    {"\xE2\x80\x98", quote_name, "'", false},
    {"\xE2\x80\x99", quote_name, "'", false},
    {"\xE2\x80\x9A", quote_name, "'", false},
    {"\xE2\x80\x9C", quote_name, "\"", false},
    {"\xE2\x80\x9D", quote_name, "\"", false},
    {"\xE2\x80\x9E", quote_name, "\"", false},
    {"\xE2\x80\x90", dash_name, "- or --", true},
    {"\xE2\x80\x91", dash_name, "- or --", true},
    {"\xE2\x80\x92", dash_name, "- or --", true},
    {"\xE2\x80\x93", dash_name, "- or --", true},
    {"\xE2\x80\x94", dash_name, "- or --", true},
    {"\xE2\x80\x95", dash_name, "- or --", true},
    {"\xE2\x88\x92", dash_name, "- or --", true},
    {"\xEF\xBC\x9D", "a wide equals sign", "=", true},
}};

/// `$VAR`, `${VAR}` or `$(command)`: where it begins, npos when there is none.
std::size_t find_expansion(std::string_view value) {
  for (std::size_t at = value.find('$'); at != std::string_view::npos;
       at = value.find('$', at + 1)) {
    const char next = at + 1 < value.size() ? value[at + 1] : '\0';
    if (is_letter(next) || next == '_' || next == '{' || next == '(') return at;
  }
  return std::string_view::npos;
}

/// "5:00": two numbers and no days.
bool is_minutes_and_seconds(std::string_view value) {
  const std::size_t colon = value.find(':');
  return colon != std::string_view::npos && colon > 0 &&
         value.find_first_not_of("0123456789", colon + 1) == std::string_view::npos &&
         value.find_first_not_of("0123456789") == colon;
}

void remark_on_time(std::string_view option, std::string_view value, Place place,
                    Findings& findings) {
  if (!is_minutes_and_seconds(value)) return;
  const std::string_view minutes = value.substr(0, value.find(':'));
  if (minutes.find_first_not_of('0') == std::string_view::npos) return;
  findings.warning(place, fmt::format("--{}", option),
                   fmt::format("\"{}\" is {} minutes and {} seconds, not hours.", value, minutes,
                               value.substr(minutes.size() + 1)),
                   fmt::format("If hours are meant, write {}:00.", value));
}

void remark_on_file(std::string_view option, std::string_view value, Place place,
                    Findings& findings) {
  if (value.starts_with("~/")) {
    findings.warning(place, fmt::format("--{}", option), "sbatch does not replace \"~\".",
                     "Write the directory out.");
  }
  const std::string_view directory = directory_of(value);
  if (directory.empty() || directory.starts_with('~') || directory == ".") return;
  findings.remark(place, fmt::format("--{}", option),
                  fmt::format("The directory {} must exist before the job starts.", directory),
                  "On a Slurm site the job fails without a word when it does not.");
}

bool names_file(std::string_view option) {
  return option == "output" || option == "error" || option == "input";
}

}  // namespace

std::string_view find_placeholder(std::string_view text) {
  for (std::size_t at = text.find_first_of("{<"); at != std::string_view::npos;
       at = text.find_first_of("{<", at + 1)) {
    const std::string_view rest = text.substr(at);
    if (rest.starts_with("{{") || rest.starts_with("{%")) return template_at(text, at);
    if (rest.front() == '<') {
      if (const std::string_view found = angle_at(text, at); !found.empty()) return found;
    }
  }
  return {};
}

Lookalike find_lookalike(std::string_view word) {
  const auto high =
      std::ranges::find_if(word, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  if (high == word.end()) return {};
  const std::size_t name_end = word.starts_with('-') ? std::min(word.find('='), word.size()) : 0;
  for (auto at = static_cast<std::size_t>(high - word.begin()); at < word.size(); ++at) {
    for (const Typographic& one : typographic) {
      if (!word.substr(at).starts_with(one.bytes)) continue;
      if (one.only_in_names && at != 0 && at >= name_end) continue;
      return {at, one.bytes.size(), one.name, one.proper};
    }
  }
  return {};
}

void remark_on_comment(std::string_view line, std::uint32_t number, Findings& findings) {
  const std::size_t first = line.find_first_not_of(" \t\v\f\r");
  std::string_view rest = line.substr(first);
  const auto hashes = std::min(rest.find_first_not_of('#'), rest.size());
  rest.remove_prefix(hashes);
  const std::size_t word_at = rest.find_first_not_of(" \t");
  if (word_at == std::string_view::npos) return;
  const std::string_view word = rest.substr(word_at, 6);
  const Place place{Origin::directive, number, static_cast<std::uint32_t>(first + 1)};
  if (equal_in_any_case(word, "SBATCH")) {
    const std::string_view after = rest.substr(word_at + 6);
    const std::string_view blank_free =
        after.substr(std::min(after.find_first_not_of(" \t"), after.size()));
    if (!blank_free.starts_with('-')) return;  // prose about #SBATCH
    findings.remark(
        place, "", "This line is a comment for sbatch.",
        "For a directive write #SBATCH in capitals, without blanks, at the line's beginning.");
    return;
  }
  constexpr std::array<std::string_view, 6> others{"SLURM -", "OAR -", "COBALT -",
                                                   "FLUX: -", "$ -",   "MSUB -"};
  for (const std::string_view other : others) {
    if (hashes == 1 && word_at == 0 && rest.starts_with(other)) {
      findings.warning(
          place, "",
          fmt::format("sbatch does not read #{} lines.", other.substr(0, other.find(' '))),
          "Write #SBATCH with sbatch's own options.");
    }
  }
}

void remark_on_value(std::string_view option, std::string_view value, Place place, bool literal,
                     Findings& findings) {
  if (literal) {
    if (const std::size_t at = find_expansion(value); at != std::string_view::npos) {
      findings.warning(place, fmt::format("--{}", option),
                       fmt::format("\"{}\" stays as it is: nothing expands variables here.", value),
                       "Write the value out, or give the option on the command line.");
    }
  }
  if (option == "time" || option == "time-min") remark_on_time(option, value, place, findings);
  if (names_file(option)) remark_on_file(option, value, place, findings);
}

}  // namespace fabrica::sbatch
