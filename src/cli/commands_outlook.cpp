#include <fmt/core.h>

#include <string>

#include "cli/commands.h"
#include "cli/words.h"

/// Why a job waits.
namespace fabrica::cli {

namespace {

using json::Value;

std::string change_text(std::string_view instead) {
  if (instead == "half_the_time") return "half of its time limit";
  if (instead == "half_the_width") return "half as many nodes or GPUs";
  return "half as many nodes or GPUs and half of its time limit";
}

std::string moment(const Value& time) { return printable(time.text()); }

void print_rooms(Session& session, const Value& rooms) {
  Table table(
      {{"PARTITION"}, {"NEEDS", Table::Side::right}, {"FREE", Table::Side::right}, {"STANDING"}});
  for (const Value& room : rooms.items()) {
    table.add({printable(room.get("partition").text()), room.get("needed").text(),
               room.get("free").text(), printable(room.get("standing").text())});
  }
  session.print(table, "");
}

}  // namespace

Outcome<int> why(Session& session, const std::string& id) {
  TRY(Server* const server, session.server());
  TRY(const std::string word, job_path_word(id));
  TRY(const Answer answer, server->get({"v1", "jobs", word, "outlook"}));
  const Value& outlook = answer.value;
  if (session.options().json) {
    session.print_json(outlook.text());
    return exit_code::ok;
  }
  const Terminal& terminal = session.terminal();
  terminal.print(fmt::format("job-{} is {}. {}\n", outlook.get("job").text(),
                             outlook.get("phase").text(), printable(outlook.get("why").text())));
  if (outlook.get("start").exists()) {
    terminal.print(
        fmt::format("As things stand it begins at {} on {}, if nobody comes who goes first.\n",
                    moment(outlook.get("start")), printable(outlook.get("partition").text())));
  }
  if (!outlook.get("rooms").items().empty()) print_rooms(session, outlook.get("rooms"));
  for (const Value& one : outlook.get("sooner").items()) {
    terminal.print(fmt::format("With {} it would begin at {} on {}.\n",
                               change_text(one.get("instead").text()), moment(one.get("start")),
                               printable(one.get("partition").text())));
  }
  return exit_code::ok;
}

}  // namespace fabrica::cli
