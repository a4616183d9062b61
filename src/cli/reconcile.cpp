#include <fmt/format.h>

#include <optional>

#include "base/describe.h"
#include "base/time.h"
#include "cli/commands.h"
#include "cli/words.h"
#include "json/write.h"

/// What a site's jobs were charged, beside the site's own books.
namespace fabrica::cli {

namespace {

using json::Value;
using Side = Table::Side;

struct PeriodBody {
  std::optional<std::string> from;
  std::optional<std::string> to;
};
FABRICA_DESCRIBE(PeriodBody, from, to)

// A day, at its beginning, or a moment.
Outcome<std::optional<std::string>> moment_option(std::string_view option,
                                                  const std::string& text) {
  if (text.empty()) return std::nullopt;
  std::string whole = text.contains('T') ? text : text + "T00:00:00Z";
  if (parse_time(whole)) return whole;
  return usage_failure(fmt::format("{} \"{}\" is no day.", option, printable(text)),
                       "Write it as 2026-11-22, or with a time as 2026-11-22T14:48:00Z.");
}

std::string reason_text(std::string_view kind) {
  if (kind == "given_back") return "given back by rule, or by the site's operator";
  if (kind == "allocation") return "the site allocated another amount than was asked for";
  if (kind == "not_begun") return "the task never ran its script, by its own word";
  if (kind == "own_word") return "the task's own word of its beginning and end counts";
  if (kind == "suspended") return "the site does not count the time of a suspension";
  if (kind == "clock") return "the site's books have other times than it told at the end";
  if (kind == "rounding") return "the site counts whole seconds";
  if (kind == "beyond_limit") return "what ran beyond its limit is not charged";
  if (kind == "owed") return "the account had nothing left to charge";
  if (kind == "not_recorded") return "the site's books do not have the run";
  if (kind == "not_known") return "our books do not have the run";
  if (kind == "not_settled") return "the job has not ended in our books";
  if (kind == "stranger") return "a job of somebody else's in an account of ours";
  return "unexplained";
}

std::string amount_with_sign(std::int64_t unit_ms) {
  return (unit_ms > 0 ? "+" : "") + hours_text(unit_ms);
}

std::string partition_text(const Value& partition, bool colour, std::size_t columns_max) {
  const std::string unit = partition.get("unit").text();
  const std::string name = partition.get("partition").text();
  const std::int64_t charged = number_in(partition, "charged");
  const std::int64_t recorded = number_in(partition, "recorded");
  Table table({{""}, {"RUNS", Side::right}, {"AMOUNT", Side::right}, {"WHAT"}});
  table.add({"charged", fmt::to_string(number_in(partition, "runs_charged")), hours_text(charged),
             "by us, less what was given back"});
  for (const Value& sum : partition.get("differences").items()) {
    const std::string kind = sum.get("kind").text();
    table.add({{"", kind == "unexplained" ? Paint::red : Paint::none},
               fmt::to_string(number_in(sum, "runs")),
               {amount_with_sign(number_in(sum, "amount")),
                kind == "unexplained" ? Paint::red : Paint::none},
               reason_text(kind)});
  }
  table.add({"recorded", fmt::to_string(number_in(partition, "runs_recorded")),
             hours_text(recorded), "by the site: what it allocated, times the time"});
  return fmt::format(
             "{}, {}\n",
             painted(colour, Paint::bold, name.empty() ? "no partition of ours" : printable(name)),
             unit_hours(unit)) +
         table.text(colour, columns_max);
}

Table lines_table(const Value& books) {
  Table table({{"ENDED"},
               {"PARTITION"},
               {"JOB"},
               {"AT THE SITE", Side::right},
               {"AMOUNT", Side::right},
               {"WHY"}});
  for (const Value& line : books.get("lines").items()) {
    const Value job = line.get("job");
    const std::string text = line.get("text").text();
    table.add({moment_text(line.get("ended").text()), line.get("partition").text(),
               job.exists() ? "job-" + job.text() : "", fmt::to_string(number_in(line, "site_id")),
               amount_with_sign(number_in(line, "amount")),
               reason_text(line.get("kind").text()) + (text.empty() ? "" : ": " + text)});
  }
  return table;
}

}  // namespace

Outcome<int> reconcile_site(Session& session, const ReconcileOptions& options) {
  PeriodBody period;
  TRY(period.from, moment_option("--from", options.from));
  TRY(period.to, moment_option("--to", options.to));
  TRY(Server* const server, session.server());
  TRY(const Answer answer,
      server->post({"v1", "sites", options.site + ":reconcile"}, json::to_json(period)));
  const Terminal& terminal = session.terminal();
  bool unexplained = false;
  std::string text = fmt::format("{}: runs that ended from {} to {}\n", printable(options.site),
                                 moment_text(answer.value.get("from").text()),
                                 moment_text(answer.value.get("to").text()));
  for (const Value& partition : answer.value.get("partitions").items()) {
    for (const Value& sum : partition.get("differences").items())
      unexplained = unexplained || sum.get("kind").text() == "unexplained";
    text += "\n" + partition_text(partition, terminal.colour_out, terminal.columns);
  }
  if (session.options().json) {
    session.print_json(answer.body);
    return unexplained ? exit_code::failed : exit_code::ok;
  }
  const Table lines = lines_table(answer.value);
  if (!lines.empty()) text += "\n" + lines.text(terminal.colour_out, terminal.columns);
  if (const auto left = number_in(answer.value, "lines_left_out"); left > 0)
    text += fmt::format("and {} more; choose a shorter period to see them\n", left);
  terminal.print(text);
  return unexplained ? exit_code::failed : exit_code::ok;
}

}  // namespace fabrica::cli
