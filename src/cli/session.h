#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/client.h"
#include "cli/table.h"

namespace fabrica::cli {

/// What one run of the program has at hand.
class Session {
 public:
  Session(GlobalOptions options, Place place)
      : options_(std::move(options)),
        place_(std::move(place)),
        terminal_(Terminal::look(options_.no_colour, options_.quiet)) {}

  const GlobalOptions& options() const { return options_; }
  const Place& place() const { return place_; }
  const Terminal& terminal() const { return terminal_; }

  /// The server, found and opened when it is first needed.
  Outcome<Server*> server();

  /// Prints an answer as it came, for programs.
  void print_json(std::string_view body) const;

  /// Prints a table, or `otherwise` when it has no rows.
  void print(const Table& table, std::string_view otherwise) const;

  /// Prints items as one JSON value a line, with --json, or a table with a row for each.
  void print_items(const std::vector<json::Value>& items, std::vector<Table::Column> columns,
                   const std::function<std::vector<Table::Cell>(const json::Value&)>& row,
                   std::string_view otherwise) const;

 private:
  GlobalOptions options_;
  Place place_;
  Terminal terminal_;
  std::optional<Server> server_;
};

/// Gets a whole list and prints it.
Outcome<int> print_list(Session& session, const Path& path, const Pairs& query,
                        std::vector<Table::Column> columns,
                        const std::function<std::vector<Table::Cell>(const json::Value&)>& row,
                        std::string_view otherwise);

/// The number of the project that is meant: `named` ("project-3" or "3"), otherwise
/// $FABRICA_PROJECT, otherwise the only one that the caller belongs to.
Outcome<std::uint64_t> chosen_project(Session& session, const std::string& named);

/// One finding: `train.sh:7:9: error: --time: …`, the line with a caret, the hint.
std::string finding_text(const ScriptFinding& finding, const ScriptSource& source, bool colour);

/// What a failure looks like to its reader, with newlines.
std::string failure_text(const Failure& failure, bool colour);

}  // namespace fabrica::cli
