#include "cli/program.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "cli/command_line.h"
#include "config/nearest.h"

/// From the words of a command line to what is done, and to its exit code.
namespace fabrica::cli {

namespace {

constexpr const char* command_hint =
    "fabrica --help lists the commands, and fabrica COMMAND --help the words of one.";

// Where the command stands among the words, behind the global options.
std::size_t place_of_command(std::span<const std::string> words) {
  constexpr std::array<std::string_view, 3> with_value{"--server", "--data", "--token-file"};
  std::size_t at = 0;
  while (at < words.size() && words[at].starts_with('-')) {
    at += std::ranges::find(with_value, words[at]) == with_value.end() ? 1 : 2;
  }
  return std::min(at, words.size());
}

bool asks_for_help(std::span<const std::string> words) {
  return !words.empty() && (words.front() == "--help" || words.front() == "-h");
}

int say(const Failure& failure, bool colour) {
  fmt::print(stderr, "{}", failure_text(failure, colour));
  return failure.exit_code;
}

int say_parse_error(CLI::App& app, const CLI::ParseError& error, bool colour) {
  if (error.get_exit_code() == 0) return app.exit(error);  // help and version
  Failure failure(exit_code::usage, error.what());
  failure.hint = command_hint;
  return say(failure, colour);
}

// The parser only says that a command is missing; this says which word is none.
std::optional<Failure> unknown_command(const CLI::App& parent, std::span<const std::string> words) {
  if (words.empty() || words.front().starts_with('-')) return std::nullopt;
  std::vector<std::string> names;
  for (const CLI::App* sub : parent.get_subcommands([](const CLI::App*) { return true; })) {
    if (sub->get_name() == words.front()) {
      if (sub->get_require_subcommand_min() == 0) return std::nullopt;
      return unknown_command(*sub, words.subspan(1));
    }
    names.push_back(sub->get_name());
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  Failure failure(exit_code::usage, fmt::format("There is no command \"{}\".{}", words.front(),
                                                config::hint(words.front(), known)));
  failure.hint = command_hint;
  return failure;
}

// Splits the words behind `submit` and `plan`.
Outcome<Action> submission_action(const std::string& command, std::span<const std::string> words,
                                  GlobalOptions& global) {
  TRY(const SubmitWords found, split_submission(words, global));
  if (command == "plan") return Action([found](Session& session) { return plan(session, found); });
  return Action([found](Session& session) { return submit(session, found); });
}

}  // namespace

int run_program(std::span<const std::string> words, const std::string& version) {
  CommandLine line(version);
  std::span<const std::string> for_parser = words;
  const std::size_t place = place_of_command(words);
  const bool submits = place < words.size() && (words[place] == "submit" || words[place] == "plan");
  const std::span<const std::string> behind = words.subspan(std::min(place + 1, words.size()));
  if (submits && !asks_for_help(behind)) for_parser = words.first(place + 1);
  const bool colour = Terminal::look(false, false).colour_err;
  if (words.empty()) {
    fmt::print("{}", line.app.help());
    return exit_code::usage;
  }
  if (const auto unknown = unknown_command(line.app, words.subspan(place))) {
    return say(*unknown, colour);
  }
  try {
    line.app.parse(std::vector<std::string>(for_parser.rbegin(), for_parser.rend()));
  } catch (const CLI::ParseError& error) {
    return say_parse_error(line.app, error, colour);
  }
  Outcome<Action> action = line.chosen;
  if (submits) action = submission_action(words[place], behind, line.global);
  if (!action) return say(action.error(), colour);
  Session session(line.global, {});
  const Outcome<int> done = (*action)(session);
  return done ? *done : say(done.error(), session.terminal().colour_err);
}

}  // namespace fabrica::cli
