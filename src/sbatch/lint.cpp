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
}

/// A number without a unit below which gigabytes are more likely to be meant; zero: no such option.
std::uint64_t suspicious_mib(std::string_view option) {
  if (option == "mem" || option == "mem-per-gpu") return 1024;
  return option == "mem-per-cpu" ? 256 : 0;
}

void remark_on_memory(std::string_view option, std::string_view value, Place place,
                      Findings& findings) {
  if (value.empty() || value.size() > 4 ||
      value.find_first_not_of("0123456789") != std::string_view::npos) {
    return;
  }
  std::uint64_t mib = 0;
  for (const char digit : value) mib = 10 * mib + static_cast<std::uint64_t>(digit - '0');
  if (mib == 0 || mib >= suspicious_mib(option)) return;
  findings.warning(place, fmt::format("--{}", option),
                   fmt::format("\"{}\" is {} MiB: without a unit it is MiB.", value, mib),
                   fmt::format("If gigabytes are meant, write {}G.", mib));
}

/// The word behind "#" when it is "SBATCH" with one letter wrong, missing, doubled or two of them
/// exchanged.
bool is_misspelt_marker(std::string_view word) {
  constexpr std::string_view proper = "SBATCH";
  if (word.size() + 1 < proper.size() || word.size() > proper.size() + 1) return false;
  std::size_t head = 0;
  const std::size_t shorter = std::min(word.size(), proper.size());
  while (head < shorter && word[head] == proper[head]) ++head;
  const std::string_view ours = word.substr(head);
  const std::string_view theirs = proper.substr(head);
  if (word.size() < proper.size()) return ours == theirs.substr(1);
  if (word.size() > proper.size()) return ours.substr(1) == theirs;
  if (ours.size() < 2) return true;
  const bool exchanged =
      ours[0] == theirs[1] && ours[1] == theirs[0] && ours.substr(2) == theirs.substr(2);
  return exchanged || ours.substr(1) == theirs.substr(1);
}

/// Remarks on one line that begins with a single "#" and a word in capitals.
void remark_on_marker(std::string_view word, Place place, Findings& findings) {
  constexpr std::array<std::string_view, 6> others{"SLURM", "OAR", "COBALT", "FLUX:", "$", "MSUB"};
  if (std::ranges::find(others, word) != others.end()) {
    findings.warning(place, "", fmt::format("sbatch does not read #{} lines.", word),
                     "Write #SBATCH with sbatch's own options.");
  } else if (is_misspelt_marker(word)) {
    findings.warning(place, "", fmt::format("\"#{}\" is a comment for sbatch.", word),
                     "Write #SBATCH.");
  }
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
  if (hashes != 1 || word_at != 0) return;
  const std::size_t end = rest.find(' ');
  if (end != std::string_view::npos && rest.substr(end + 1).starts_with('-')) {
    remark_on_marker(rest.substr(0, end), place, findings);
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
  remark_on_memory(option, value, place, findings);
}

void remark_on_options(const Options& options, Findings& findings) {
  const Resources& asked = options.resources;
  if (!asked.gpus_per_task.empty()) {
    findings.warning(place_of(options, "gpus-per-task"), "--gpus-per-task",
                     "Not every Slurm takes GPUs per task: a site is asked for GPUs per node.",
                     "If a task shall see its own GPUs only, say so in the script: srun "
                     "--gpus-per-task=1.");
  }
  if (!asked.gpus.empty() && asked.nodes && asked.nodes->min > 1) {
    findings.remark(place_of(options, "gpus"), "--gpus",
                    "This is the number of GPUs of the whole job, not of each node.",
                    "For a number on each node write --gpus-per-node.");
  }
  const std::string output = options.files.output.value_or("%j");
  const bool one_file = output.find("%a") == std::string::npos &&
                        output.find("%j") == std::string::npos &&
                        output.find("%J") == std::string::npos && output != "/dev/null";
  if (options.timing.array && one_file) {
    findings.warning(place_of(options, "output"), "--output",
                     "All tasks of the array write to this one file.",
                     "Put %a, the task's number, into its name: %A_%a.");
  }
}

void remark_on_directories(const Options& options, Findings& findings) {
  for (const std::string_view name : {"output", "error"}) {
    const Given* given = effective(options, name);
    if (given == nullptr) continue;
    const std::string_view directory = directory_of(given->value);
    if (directory.empty() || directory.starts_with('~') || directory == "." || directory == "/dev")
      continue;
    findings.remark(
        given->place, fmt::format("--{}", name),
        fmt::format("The directory {} must exist at a Slurm site before the job starts.",
                    directory),
        "Without it the job fails there and leaves no output.");
  }
}

}  // namespace fabrica::sbatch
