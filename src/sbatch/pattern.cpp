#include "sbatch/pattern.h"

#include <fmt/format.h>

#include <algorithm>

#include "sbatch/text.h"

namespace fabrica::sbatch {
namespace {

constexpr int width_max = 10;
constexpr std::uint64_t no_value = 0xffff'fffe;  // what Slurm prints where a number has no value

std::string padded(std::uint64_t number, int width) { return fmt::format("{:0{}}", number, width); }

/// The text for a symbol, or false when it is none.
bool expand_symbol(char symbol, int width, const PatternValues& values, std::string& text) {
  switch (symbol) {
    case 'j':
      text += padded(values.job, width);
      return true;
    case 'J':
      text += padded(values.job, width);
      if (!values.step.empty()) text += "." + values.step;
      return true;
    case 'A':
      text += padded(values.array_job.value_or(values.job), width);
      return true;
    case 'a':
      text += padded(values.array_task.value_or(no_value), width);
      return true;
    case 'b':
      text += padded(values.array_task.value_or(no_value) % 10, width);
      return true;
    case 't':
      text += padded(values.task, width);
      return true;
    case 'n':
      text += padded(values.node, width);
      return true;
    case 's':
      text += values.step.empty() ? "batch" : values.step;
      return true;
    case 'N':
      text += values.host;
      return true;
    case 'u':
      text += values.user;
      return true;
    case 'x':
      text += values.name;
      return true;
    default:
      return false;
  }
}

/// Copies the pattern, and has `expand(symbol, width, text)` append what its symbols stand for;
/// where that is false the symbol stays. "%%" becomes `percent`.
template <class Expand>
std::string expand_with(std::string_view pattern, std::string_view percent, Expand&& expand) {
  std::string text;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] != '%') {
      text += pattern[at];
      continue;
    }
    std::size_t end = at + 1;
    int width = 0;
    while (end < pattern.size() && is_digit(pattern[end])) {
      width = std::min(width * 10 + (pattern[end++] - '0'), width_max);
    }
    const char symbol = end < pattern.size() ? pattern[end] : '\0';
    if (symbol == '%' && end == at + 1) {
      text += percent;
      at = end;
    } else if (expand(symbol, width, text)) {
      at = end;
    } else {
      text += '%';
    }
  }
  return text;
}

bool is_literal(std::string_view pattern) { return pattern.contains('\\'); }

// Neither expanded again nor taken for the mark of a literal pattern.
std::string quoted(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c == '%') text += '%';
    if (c != '\\') text += c;
  }
  return text;
}

}  // namespace

std::string expand_pattern(std::string_view pattern, const PatternValues& values) {
  if (is_literal(pattern)) {
    std::string text(pattern);
    std::erase(text, '\\');
    return text;
  }
  return expand_with(pattern, "%", [&](char symbol, int width, std::string& text) {
    return expand_symbol(symbol, width, values, text);
  });
}

std::string bind_pattern(std::string_view pattern, std::uint64_t job, std::string_view name,
                         bool array) {
  if (is_literal(pattern)) return std::string(pattern);
  return expand_with(pattern, "%%", [&](char symbol, int width, std::string& text) {
    if (symbol == 'x') {
      text += quoted(name);
      return true;
    }
    if (symbol != 'j' && symbol != 'J' && symbol != 'A') return false;
    text += padded(job, width);
    if (array && symbol != 'A') text += "_%a";
    return true;
  });
}

std::string_view default_output(bool array) { return array ? "slurm-%A_%a.out" : "slurm-%j.out"; }

std::string_view directory_of(std::string_view pattern) {
  const std::size_t slash = pattern.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return {};
  const std::string_view directory = pattern.substr(0, slash);
  return directory.find('%') == std::string_view::npos ? directory : std::string_view{};
}

}  // namespace fabrica::sbatch
