#include "cli/verdicts.h"

#include <fmt/core.h>

#include "cli/words.h"

namespace fabrica::cli {

namespace {

using json::Value;

std::string verdict_lines(const std::vector<Value>& verdicts, bool colour) {
  std::string text;
  for (const Value& verdict : verdicts) {
    const bool passed = verdict.get("passed").as_bool().value_or(false);
    text += fmt::format(
        "    {} {}: {}\n",
        passed ? painted(colour, Paint::green, "✓") : painted(colour, Paint::red, "✗"),
        printable(spaced(verdict.get("rule").text())), printable(verdict.get("reason").text()));
  }
  return text;
}

std::string next_step(std::string_view phase, std::int64_t id) {
  if (phase == "eligible") return fmt::format("next: the technical check, fabrica assess {}", id);
  if (phase == "suitable") return fmt::format("next: the award, fabrica grant {}", id);
  if (phase == "ineligible") return "Nothing was granted. Mend what is marked ✗ and propose again.";
  if (phase == "unsuitable") return "Nothing was granted: the technical check says no.";
  if (phase == "granted") return "next: fabrica awards";
  return {};
}

}  // namespace

Table::Cell phase_cell(std::string_view phase) {
  const bool good =
      phase == "eligible" || phase == "suitable" || phase == "granted" || phase == "active";
  const bool bad =
      phase == "ineligible" || phase == "unsuitable" || phase == "declined" || phase == "lapsed";
  return {std::string(phase), good ? Paint::green : bad ? Paint::red : Paint::none};
}

std::string proposal_text(const Value& proposal, bool colour) {
  const std::string phase = proposal.get("phase").text();
  const Table::Cell state = phase_cell(phase);
  std::string text = fmt::format("proposal-{} {}: {}\n", number_in(proposal, "id"),
                                 printable(proposal.get("title").text()),
                                 painted(colour, state.paint, state.text));
  text += fmt::format("  project-{} asks call-{} for {} on {}, {} months\n",
                      number_in(proposal, "project"), number_in(proposal, "call"),
                      hours_with_unit(number_in(proposal, "amount"), proposal.get("unit").text()),
                      printable(proposal.get("partition").text()), number_in(proposal, "months"));
  const auto section = [&](std::string_view title, const Value& verdicts) {
    const std::string lines = verdict_lines(verdicts.items(), colour);
    if (!lines.empty()) text += fmt::format("  {}\n{}", title, lines);
  };
  section("eligibility", proposal.get("eligibility"));
  section("technical check", proposal.get("technical"));
  const std::string next = next_step(phase, number_in(proposal, "id"));
  return next.empty() ? text : text + "  " + next + "\n";
}

}  // namespace fabrica::cli
