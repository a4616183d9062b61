#include <fmt/format.h>

#include <algorithm>

#include "cli/session.h"
#include "cli/words.h"

/// Failures and findings, as compilers show them: place, what, the line itself, what to do.
namespace fabrica::cli {

namespace {

// The line of this number, from 1; empty when there is none.
std::string_view line_of(std::string_view text, std::uint32_t number) {
  for (std::uint32_t at = 1; at < number; ++at) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

std::string place_text(const ScriptFinding& finding, const ScriptSource& source) {
  std::string file = source.file.empty() ? "script" : source.file;
  if (finding.line > 0) return fmt::format("{}:{}:{}", file, finding.line, finding.column);
  const std::size_t at = finding.column == 0 ? 0 : finding.column - 1;
  if (finding.origin == "command_line") {
    return at < source.options.size() ? "command line: " + printable(source.options[at])
                                      : "command line";
  }
  if (finding.origin == "environment") {
    return at < source.variables.size() ? "environment: " + printable(source.variables[at])
                                        : "environment";
  }
  return file;
}

// The line and a caret below the column, which counts bytes.
std::string quoted_line(const ScriptFinding& finding, const ScriptSource& source, bool colour) {
  const std::string_view line = line_of(source.text, finding.line);
  if (finding.line == 0 || line.empty()) return {};
  const std::size_t before =
      finding.column == 0 ? 0 : std::min<std::size_t>(finding.column - 1, line.size());
  const std::string indent(display_width(printable(line.substr(0, before))), ' ');
  const std::string number = fmt::to_string(finding.line);
  return fmt::format("  {} | {}\n  {} | {}{}\n", number, printable(line),
                     std::string(number.size(), ' '), indent, painted(colour, Paint::green, "^"));
}

Paint paint_of(std::string_view severity) {
  if (severity == "error") return Paint::red;
  return severity == "warning" ? Paint::yellow : Paint::dim;
}

}  // namespace

std::string finding_text(const ScriptFinding& finding, const ScriptSource& source, bool colour) {
  std::string text =
      fmt::format("{}: {} {}{}\n", painted(colour, Paint::bold, place_text(finding, source)),
                  painted(colour, paint_of(finding.severity), finding.severity + ":"),
                  finding.option.empty() ? "" : finding.option + ": ", printable(finding.text));
  text += quoted_line(finding, source, colour);
  if (!finding.hint.empty()) {
    text +=
        fmt::format("  {} {}\n", painted(colour, Paint::green, "hint:"), printable(finding.hint));
  }
  return text;
}

std::string failure_text(const Failure& failure, bool colour) {
  std::string text;
  for (const ScriptFinding& finding : failure.findings)
    text += finding_text(finding, failure.source, colour);
  if (!failure.findings.empty()) {
    const auto errors = std::ranges::count(failure.findings, "error", &ScriptFinding::severity);
    return text + fmt::format("{} {} mistake{} in what was to be submitted; nothing was.\n",
                              painted(colour, Paint::red, "error:"), errors,
                              errors == 1 ? "" : "s");
  }
  std::string what = failure.text;
  // Lists stand on lines of their own; nothing else may break the line.
  text = painted(colour, Paint::red, "error:") + " ";
  while (!what.empty()) {
    const std::size_t end = std::min(what.find('\n'), what.size());
    text += printable(what.substr(0, end)) + "\n";
    what.erase(0, std::min(end + 1, what.size()));
  }
  if (!failure.field.empty()) text += fmt::format("  at: {}\n", printable(failure.field));
  if (!failure.hint.empty()) {
    text +=
        fmt::format("  {} {}\n", painted(colour, Paint::green, "hint:"), printable(failure.hint));
  }
  if (!failure.code.empty() && !failure.request_id.empty()) {
    text +=
        painted(colour, Paint::dim,
                fmt::format("  ({}, request {})", failure.code, printable(failure.request_id))) +
        "\n";
  }
  return text;
}

}  // namespace fabrica::cli
