#include "shims/program.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "cli/words.h"
#include "shims/commands.h"

namespace fabrica::shims {

namespace {

struct Command {
  std::string_view name;
  Outcome<int> (*run)(Caller&, Arguments) = nullptr;
};

constexpr auto commands = std::to_array<Command>({
    {"sbatch", &sbatch},
    {"squeue", &squeue},
    {"sacct", &sacct},
    {"scancel", &scancel},
    {"sinfo", &sinfo},
    {"scontrol", &scontrol},
    {"sacctmgr", &sacctmgr},
    {"srun", &srun},
});

constexpr std::string_view usage_text =
    "usage: fabrica-slurm install DIR\n"
    "\n"
    "Makes links in DIR, under whose names this program answers as Slurm's commands do, from a\n"
    "Fabrica server: sbatch squeue sacct scancel sinfo scontrol sacctmgr srun. The server and the\n"
    "token are found as `fabrica` finds them.\n";

const Command* command_named(std::string_view name) {
  const auto* const found = std::ranges::find(commands, name, &Command::name);
  return found == commands.end() ? nullptr : found;
}

// What is there already is left alone, unless it is an earlier link to this program.
Outcome<void> make_link(const std::filesystem::path& link, const std::filesystem::path& program) {
  std::error_code error;
  const auto there = std::filesystem::symlink_status(link, error);
  if (there.type() == std::filesystem::file_type::symlink &&
      std::filesystem::read_symlink(link, error).filename() == program.filename()) {
    std::filesystem::remove(link, error);
  } else if (std::filesystem::exists(there)) {
    return cli::usage_failure(fmt::format("{} is there already and is not ours.", link.string()),
                              "Name another directory.");
  }
  std::filesystem::create_symlink(program, link, error);
  if (!error) return {};
  return cli::usage_failure(fmt::format("{} cannot be made: {}.", link.string(), error.message()));
}

Outcome<int> install(const std::string& directory) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path program = fs::canonical("/proc/self/exe", error);
  const fs::path folder = fs::absolute(directory, error);
  fs::create_directories(folder, error);
  for (const Command& command : commands) TRY_DONE(make_link(folder / command.name, program));
  say(fmt::format("Put it first in your PATH:\n  export PATH={}:$PATH\n", folder.string()));
  return 0;
}

bool asks_for(Arguments words, std::string_view letter, std::string_view name) {
  return words.size() == 1 && (words.front() == letter || words.front() == name);
}

Outcome<int> run_named(const Command& command, Arguments words, const std::string& version) {
  if (command.name != "srun" && asks_for(words, "-V", "--version")) {
    say(version_line(version));
    return 0;
  }
  if (command.name != "srun" && asks_for(words, "--help", "--usage")) {
    say(fmt::format("{} of Fabrica: takes Slurm's options as docs/shims.md lists them.\n",
                    command.name));
    return 0;
  }
  Caller caller;
  return command.run(caller, words);
}

}  // namespace

void say(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void complain(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

std::string version_line(std::string_view version) {
  return fmt::format("slurm-wlm 22.05.8 (Fabrica {})\n", version);
}

std::string failure_text_of(std::string_view program, const Failure& failure) {
  if (stands_as_it_is(failure)) return failure.text + "\n";
  std::string text = failure.text;
  if (!failure.hint.empty()) text += "\n" + failure.hint;
  if (failure.exit_code == cli::exit_code::unreachable)
    text += "\nUnable to contact slurm controller (connect failure)";
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out += fmt::format("{}: error: {}\n", program, cli::printable(text.substr(0, end)));
    text.erase(0, std::min(end + 1, text.size()));
  }
  return out;
}

int run_shim(const std::string& called, std::span<const std::string> words,
             const std::string& version) {
  const Command* command = command_named(std::filesystem::path(called).filename().string());
  if (command == nullptr && !words.empty()) {
    command = command_named(words.front());
    if (command != nullptr) words = words.subspan(1);
  }
  const bool installs = command == nullptr && words.size() == 2 && words.front() == "install";
  if (command == nullptr && !installs) {
    complain(usage_text);
    return cli::exit_code::usage;
  }
  const Outcome<int> done = installs ? install(words.back()) : run_named(*command, words, version);
  if (done) return *done;
  const std::string_view name = installs ? "fabrica-slurm" : command->name;
  complain(name == "sbatch" ? submission_failure_text(done.error())
                            : failure_text_of(name, done.error()));
  return done.error().exit_code == 255 ? 255 : 1;
}

}  // namespace fabrica::shims
