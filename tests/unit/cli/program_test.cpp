#include "cli/program.h"

#include <gtest/gtest.h>

#include <vector>

#include "cli/outcome.h"

namespace fabrica::cli {
namespace {

// What needs no server: the exit codes that scripts rely on.
TEST(Program, ExitCodesAreStable) {
  const std::string nowhere = "--server=unix:/nonexistent/fabrica.sock";
  const std::string made = "tests/traces/made.swf.gz";
  const std::string scenario = "examples/scenarios/one-machine.toml";
  const struct {
    std::vector<std::string> words;
    int exit_code;
    std::string_view printed;  // on either stream
  } rows[] = {
      {{"--help"}, exit_code::ok, "Exit codes:"},
      {{"--version"}, exit_code::ok, "fabrica 1.2.3"},
      {{"submit", "--help"}, exit_code::ok, "--follow"},
      {{"plan", "-h"}, exit_code::ok, "Submits nothing"},
      {{"completion", "bash"}, exit_code::ok, "complete -o default -F _fabrica fabrica"},
      {{}, exit_code::usage, "submit an sbatch script"},
      {{"nonsense"}, exit_code::usage, "There is no command \"nonsense\""},
      {{"--quiet", "sumbit"}, exit_code::usage, "Did you mean \"submit\"?"},
      {{"call", "opne"}, exit_code::usage, "Did you mean \"open\"?"},
      {{"job"}, exit_code::usage, "ID"},
      {{"jobs", "--no-such-option"}, exit_code::usage, "--no-such-option"},
      {{"call"}, exit_code::usage, "subcommand"},
      {{nowhere, "job", "task-7"}, exit_code::usage, "is no job"},
      {{"submit", "/nonexistent/train.sh"},
       exit_code::usage,
       "/nonexistent/train.sh cannot be read"},
      {{"--token-file", "/nonexistent", nowhere, "sites"},
       exit_code::usage,
       "/nonexistent cannot be read"},
      {{"--server", "ftp://x", "sites"}, exit_code::usage, "ftp://x is not one"},
      {{"log", "verify", "--data", "/nonexistent"},
       exit_code::usage,
       "There is no log in /nonexistent"},
      {{"log", "rebuild", "--data", "/nonexistent"},
       exit_code::usage,
       "There is no log in /nonexistent"},
      {{nowhere, "sites"}, exit_code::unreachable, "Cannot reach unix:/nonexistent/fabrica.sock"},
      {{"sites", nowhere}, exit_code::unreachable, "Cannot reach"},
      {{"simulate", "--seed", "1", "--steps", "20"}, exit_code::ok, "all checkers satisfied"},
      {{"simulate", "--swf", made}, exit_code::ok, "wait mean              120491.740 s"},
      {{"simulate", "--swf", made, "--scheduler", "fcfs"}, exit_code::ok, "queue          3104"},
      {{"simulate", "--swf", made, "--order", "textbook", "--json"},
       exit_code::ok,
       R"("schedule":"5d5aec8782df19c57c697ab4634bb9b6")"},
      {{"simulate", "--swf", made, "--procs", "32", "--json"},
       exit_code::ok,
       R"("kind":"wider_than_machine")"},
      {{"simulate", "--swf", made, "--scheduler", "best"}, exit_code::usage, "--scheduler is easy"},
      {{"simulate", "--swf", made, "--order", "any"}, exit_code::usage, "--order is textbook"},
      {{"simulate", "--swf", made, "--maintenance", "86400:172800", "--maintenance",
        "900000:990000:32", "--predict"},
       exit_code::ok,
       "starts predicted"},
      {{"simulate", "--swf", made, "--scheduler", "conservative", "--failure", "86400:90000:16"},
       exit_code::ok,
       "lost to failures       "},
      {{"simulate", "--swf", made, "--scheduler", "priority", "--weights", "wide=500,age=2000",
        "--half-life", "3", "--failure", "86400:90000:16"},
       exit_code::ok,
       "priority, default order"},
      {{"simulate", "--swf", made, "--scheduler", "priority", "--weights", "rank=1"},
       exit_code::usage,
       "--weights are age=N"},
      {{"simulate", "--swf", made, "--nodes", "8", "--gpus-per-node", "8"},
       exit_code::ok,
       "4000 jobs on 64, easy"},
      {{"simulate", "--swf", made, "--nodes", "8"}, exit_code::usage, "requires --gpus-per-node"},
      {{"simulate", "--swf", made, "--nodes", "8", "--gpus-per-node", "8", "--predict"},
       exit_code::usage,
       "--nodes goes with"},
      {{"simulate", "--swf", made, "--half-life", "3"},
       exit_code::usage,
       "go with --scheduler priority"},
      {{"simulate", "--swf", made, "--failure", "90000:86400"},
       exit_code::usage,
       "--failure is FROM:TO or FROM:TO:PROCESSORS"},
      {{"simulate", "--swf", made, "--maintenance", "1:2", "--order", "textbook"},
       exit_code::usage,
       "go with --order default"},
      {{"simulate", "--swf", made, "--failure", "1:2", "--predict"},
       exit_code::usage,
       "nobody can know of it"},
      {{"simulate", "--swf", made, "--sites", "64,32", "--failure", "1:2"},
       exit_code::usage,
       "excludes"},
      {{"simulate", "--swf", made, "--scale", "0"}, exit_code::usage, "--scale is a number"},
      {{"simulate", "--swf", "/nonexistent"}, exit_code::usage, "/nonexistent cannot be opened"},
      {{"simulate", "--swf", made, "--seed", "1"}, exit_code::usage, "excludes"},
      {{"simulate", "--procs", "4"}, exit_code::usage, "requires --swf"},
      {{"simulate", scenario}, exit_code::ok, "one machine: 4000 jobs on 64"},
      {{"simulate", scenario, "--jobs", "3", "--json"}, exit_code::ok, R"("setting":"sjbf")"},
      {{"simulate", scenario, "--schedule-out", "/dev/null"}, exit_code::usage, "these are 4 runs"},
      {{"simulate", scenario, "--report", "/nonexistent/report.html"},
       exit_code::unreachable,
       "/nonexistent/report.html cannot be written"},
      {{"simulate", scenario, "--seeds", "1000000"}, exit_code::usage, "are too many runs"},
      {{"simulate", scenario, "--steps", "5"}, exit_code::usage, "excludes"},
      {{"simulate", scenario, "--swf", made}, exit_code::usage, "excludes"},
      {{"simulate", "/nonexistent.toml"}, exit_code::usage, "There is no file /nonexistent.toml"},
      {{"simulate", "--jobs", "2"}, exit_code::usage, "requires SCENARIO"},
      {{"simulate", "--trace-cache", "x"}, exit_code::usage, "go with a scenario or with --swf"},
      {{"compare", scenario, scenario}, exit_code::ok, "equal"},
      {{"compare", scenario, "/nonexistent"}, exit_code::usage, "/nonexistent cannot be opened"},
      {{"compare", scenario, made}, exit_code::usage, "this is no line of fabrica simulate"},
      {{"compare", scenario}, exit_code::usage, "B is required"},
  };
  for (const auto& row : rows) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = run_program(row.words, "1.2.3");
    const std::string printed =
        testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
    EXPECT_EQ(code, row.exit_code) << testing::PrintToString(row.words) << printed;
    EXPECT_NE(printed.find(row.printed), std::string::npos)
        << testing::PrintToString(row.words) << printed;
  }
}

}  // namespace
}  // namespace fabrica::cli
