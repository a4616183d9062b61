#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <thread>

#include "system/server.h"
#include "system/slurm/bed.h"
#include "unit/store/fixture.h"

/// Accounts that a real cluster keeps for awards: made with a limit, used by the jobs of their
/// awards, and looked after. sacctmgr and squeue are the judges.
namespace fabrica {
namespace {

namespace fs = std::filesystem;

// 500 hours and a sixty-fourth, in minutes of a GPU, rounded up.
constexpr std::string_view award_limit = "gres/gpu=30469";

class SlurmAccounts : public testing::Test {
 protected:
  SlurmAccounts() {
    fs::permissions(folder_.path(), fs::perms(0755));
    fs::create_directories(work_);
    fs::permissions(work_, fs::perms(0777));
    const test::SlurmCluster& cluster = bed_.cluster("c1");
    test::write_file(
        folder_.path() / "fabrica.toml",
        fmt::format("[local]\nenabled = false\n"
                    "[[slurm]]\nsite = \"c1\"\nurl = \"{}\"\ncluster = \"c1\"\nkey_file = \"{}\"\n"
                    "user = \"{}\"\nprovision = true\n"
                    "[[slurm.partition]]\nslug = \"c1-gpu\"\npartition = \"gpu\"\n"
                    "gpu_type = \"{}\"\nnodes = 1\ngpus_per_node = {}\ncores_per_node = {}\n"
                    "memory_gib_per_node = 8\n",
                    cluster.url, cluster.key_file, cluster.users.front(), cluster.gpu_kind,
                    cluster.gpus_per_node, cluster.cpus_per_node));
    server_.start();
    post("/v1/organisations", R"({"name":"Start-up","country":"PT","kind":"start_up"})");
    post("/v1/partitions/c1-gpu/capacity", R"({"hours":"5000","text":"capacity"})");
    post("/v1/calls", R"({"mode":"playground","title":"Playground","partitions":["c1-gpu"]})");
  }

  json::Value post(const std::string& target, std::string body) {
    net::Client client(*net::parse_url(server_.url()));
    return test::must(client, server_.token(), net::Method::post, target, std::move(body));
  }

  /// A project with an award of 500 GPU-hours.
  std::int64_t award() {
    const std::int64_t project =
        *post("/v1/projects", R"({"title":"A project","organisation":1})").get("id").as_int();
    post("/v1/calls/1/proposals",
         fmt::format(R"({{"project":{},"title":"Work","partition":"c1-gpu","hours":"500",)"
                     R"("months":1,"gpus_per_job":1,"nodes_per_job":1,"civil_use":true,)"
                     R"("open_research":true,"text":"some work"}})",
                     project));
    awards_ += 1;
    post(fmt::format("/v1/proposals/{}:assess", awards_), R"({"suitable":true,"text":""})");
    post(fmt::format("/v1/proposals/{}:grant", awards_), "{}");
    post(fmt::format("/v1/awards/{}:accept", awards_), "{}");
    return project;
  }

  std::int64_t submit(std::int64_t project, const std::string& body) {
    const std::string script = "#!/bin/bash\n#SBATCH --time=2\n#SBATCH --gpus-per-node=1\n" + body;
    return post("/v1/jobs", test::submission(project, work_, script))
        .at("/job/id")
        .as_int()
        .value_or(0);
  }

  json::Value job(std::int64_t id, const std::string& query = "") {
    net::Client client(*net::parse_url(server_.url()));
    return test::must(client, server_.token(), net::Method::get,
                      fmt::format("/v1/jobs/{}{}", id, query));
  }

  std::string outcome_of(std::int64_t id) {
    json::Value seen;
    until([&] {
      seen = job(id, "?wait=20&phase=ended");
      return seen.get("phase").as_string() == "ended";
    });
    return std::string(seen.get("outcome").as_string().value_or(""));
  }

  std::string phase_of(std::int64_t id) {
    return std::string(job(id).get("phase").as_string().value_or(""));
  }

  static void until(const std::function<bool()>& is_so) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    while (!is_so()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
  }

  std::string root(std::vector<std::string> words) const {
    return bed_.run_as("root", "c1", words).output;
  }

  /// The accounts of awards that the user may use there: "4|gres/gpu=30469|", a line each.
  std::string there() const {
    const std::string seen =
        root({"sacctmgr", "-P", "-n", "show", "assoc", "cluster=c1",
              "user=" + bed_.cluster("c1").users.front(), "format=account,grptresmins,grpsubmit"});
    std::set<std::string> lines;
    std::string_view rest = seen;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      if (!line.starts_with("fab") || line.starts_with("fabrica")) continue;
      lines.insert(fmt::format("{}\n", line.substr(line.find('-') + 1)));
    }
    return fmt::format("{}", fmt::join(lines, ""));
  }

  /// The name of the account with this number, as it is there.
  std::string name_of(std::int64_t number) const {
    const std::string all = root({"sacctmgr", "-P", "-n", "show", "account", "format=account"});
    const std::string end = fmt::format("-{}\n", number);
    const std::size_t at = all.find(end);
    if (at == std::string::npos) return "";
    const std::size_t line = all.rfind('\n', at) + 1;
    return all.substr(line, at + end.size() - 1 - line);
  }

  void until_there(const std::string& expected) {
    until([&] { return there() == expected; });
    EXPECT_EQ(there(), expected);
  }

  test::Ran fabrica(std::vector<std::string> words) const {
    const char* const programs = std::getenv("FABRICA_BIN_DIR");
    std::vector<std::string> all{fs::path(programs == nullptr ? "" : programs) / "fabrica",
                                 "--data", server_.directory().string(), "--token-file",
                                 (server_.directory() / "admin-token").string()};
    all.insert(all.end(), words.begin(), words.end());
    return test::run_program(all);
  }

  std::string transactions() const {
    return root({"sacctmgr", "-P", "-n", "show", "transactions", "format=timestamp,action,info"});
  }

  test::TemporaryDirectory folder_;
  fs::path work_ = folder_.path() / "work";
  test::SlurmBed bed_;
  test::ServerProcess server_{folder_.path() / "data", folder_.path() / "fabrica.toml"};
  std::int64_t awards_ = 0;
};

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
