#include "cli/statement.h"

#include <fmt/core.h>

#include "cli/table.h"
#include "cli/words.h"

namespace fabrica::cli {

namespace {

using json::Value;
using Side = Table::Side;

struct Totals {
  std::int64_t received = 0;
  std::int64_t passed_on = 0;
  std::int64_t charged = 0;
  std::int64_t corrected = 0;
};

void count(Totals& totals, std::string_view kind, std::int64_t change) {
  if (kind == "charge") {
    totals.charged -= change;
  } else if (kind == "correction") {
    totals.corrected += change;
  } else if (change > 0) {
    totals.received += change;
  } else {
    totals.passed_on -= change;
  }
}

std::string signed_hours(std::int64_t unit_ms) {
  return (unit_ms > 0 ? "+" : "") + hours_text(unit_ms);
}

// The transfers of an award say in their text which one it is.
std::string kind_text(const Value& line) {
  const std::string kind = line.get("kind").text();
  if (!line.get("text").text().starts_with("award-")) return spaced(kind);
  if (kind == "transfer_in") return "award";
  if (kind == "transfer_out") return "return";
  return spaced(kind);
}

std::vector<Table::Cell> row_of(const Value& line, std::int64_t change) {
  const Value job = line.get("job");
  const std::int64_t amount = number_in(line, "amount");
  const Paint paint = change > 0 ? Paint::green : change < 0 ? Paint::red : Paint::none;
  return {moment_text(line.get("at").text()),
          kind_text(line),
          job.exists() ? "job-" + job.text() : "",
          {change == 0 ? hours_text(amount) : signed_hours(change), paint},
          hours_text(number_in(line, "balance")),
          hours_text(number_in(line, "held")),
          hours_text(number_in(line, "available")),
          line.get("text").text()};
}

std::string title_of(const Value& account, std::string_view partition) {
  std::string title = fmt::format("account-{}", number_in(account, "id"));
  if (account.get("project").exists())
    title += fmt::format(" of project-{}", number_in(account, "project"));
  if (!partition.empty()) title += fmt::format(", partition {}", printable(partition));
  title += fmt::format(", {}", unit_hours(account.get("unit").text()));
  if (account.get("kind").text() != "award")
    title += fmt::format(" ({})", spaced(account.get("kind").text()));
  if (account.get("locked").as_bool().value_or(false))
    title += ", locked until the award is accepted";
  if (account.get("closed").as_bool().value_or(false)) title += ", closed";
  return title;
}

std::string totals_text(const Totals& totals, const Value& account, bool colour) {
  const std::string unit = account.get("unit").text();
  std::string text = fmt::format("received {}, ", hours_text(totals.received));
  if (totals.passed_on != 0) text += fmt::format("passed on {}, ", hours_text(totals.passed_on));
  text += fmt::format("charged {}, ", hours_text(totals.charged));
  if (totals.corrected != 0) text += fmt::format("corrected {}, ", signed_hours(totals.corrected));
  text += fmt::format("held {}; ", hours_text(number_in(account, "held")));
  return text +
         painted(
             colour, Paint::bold,
             fmt::format("available {}", hours_with_unit(number_in(account, "available"), unit))) +
         "\n";
}

}  // namespace

std::string statement_text(const Value& account, std::string_view partition,
                           const std::vector<Value>& lines, bool colour, std::size_t columns_max) {
  Table table({{"TIME"},
               {"WHAT"},
               {"JOB"},
               {"AMOUNT", Side::right},
               {"BALANCE", Side::right},
               {"HELD", Side::right},
               {"AVAILABLE", Side::right},
               {"TEXT"}});
  Totals totals;
  std::int64_t balance = 0;
  for (const Value& line : lines) {
    const std::int64_t change = number_in(line, "balance") - balance;
    balance += change;
    count(totals, line.get("kind").text(), change);
    table.add(row_of(line, change));
  }
  return painted(colour, Paint::bold, title_of(account, partition)) + "\n" +
         table.text(colour, columns_max) + totals_text(totals, account, colour);
}

}  // namespace fabrica::cli
