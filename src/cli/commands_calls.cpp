#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "base/describe.h"
#include "base/limits.h"
#include "cli/commands.h"
#include "cli/verdicts.h"
#include "cli/words.h"
#include "json/write.h"

/// Access modes, calls, proposals and awards.
namespace fabrica::cli {

namespace {

using json::Value;
using Side = Table::Side;

struct CallBody {
  std::string mode;
  std::string title;
  std::vector<std::string> partitions;
  std::optional<std::string> closes;
};
FABRICA_DESCRIBE(CallBody, mode, title, partitions, closes)

struct ProposalBody {
  std::uint64_t project = 0;
  std::string title;
  std::string partition;
  std::string hours;
  std::uint32_t months = 1;
  std::optional<std::uint32_t> gpus_per_job;
  std::optional<std::uint32_t> nodes_per_job;
  bool civil_use = false;
  bool open_research = false;
  std::string text;
};
FABRICA_DESCRIBE(ProposalBody, project, title, partition, hours, months, gpus_per_job,
                 nodes_per_job, civil_use, open_research, text)

struct AssessmentBody {
  bool suitable = false;
  std::optional<std::string> text;
};
FABRICA_DESCRIBE(AssessmentBody, suitable, text)

std::string joined_texts(const std::vector<Value>& values) {
  std::string text;
  for (const Value& value : values) text += (text.empty() ? "" : ", ") + spaced(value.text());
  return text;
}

// "500 core-hours", "100 to 500 node-hours", several apart by semicolons.
std::string sizes_text(const std::vector<Value>& sizes) {
  std::string text;
  for (const Value& size : sizes) {
    const std::int64_t low = number_in(size, "min");
    const std::int64_t high = number_in(size, "max");
    const bool about = size.get("approximate").as_bool().value_or(false);
    text += fmt::format("{}{}{} {}", text.empty() ? "" : "; ", about ? "about " : "",
                        low == high ? hours_text(low) : hours_text(low) + " to " + hours_text(high),
                        unit_hours(size.get("unit").text()));
  }
  return text;
}

std::vector<Table::Cell> mode_row(const Value& item) {
  const Value mode = item.get("mode");
  return {mode.get("slug").text(),
          mode.get("name").text(),
          spaced(mode.get("selection").text()),
          joined_texts(mode.get("months").items()),
          joined_texts(mode.get("steps").items()),
          sizes_text(mode.get("sizes").items())};
}

std::vector<Table::Cell> call_row(const Value& call) {
  const std::string closes = call.get("closes").text();
  return {fmt::format("call-{}", number_in(call, "id")),
          call.get("title").text(),
          call.get("mode").text(),
          day_text(call.get("opens").text()),
          closes.empty() ? "always open" : day_text(closes),
          joined_texts(call.get("months").items()),
          sizes_text(call.get("sizes").items()),
          joined_texts(call.get("partitions").items())};
}

std::vector<Table::Cell> proposal_row(const Value& proposal) {
  return {fmt::format("proposal-{}", number_in(proposal, "id")),
          proposal.get("title").text(),
          fmt::format("call-{}", number_in(proposal, "call")),
          fmt::format("project-{}", number_in(proposal, "project")),
          proposal.get("partition").text(),
          hours_text(number_in(proposal, "amount")),
          unit_hours(proposal.get("unit").text()),
          phase_cell(proposal.get("phase").text())};
}

std::vector<Table::Cell> award_row(const Value& award) {
  const std::string phase = award.get("phase").text();
  const std::string until =
      phase == "offered"           ? "accept by " + day_text(award.get("accept_until").text())
      : award.get("ends").exists() ? "ends " + day_text(award.get("ends").text())
                                   : "";
  return {fmt::format("award-{}", number_in(award, "id")),
          fmt::format("project-{}", number_in(award, "project")),
          award.get("partition").text(),
          hours_text(number_in(award, "amount")),
          unit_hours(award.get("unit").text()),
          phase_cell(phase),
          until,
          fmt::format("account-{}", number_in(award, "account"))};
}

Outcome<std::string> number_word(const std::string& text, std::string_view prefix) {
  const auto number = number_of(text, prefix);
  if (number) return fmt::to_string(*number);
  return usage_failure(
      fmt::format("\"{}\" is no {}.", printable(text), prefix),
      fmt::format("Give its number, such as {0}-3; `fabrica {0}s` shows them.", prefix));
}

Outcome<std::string> proposal_text_of(const ProposeOptions& options) {
  if (options.text_file.empty()) return options.text;
  std::ifstream in(options.text_file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in || text.view().empty()) {
    return usage_failure(
        fmt::format("The file {} cannot be read, or is empty.", options.text_file));
  }
  return text.str();
}

// The call that is named, otherwise the only one there is.
Outcome<std::string> chosen_call(Session& session, const std::string& named) {
  if (!named.empty()) return number_word(named, "call");
  TRY(Server* const server, session.server());
  TRY(const std::vector<Value> calls, server->list({"v1", "calls"}));
  if (calls.size() == 1) return calls.front().get("id").text();
  std::string text =
      calls.empty() ? "There is no call." : "There are several calls; say which one is meant:";
  for (const Value& call : calls) {
    text +=
        fmt::format("\n  call-{}  {}", number_in(call, "id"), printable(call.get("title").text()));
  }
  return usage_failure(std::move(text), calls.empty()
                                            ? "A call officer opens one with `fabrica call open`."
                                            : "Add --call N.");
}

Outcome<int> print_proposal(Session& session, const Answer& answer) {
  if (session.options().json) {
    session.print_json(answer.body);
  } else {
    session.terminal().print(proposal_text(answer.value, session.terminal().colour_out));
  }
  return exit_code::ok;
}

std::string award_text(const Value& award) {
  const std::string phase = award.get("phase").text();
  std::string text = fmt::format(
      "award-{} is {}: {} on {} for project-{} ({} months, account-{}).\n", number_in(award, "id"),
      phase, hours_with_unit(number_in(award, "amount"), award.get("unit").text()),
      printable(award.get("partition").text()), number_in(award, "project"),
      number_in(award, "months"), number_in(award, "account"));
  if (phase == "offered") {
    text += fmt::format("  The hours are set aside. Accept it by {}: fabrica award accept {}\n",
                        day_text(award.get("accept_until").text()), number_in(award, "id"));
  }
  if (phase == "active")
    text += fmt::format("  It ends at {}.\n", moment_text(award.get("ends").text()));
  return text;
}

Outcome<int> print_award(Session& session, const Answer& answer) {
  if (session.options().json) {
    session.print_json(answer.body);
  } else {
    session.terminal().print(award_text(answer.value));
  }
  return exit_code::ok;
}

}  // namespace

Outcome<int> list_modes(Session& session) {
  return print_list(session, {"v1", "modes"}, {},
                    {{"MODE"}, {"NAME"}, {"SELECTION"}, {"MONTHS"}, {"STEPS"}, {"SIZES"}},
                    &mode_row, "No access mode is known.");
}

Outcome<int> list_calls(Session& session) {
  return print_list(
      session, {"v1", "calls"}, {},
      {{"CALL"}, {"TITLE"}, {"MODE"}, {"OPENS"}, {"CLOSES"}, {"MONTHS"}, {"SIZES"}, {"PARTITIONS"}},
      &call_row, "No call is open; a call officer opens one with `fabrica call open`.");
}

Outcome<int> open_call(Session& session, const NewCallOptions& options) {
  CallBody body{options.mode, options.title, options.partitions, {}};
  if (!options.closes.empty()) body.closes = options.closes;
  TRY(Server* const server, session.server());
  TRY(const Answer call, server->post({"v1", "calls"}, json::to_json(body)));
  if (session.options().json) {
    session.print_json(call.body);
    return exit_code::ok;
  }
  session.terminal().print(fmt::format(
      "call-{} is open: {}, mode {}, partitions {}.\n", number_in(call.value, "id"),
      printable(call.value.get("title").text()), printable(call.value.get("mode").text()),
      printable(joined_texts(call.value.get("partitions").items()))));
  return exit_code::ok;
}

Outcome<int> propose(Session& session, const ProposeOptions& options) {
  ProposalBody body;
  TRY(body.text, proposal_text_of(options));
  TRY(body.project, chosen_project(session, options.project));
  TRY(const std::string call, chosen_call(session, options.call));
  body.title = options.title;
  body.partition = options.partition;
  body.hours = options.hours;
  body.months = options.months;
  body.gpus_per_job = options.gpus_per_job;
  body.nodes_per_job = options.nodes_per_job;
  body.civil_use = options.civil_use;
  body.open_research = options.open_research;
  TRY(Server* const server, session.server());
  TRY(const Answer proposal, server->post({"v1", "calls", call, "proposals"}, json::to_json(body)));
  TRY_DONE(print_proposal(session, proposal));
  return proposal.value.get("phase").text() == "ineligible" ? exit_code::refused : exit_code::ok;
}

Outcome<int> list_proposals(Session& session) {
  return print_list(session, {"v1", "proposals"}, {},
                    {{"PROPOSAL"},
                     {"TITLE"},
                     {"CALL"},
                     {"PROJECT"},
                     {"PARTITION"},
                     {"HOURS", Side::right},
                     {""},
                     {"STATE"}},
                    &proposal_row, "There are no proposals.");
}

Outcome<int> show_proposal(Session& session, const std::string& id) {
  TRY(const std::string number, number_word(id, "proposal"));
  TRY(Server* const server, session.server());
  TRY(const Answer proposal, server->get({"v1", "proposals", number}));
  return print_proposal(session, proposal);
}

Outcome<int> assess(Session& session, const std::string& id, bool unsuitable,
                    const std::string& text) {
  TRY(const std::string number, number_word(id, "proposal"));
  AssessmentBody body{!unsuitable, {}};
  if (!text.empty()) body.text = text;
  TRY(Server* const server, session.server());
  TRY(const Answer proposal,
      server->post({"v1", "proposals", number + ":assess"}, json::to_json(body)));
  TRY_DONE(print_proposal(session, proposal));
  const bool found_unsuitable = proposal.value.get("phase").text() == "unsuitable";
  return found_unsuitable && !unsuitable ? exit_code::refused : exit_code::ok;
}

Outcome<int> grant(Session& session, const std::string& id) {
  TRY(const std::string number, number_word(id, "proposal"));
  TRY(Server* const server, session.server());
  TRY(const Answer award, server->post({"v1", "proposals", number + ":grant"}, "{}"));
  return print_award(session, award);
}

Outcome<int> list_awards(Session& session) {
  return print_list(session, {"v1", "awards"}, {},
                    {{"AWARD"},
                     {"PROJECT"},
                     {"PARTITION"},
                     {"HOURS", Side::right},
                     {""},
                     {"STATE"},
                     {"UNTIL"},
                     {"ACCOUNT"}},
                    &award_row, "There are no awards.");
}

Outcome<int> answer_award(Session& session, const std::string& id, const std::string& verb) {
  TRY(const std::string number, number_word(id, "award"));
  TRY(Server* const server, session.server());
  TRY(const Answer award, server->post({"v1", "awards", number + ":" + verb}, "{}"));
  return print_award(session, award);
}

}  // namespace fabrica::cli
