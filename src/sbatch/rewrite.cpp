#include "sbatch/rewrite.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "sbatch/gres.h"
#include "sbatch/match.h"
#include "sbatch/option_table.h"
#include "sbatch/text.h"
#include "sbatch/tokens.h"

namespace fabrica::sbatch {
namespace {

constexpr std::string_view directive_marker = "#SBATCH";
constexpr std::size_t context_lines = 3;

/// A part of one line, and what comes in its place. Offsets in bytes.
struct Cut {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string put;
};

/// "--qos=long", so that the splitter of directives reads the same value.
std::string directive_word(std::string_view name, std::string_view value) {
  if (value.find_first_of(" \t\v\f\r\"'\\#") == std::string_view::npos) {
    return fmt::format("--{}={}", name, value);
  }
  std::string quoted;
  for (const char c : value) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return fmt::format("--{}=\"{}\"", name, quoted);
}

/// A list of GPUs, "gpu:a100:4,nvme:1" or "a100:4", with this type; nothing when it says so
/// already.
template <class List, class Write>
std::optional<std::string> retyped(List list, const std::string& type, const Write& write) {
  bool changed = false;
  std::string text;
  for (auto& one : list) {
    changed |= write(one, type);
    text += text.empty() ? "" : ",";
    if constexpr (requires { one.name; }) text += one.name + ":";
    if (!one.type.empty()) text += one.type + ":";
    text += fmt::format("{}", one.count);
  }
  return changed ? std::optional(text) : std::nullopt;
}

std::optional<std::string> with_gpu_type(std::string_view option, std::string_view value,
                                         const std::string& type) {
  if (option == "gres") {
    const Result<std::vector<Gres>> list = parse_gres(value);
    if (!list) return std::nullopt;
    return retyped(*list, type, [](Gres& one, const std::string& wanted) {
      return one.name == "gpu" && std::exchange(one.type, wanted) != wanted;
    });
  }
  const Result<std::vector<GpuCount>> list = parse_gpus(value);
  if (!list) return std::nullopt;
  return retyped(*list, type, [](GpuCount& one, const std::string& wanted) {
    return std::exchange(one.type, wanted) != wanted;
  });
}

bool counts_gpus(std::string_view option) {
  constexpr std::array<std::string_view, 5> options{"gres", "gpus", "gpus-per-node",
                                                    "gpus-per-socket", "gpus-per-task"};
  return std::ranges::find(options, option) != options.end();
}

/// What the site says for an option, null when the option is no word of sites.
const std::string* word_for(const WordsThere& there, std::string_view option) {
  static const std::string nothing;
  if (option == "account") return &there.account;
  if (option == "partition") return &there.partition;
  if (option == "qos") return &there.qos;
  if (option == "constraint") return &there.constraint;
  if (option == "reservation") return &there.reservation;
  constexpr std::array<std::string_view, 4> foreign{"clusters", "exclude", "nodelist", "wckey"};
  return std::ranges::find(foreign, option) != foreign.end() ? &nothing : nullptr;
}

/// Finds what is to be changed in which line.
class Rewriter {
 public:
  Rewriter(std::string_view script, const WordsThere& there) : there_(there) {
    Findings findings;
    header_ = read_header(script, findings);
    matches_ = match_options(header_.tokens, findings);
    readable_ = findings.ok();
  }

  bool readable() const { return readable_; }

  void find() {
    for (std::size_t i = 0; i < matches_.size(); ++i) latest_[name_of_match(i)] = i;
    for (std::size_t i = 0; i < matches_.size(); ++i) look_at(i);
    constexpr std::array<std::string_view, 5> sayable{"account", "partition", "qos", "constraint",
                                                      "reservation"};
    for (const std::string_view name : sayable) {
      const std::string& word = *word_for(there_, name);
      if (!word.empty() && !latest_.contains(name)) {
        added_.push_back(fmt::format("{} {}", directive_marker, directive_word(name, word)));
      }
    }
  }

  Rewritten apply(std::string_view script) {
    Rewritten rewritten;
    rewritten.ends_open = !script.ends_with('\n');
    if (!rewritten.ends_open) script.remove_suffix(1);
    const std::uint32_t last = line_to_add_behind();
    std::uint32_t number = 0;
    for_each_part(script, '\n', [&](std::string_view line) {
      put_line(rewritten.lines, line, ++number);
      if (number == last) {
        for (std::string& text : added_) rewritten.lines.push_back({'+', std::move(text)});
      }
      return true;
    });
    return rewritten;
  }

 private:
  /// The last directive; the first line of the script where "--" has ended the options.
  std::uint32_t line_to_add_behind() const {
    const auto ends = [](const Token& token) { return token.text == "--"; };
    if (header_.tokens.empty() || std::ranges::any_of(header_.tokens, ends)) return 1;
    return header_.tokens.back().place.line;
  }

  std::string_view name_of_match(std::size_t i) const { return proper_row(*matches_[i].row).name; }

  void look_at(std::size_t i) {
    const Match& match = matches_[i];
    const std::string_view name = name_of_match(i);
    if (counts_gpus(name)) {
      const auto typed = with_gpu_type(name, match.value, there_.gpu_type);
      if (typed) replace(i, directive_word(name, *typed));
      return;
    }
    const std::string* word = word_for(there_, name);
    if (word == nullptr) return;
    const bool counts = latest_.at(name) == i && !word->empty();
    if (counts && *word == match.value) return;
    replace(i, counts ? directive_word(name, *word) : std::string());
  }

  /// Flags before it in the same word, as in "-Hp gpu", stay.
  void replace(std::size_t i, std::string put) {
    const Match& match = matches_[i];
    std::string flags;
    for (std::size_t other = i; other > 0 && matches_[other - 1].first == match.first; --other) {
      flags.insert(flags.begin(), matches_[other - 1].row->letter);
    }
    if (!flags.empty()) put = fmt::format("-{}{}{}", flags, put.empty() ? "" : " ", put);
    const Token& first = header_.tokens[match.first];
    const Token& last = header_.tokens[match.last];
    if (first.place.line == last.place.line) {
      return cut(first, last, std::move(put));
    }
    cut(first, first, std::move(put));
    cut(last, last, {});
  }

  void cut(const Token& from, const Token& to, std::string put) {
    cuts_[from.place.line].push_back(
        {from.place.column - 1, to.place.column - 1 + to.bytes, std::move(put)});
  }

  void put_line(std::vector<RewrittenLine>& lines, std::string_view line, std::uint32_t number) {
    const auto found = cuts_.find(number);
    if (found == cuts_.end()) return lines.push_back({' ', std::string(line)});
    lines.push_back({'-', std::string(line)});
    std::string text(line);
    // From the end, so that offsets hold; the options of a line are in the order of their places.
    for (auto one = found->second.rbegin(); one != found->second.rend(); ++one) {
      std::size_t begin = one->begin;
      while (one->put.empty() && begin > directive_marker.size() && is_space(text[begin - 1]))
        --begin;
      text.replace(begin, one->end - begin, one->put);
    }
    const bool bare = std::ranges::all_of(text.substr(directive_marker.size()), is_space);
    if (!bare) lines.push_back({'+', std::move(text)});
  }

  const WordsThere& there_;
  bool readable_ = false;
  Header header_;
  std::vector<Match> matches_;
  std::map<std::string_view, std::size_t> latest_;
  std::map<std::uint32_t, std::vector<Cut>> cuts_;  // by line
  std::vector<std::string> added_;
};

std::string without_controls(std::string_view name) {
  std::string text(name);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return text;
}

/// Changes that touch each other show first what goes, then what comes.
std::vector<RewrittenLine> in_order_of_diff(const std::vector<RewrittenLine>& lines) {
  std::vector<RewrittenLine> ordered;
  std::vector<RewrittenLine> coming;
  for (const RewrittenLine& line : lines) {
    if (line.mark == '+') {
      coming.push_back(line);
      continue;
    }
    if (line.mark == ' ') std::ranges::move(std::exchange(coming, {}), std::back_inserter(ordered));
    ordered.push_back(line);
  }
  std::ranges::move(coming, std::back_inserter(ordered));
  return ordered;
}

/// True for the last line before, and for the last line after.
bool is_last_of_a_side(const std::vector<RewrittenLine>& lines, std::size_t i) {
  const auto later =
      std::ranges::subrange(lines.begin() + static_cast<std::ptrdiff_t>(i) + 1, lines.end());
  const auto none = [&](char other) {
    return lines[i].mark != other && std::ranges::all_of(later, [&](const RewrittenLine& line) {
             return line.mark == other;
           });
  };
  return none('+') || none('-');
}

/// "12,3", or "12" for a single line; an empty part is named by the line before it.
std::string span_of(std::size_t first, std::size_t count) {
  if (count == 1) return fmt::format("{}", first);
  return fmt::format("{},{}", count == 0 ? first - 1 : first, count);
}

}  // namespace

Result<Rewritten> rewrite(std::string_view script, const WordsThere& there) {
  Rewriter rewriter(script, there);
  if (!rewriter.readable()) return invalid("The script's directives have mistakes.");
  rewriter.find();
  return rewriter.apply(script);
}

std::string text_of(const Rewritten& rewritten) {
  std::string text;
  for (const RewrittenLine& line : rewritten.lines) {
    if (line.mark != '-') text += line.text + '\n';
  }
  if (rewritten.ends_open && !text.empty()) text.pop_back();
  return text;
}

std::string unified_diff(const Rewritten& rewritten, std::string_view before,
                         std::string_view after) {
  const std::vector<RewrittenLine> lines = in_order_of_diff(rewritten.lines);
  std::string diff;
  std::size_t line_before = 1;
  std::size_t line_after = 1;
  for (std::size_t at = 0; at < lines.size();) {
    // A part ends where twice the context and one line more are unchanged.
    std::size_t next = at;
    while (next < lines.size() && lines[next].mark == ' ') ++next;
    if (next == lines.size()) break;
    const std::size_t begin = next - std::min(next - at, context_lines);
    line_before += begin - at;
    line_after += begin - at;
    std::size_t end = next;
    std::size_t kept = 0;
    for (; end < lines.size() && kept <= 2 * context_lines; ++end)
      kept = lines[end].mark == ' ' ? kept + 1 : 0;
    end -= std::max(kept, context_lines) - context_lines;
    std::string body;
    std::array<std::size_t, 2> count{};
    for (std::size_t i = begin; i < end; ++i) {
      if (lines[i].mark != '+') ++count[0];
      if (lines[i].mark != '-') ++count[1];
      body += fmt::format("{}{}\n", lines[i].mark, lines[i].text);
      if (rewritten.ends_open && is_last_of_a_side(lines, i)) {
        body += "\\ No newline at end of file\n";
      }
    }
    diff += fmt::format("@@ -{} +{} @@\n{}", span_of(line_before, count[0]),
                        span_of(line_after, count[1]), body);
    line_before += count[0];
    line_after += count[1];
    at = end;
  }
  if (diff.empty()) return diff;
  return fmt::format("--- {}\n+++ {}\n{}", without_controls(before), without_controls(after), diff);
}

}  // namespace fabrica::sbatch
