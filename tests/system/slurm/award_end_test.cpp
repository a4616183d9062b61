#include "system/slurm/accounts_fixture.h"

/// An award comes to its end while the server is down, and is over when it starts again: its
/// account at a real cluster takes no more jobs. The server's clock is a false one, which the
/// sanitizers' programs cannot have: so this is among the tests of the programs as they ship (./dev
/// check).
namespace fabrica {
namespace {

constexpr const char* faketime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

TEST_F(SlurmAccounts, AreClosedWhenTheirAwardIsOver) {
  const std::int64_t project = award();
  until_there(fmt::format("4|{}|\n", award_limit));
  EXPECT_EQ(outcome_of(submit(project, "true\n")), "completed");
  EXPECT_EQ(server_.stop(), 0);

  // The award was for a month.
  ::setenv("LD_PRELOAD", faketime, 1);
  ::setenv("FAKETIME", "+40d", 1);
  ::setenv("DONT_FAKE_MONOTONIC", "1", 1);
  server_.start();
  for (const char* name : {"LD_PRELOAD", "FAKETIME", "DONT_FAKE_MONOTONIC"}) ::unsetenv(name);
  until([&] { return there().ends_with("|0\n"); });
  const test::Ran refused =
      bed_.run_as(bed_.cluster("c1").users.front(), "c1",
                  {"sbatch", "-A", name_of(4), "--gres=gpu:1", "-t", "1", "--wrap", "true"});
  EXPECT_NE(refused.code, 0) << refused.output;
  EXPECT_NE(refused.output.find("AssocGrpSubmitJobsLimit"), std::string::npos) << refused.output;
  server_.kill();
}

}  // namespace
}  // namespace fabrica
