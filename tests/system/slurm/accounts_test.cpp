#include "system/slurm/accounts_fixture.h"

/// Accounts that a real cluster keeps for awards: made with a limit, used by the jobs of their
/// awards, and looked after. sacctmgr and squeue are the judges. What becomes of them when the
/// award is over is in award_end_test.cpp.
namespace fabrica {
namespace {

// The accounts of partition and exchange come first: the awards' are 4 and 5.
TEST_F(SlurmAccounts, AreMadeUsedAndLookedAfter) {
  const std::int64_t one = award();
  const std::int64_t two = award();
  until_there(fmt::format("4|{0}|\n5|{0}|\n", award_limit));

  // Jobs run in the account of their award.
  const std::int64_t first = submit(one, "echo account $SLURM_JOB_ACCOUNT\n");
  const std::int64_t second = submit(two, "echo account $SLURM_JOB_ACCOUNT\n");
  EXPECT_EQ(outcome_of(first), "completed");
  EXPECT_EQ(outcome_of(second), "completed");
  const auto account_of = [&](std::int64_t id) {
    const std::string reference(job(id).get("reference").as_string().value_or(""));
    const std::string shown = root({"scontrol", "-o", "show", "job", reference.substr(3)});
    const std::size_t at = shown.find(" Account=") + 9;
    return shown.substr(at, shown.find(' ', at) - at);
  };
  EXPECT_EQ(account_of(first), name_of(4));
  EXPECT_EQ(account_of(second), name_of(5));

  // The second lock: what Fabrica has not let through does not start.
  const std::string user = bed_.cluster("c1").users.front();
  const auto direct = [&](const std::string& minutes) {
    return bed_.run_as(user, "c1",
                       {"sbatch", "--parsable", "-A", name_of(4), "--gres=gpu:4", "-t", minutes,
                        "-o", "/dev/null", "--wrap", "sleep 30"});
  };
  const test::Ran beyond = direct("10000");
  ASSERT_EQ(beyond.code, 0) << beyond.output;
  until([&] {
    return root({"squeue", "-h", "-o", "%a %r"}) == name_of(4) + " AssocGrpGRESMinutes\n";
  });
  EXPECT_EQ(root({"squeue", "-h", "-o", "%a %T %r"}),
            name_of(4) + " PENDING AssocGrpGRESMinutes\n");
  root({"scancel", "-A", name_of(4)});

  // What somebody else runs in an award's account is in the site's books and not in ours.
  const test::Ran stranger = bed_.run_as(user, "c1",
                                         {"sbatch", "--wait", "-A", name_of(5), "--gres=gpu:1",
                                          "-t", "1", "-o", "/dev/null", "--wrap", "sleep 2"});
  ASSERT_EQ(stranger.code, 0) << stranger.output;
  const std::string told = "a job of somebody else's in an account of ours: " + user;
  until(
      [&] { return fabrica({"site", "reconcile", "c1"}).output.find(told) != std::string::npos; });

  // Nor does he who may charge it without our word go unseen.
  root({"sacctmgr", "-i", "add", "user", "root", "cluster=c1", "account=" + name_of(5)});
  const test::Ran shared = fabrica({"site", "check", "c1"});
  EXPECT_NE(shared.output.find("it may be used by root, whom"), std::string::npos) << shared.output;
  root({"sacctmgr", "-i", "delete", "user", "root", "cluster=c1", "account=" + name_of(5)});

  // Asked again, nothing is changed.
  const std::string before = transactions();
  server_.kill();
  server_.start();
  const test::Ran well = fabrica({"site", "check", "c1"});
  EXPECT_NE(well.output.find("2 of 2 accounts of awards are as they should be"), std::string::npos)
      << well.output;
  EXPECT_EQ(outcome_of(submit(one, "true\n")), "completed");
  EXPECT_EQ(transactions(), before);
  EXPECT_EQ(server_.stop(), 0);
}

TEST_F(SlurmAccounts, WaitForTheirDatabaseAndAreMendedAsTheyMayBe) {
  bed_.kill("dbd");
  const std::int64_t project = award();
  const std::int64_t waits = submit(project, "true\n");
  until([&] {
    const test::Ran check = fabrica({"site", "check", "c1"});
    return check.output.find("wrong   slurmdbd") != std::string::npos;
  });
  EXPECT_EQ(phase_of(waits), "placed");
  bed_.start("dbd");
  EXPECT_EQ(outcome_of(waits), "completed");
  EXPECT_EQ(there(), fmt::format("4|{}|\n", award_limit));

  // A limit that somebody took off is put back by itself once it is seen.
  const std::string user = bed_.cluster("c1").users.front();
  root({"sacctmgr", "-i", "modify", "user", user, "where", "account=" + name_of(4), "set",
        "grptresmins=gres/gpu=-1"});
  const test::Ran unlimited = fabrica({"site", "check", "c1"});
  EXPECT_EQ(unlimited.code, 1);
  EXPECT_NE(unlimited.output.find("it has no limit on gres/gpu"), std::string::npos)
      << unlimited.output;
  server_.kill();
  server_.start();
  until_there(fmt::format("4|{}|\n", award_limit));

  // As long as it is not known to be there as it should it is told again, whoever changes it.
  until([&] {
    const test::Ran check = fabrica({"site", "check", "c1"});
    return check.output.find("1 of 1 accounts of awards are as they should be") !=
           std::string::npos;
  });

  // A user who was taken away stays so until the operator wants it otherwise; jobs wait.
  root({"sacctmgr", "-i", "delete", "user", user, "account=" + name_of(4)});
  EXPECT_EQ(there(), "");
  // slurmctld hears of it after slurmdbd.
  until([&] {
    return bed_.run_as(user, "c1",
                       {"sbatch", "--test-only", "-A", name_of(4), "--gres=gpu:1", "-t", "1",
                        "--wrap", "true"})
               .code != 0;
  });
  const std::int64_t held_back = submit(project, "true\n");
  until([&] {
    const test::Ran check = fabrica({"site", "check", "c1"});
    return check.output.find("--mend gives back") != std::string::npos;
  });
  EXPECT_EQ(phase_of(held_back), "placed");
  fabrica({"site", "check", "--mend", "c1"});
  until_there(fmt::format("4|{}|\n", award_limit));
  EXPECT_EQ(outcome_of(held_back), "completed");
  EXPECT_EQ(server_.stop(), 0);
}

}  // namespace
}  // namespace fabrica
