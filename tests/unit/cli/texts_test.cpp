#include <gtest/gtest.h>

#include "cli/follow.h"
#include "cli/statement.h"
#include "cli/verdicts.h"

namespace fabrica::cli {
namespace {

json::Value value(std::string_view text) {
  const Result<json::Value> parsed = json::Value::parse(text);
  return parsed ? *parsed : json::Value();
}

TEST(Statement, ShowsEachEntryAndWhatStoodAfterIt) {
  const std::vector<json::Value> lines = value(R"([
    {"seq":1,"at":"2026-11-22T10:00:00Z","kind":"transfer_in","amount":36000000,"balance":36000000,"held":0,
     "available":36000000,"text":"award-1"},
    {"seq":2,"at":"2026-11-22T10:01:00Z","kind":"hold","job":7,"amount":7200000,"balance":36000000,"held":7200000,
     "available":28800000,"text":""},
    {"seq":3,"at":"2026-11-22T10:02:00Z","kind":"charge","job":7,"amount":1800000,"balance":34200000,"held":5400000,
     "available":28800000,"text":""},
    {"seq":4,"at":"2026-11-22T10:02:00Z","kind":"release","job":7,"amount":5400000,"balance":34200000,"held":0,
     "available":34200000,"text":""},
    {"seq":5,"at":"2026-11-22T10:03:00Z","kind":"correction","job":7,"amount":900000,"balance":35100000,"held":0,
     "available":35100000,"text":"A node was lost."}])")
                                             .items();
  const json::Value account =
      value(R"({"id":4,"kind":"award","unit":"core","project":1,"held":0,"available":35100000})");
  EXPECT_EQ(
      statement_text(account, "local-cpu", lines, false, 0),
      "account-4 of project-1, partition local-cpu, core-hours\n"
      "TIME                  WHAT        JOB     AMOUNT  BALANCE   HELD  AVAILABLE  TEXT\n"
      "2026-11-22 10:00:00Z  award              +10.000   10.000  0.000     10.000  award-1\n"
      "2026-11-22 10:01:00Z  hold        job-7    2.000   10.000  2.000      8.000\n"
      "2026-11-22 10:02:00Z  charge      job-7   -0.500    9.500  1.500      8.000\n"
      "2026-11-22 10:02:00Z  release     job-7    1.500    9.500  0.000      9.500\n"
      "2026-11-22 10:03:00Z  correction  job-7   +0.250    9.750  0.000      9.750  A node was "
      "lost.\n"
      "received 10.000, charged 0.500, corrected +0.250, held 0.000; available 9.750 core-hours\n");
}

TEST(Statement, OfANewAccountIsEmpty) {
  EXPECT_EQ(statement_text(value(R"({"id":4,"kind":"pool","unit":"gpu","locked":true})"), "p", {},
                           false, 0),
            "account-4, partition p, GPU-hours (pool), locked until the award is accepted\n"
            "received 0.000, charged 0.000, held 0.000; available 0.000 GPU-hours\n");
}

TEST(Proposal, SaysOfEachRuleWhetherItIsMet) {
  EXPECT_EQ(proposal_text(
                value(R"({"id":2,"call":1,"project":3,"title":"Small model","partition":"local-cpu",
      "unit":"core","amount":1800000000,"months":2,"phase":"ineligible","eligibility":[
        {"rule":"organisation_kind","passed":true,"reason":"Registered as start_up."},
        {"rule":"seat","passed":false,"reason":"The seat must be in a member state."}],"technical":[]})"),
                false),
            "proposal-2 Small model: ineligible\n"
            "  project-3 asks call-1 for 500.000 core-hours on local-cpu, 2 months\n"
            "  eligibility\n"
            "    ✓ organisation kind: Registered as start_up.\n"
            "    ✗ seat: The seat must be in a member state.\n"
            "  Nothing was granted. Mend what is marked ✗ and propose again.\n");
}

TEST(Outcome, SaysHowAJobEndedAndWhatItCost) {
  const struct {
    std::string_view job;
    std::string_view text;
    int exit_code;
  } rows[] = {
      {R"({"id":7,"unit":"core","outcome":"completed","started":"2026-11-22T10:00:00Z","ended":"2026-11-22T10:00:42Z",
          "hold":480000,"charged":84000,
          "task_list":[{"outcome":"completed","exit_code":0,"cpu_ms":61500,"memory_bytes_peak":851443712}]})",
       "job-7 completed: exit code 0, wall time 42.0 s, CPU time 00:01:02, peak memory 812.0 MiB\n"
       "  charged 0.023 core-hours of 0.133 held; the rest was released",
       0},
      {R"({"id":8,"unit":"core","outcome":"timeout","started":"2026-11-22T10:00:00Z","ended":"2026-11-22T10:01:00Z",
          "hold":60000,"charged":60000,
          "task_list":[{"outcome":"timeout","signal":15,"cpu_ms":100,"memory_bytes_peak":0,"text":"Its time was up."}]})",
       "job-8 timeout: killed by signal 15, wall time 00:01:00, CPU time 0.1 s, peak memory 0 B\n"
       "  Its time was up.\n"
       "  charged 0.016 core-hours of 0.016 held; the rest was released",
       1},
      {R"({"id":9,"unit":"gpu","outcome":"cancelled","hold":3600000,"charged":0,
          "task_list":[{"outcome":"completed"},{"outcome":"cancelled"},{"outcome":"cancelled"}]})",
       "job-9 cancelled: 2 cancelled, 1 completed, it never ran\n"
       "  charged 0.000 GPU-hours of 1.000 held; the rest was released",
       1},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(outcome_text(value(row.job), false), row.text);
    EXPECT_EQ(exit_code_of_job(value(row.job)), row.exit_code);
  }
}

}  // namespace
}  // namespace fabrica::cli
