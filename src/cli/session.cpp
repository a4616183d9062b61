#include "cli/session.h"

#include <fmt/core.h>

#include "cli/words.h"

namespace fabrica::cli {

Outcome<Server*> Session::server() {
  if (!server_) {
    TRY(const Target target, find_target(options_, place_));
    TRY(server_, Server::at(target));
  }
  return &*server_;
}

void Session::print_json(std::string_view body) const {
  terminal_.print(body);
  if (!body.ends_with('\n')) terminal_.print("\n");
}

void Session::print(const Table& table, std::string_view otherwise) const {
  if (table.empty()) return terminal_.note(otherwise);
  terminal_.print(table.text(terminal_.colour_out, terminal_.columns));
}

void Session::print_items(const std::vector<json::Value>& items, std::vector<Table::Column> columns,
                          const std::function<std::vector<Table::Cell>(const json::Value&)>& row,
                          std::string_view otherwise) const {
  if (options_.json) {
    std::string lines;
    for (const json::Value& item : items) lines += item.text() + "\n";
    return terminal_.print(lines);
  }
  Table table(std::move(columns));
  for (const json::Value& item : items) table.add(row(item));
  print(table, otherwise);
}

Outcome<int> print_list(Session& session, const Path& path, const Pairs& query,
                        std::vector<Table::Column> columns,
                        const std::function<std::vector<Table::Cell>(const json::Value&)>& row,
                        std::string_view otherwise) {
  TRY(Server* const server, session.server());
  TRY(const std::vector<json::Value> items, server->list(path, query));
  session.print_items(items, std::move(columns), row, otherwise);
  return exit_code::ok;
}

Outcome<std::uint64_t> chosen_project(Session& session, const std::string& named) {
  const std::string given =
      named.empty() ? session.place().variable("FABRICA_PROJECT").value_or("") : named;
  if (!given.empty()) {
    const auto number = number_of(given, "project");
    if (number) return *number;
    return usage_failure(fmt::format("\"{}\" is no project.", printable(given)),
                         "Give its number, such as project-3; `fabrica project list` shows them.");
  }
  TRY(Server* const server, session.server());
  TRY(const Answer me, server->get({"v1", "me"}));
  const std::vector<json::Value> projects = me.value.get("projects").items();
  if (projects.size() == 1) return static_cast<std::uint64_t>(number_in(projects.front(), "id"));
  if (projects.empty()) {
    return usage_failure(
        "You belong to no project.",
        "Open one with `fabrica project create TITLE --organisation N`, or have its lead add you.");
  }
  std::string text = "You belong to several projects; say which one is meant:";
  for (const json::Value& project : projects) {
    text += fmt::format("\n  project-{}  {}", number_in(project, "id"),
                        printable(project.get("title").text()));
  }
  return usage_failure(std::move(text), "Add --project N, or set FABRICA_PROJECT.");
}

}  // namespace fabrica::cli
