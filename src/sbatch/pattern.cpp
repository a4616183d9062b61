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

}  // namespace

std::string expand_pattern(std::string_view pattern, const PatternValues& values) {
  std::string text;
  if (pattern.find('\\') != std::string_view::npos) {
    for (const char c : pattern) {
      if (c != '\\') text += c;
    }
    return text;
  }
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
      text += '%';
      at = end;
    } else if (expand_symbol(symbol, width, values, text)) {
      at = end;
    } else {
      text += '%';
    }
  }
  return text;
}

std::string_view default_output(bool array) { return array ? "slurm-%A_%a.out" : "slurm-%j.out"; }

std::string_view directory_of(std::string_view pattern) {
  const std::size_t slash = pattern.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return {};
  const std::string_view directory = pattern.substr(0, slash);
  return directory.find('%') == std::string_view::npos ? directory : std::string_view{};
}

}  // namespace fabrica::sbatch
