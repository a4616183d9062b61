#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "cli/commands.h"

/// Every command, its words and its help. Only this and program.cpp know CLI11.
namespace fabrica::cli {

using Action = std::function<Outcome<int>(Session&)>;

/// Declares the commands; the one that is called becomes `chosen`.
class CommandLine {
 public:
  explicit CommandLine(const std::string& version);

  CLI::App app{"fabrica: one way into the AI factories: calls, awards, jobs and their accounts"};
  GlobalOptions global;
  Action chosen;

 private:
  CLI::App& below(CLI::App& parent, const std::string& name, const std::string& about);

  // A command whose words are put into an Options of its own.
  template <class Options>
  std::pair<CLI::App&, Options&> command(CLI::App& parent, const std::string& name,
                                         const std::string& about,
                                         std::function<Outcome<int>(Session&, const Options&)> run);
  void command(CLI::App& parent, const std::string& name, const std::string& about, Action run);

  // One that has a single positional word.
  void command_of_one(CLI::App& parent, const std::string& name, const std::string& about,
                      const std::string& word,
                      std::function<Outcome<int>(Session&, const std::string&)> run,
                      bool required = true);

  void declare_globals(const std::string& version);
  void declare_server(const std::string& version);
  void declare_sites();
  void declare_federation();
  void declare_projects();
  void declare_calls();
  void declare_proposals();
  void declare_submitting();
  void declare_jobs();
  void declare_ledger();
  void declare_log();
  void declare_simulate();
  void declare_compare();
  void declare_tokens();
  void declare_completion();
};

template <class Options>
std::pair<CLI::App&, Options&> CommandLine::command(
    CLI::App& parent, const std::string& name, const std::string& about,
    std::function<Outcome<int>(Session&, const Options&)> run) {
  CLI::App& made = below(parent, name, about);
  const auto options = std::make_shared<Options>();
  made.callback([this, options, run = std::move(run)] {
    chosen = [options, run](Session& session) { return run(session, *options); };
  });
  return {made, *options};
}

}  // namespace fabrica::cli
