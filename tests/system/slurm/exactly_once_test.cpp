#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "base/random.h"
#include "store/verify.h"
#include "system/server.h"
#include "system/slurm/bed.h"
#include "unit/store/fixture.h"

/// Jobs on real Slurm clusters, while whatever there is to kill is killed or frozen at random
/// moments: none is lost, none runs twice by our doing, none is charged twice. Slurm itself runs
/// some jobs again, and forgets some that ran, when slurmctld is killed before it has saved its
/// state: those are named.
///
/// FABRICA_PROVE_FAULTS: how many faults; FABRICA_PROVE_SEED: which ones.
namespace fabrica {
namespace {

using test::SlurmBed;
using test::SlurmCluster;

constexpr std::uint32_t clusters = 3;
constexpr std::chrono::minutes settle_deadline{8};

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string settings_for(const test::SlurmFacts& facts) {
  std::string text = "[local]\nenabled = false\n";
  for (const SlurmCluster& cluster : facts.clusters) {
    text += fmt::format(
        "[[slurm]]\nsite = \"{0}\"\nurl = \"{1}\"\ncluster = \"{0}\"\nkey_file = \"{2}\"\n"
        "user = \"{3}\"\naccount = \"{4}\"\n"
        "[[slurm.partition]]\nslug = \"{0}-gpu\"\npartition = \"gpu\"\ngpu_type = \"{5}\"\n"
        "nodes = {6}\ngpus_per_node = {7}\ncores_per_node = {8}\nmemory_gib_per_node = 8\n",
        cluster.name, cluster.url, cluster.key_file, cluster.users.front(), cluster.account,
        cluster.gpu_kind, cluster.nodes.size(), cluster.gpus_per_node, cluster.cpus_per_node);
  }
  return text;
}

// One project with an award at every cluster.
std::int64_t make_project(net::Client& client, const std::string& token,
                          const test::SlurmFacts& facts) {
  const auto post = [&](const std::string& target, std::string body) {
    return test::must(client, token, net::Method::post, target, std::move(body));
  };
  post("/v1/organisations", R"({"name":"Start-up","country":"PT","kind":"start_up"})");
  const std::int64_t project =
      *post("/v1/projects", R"({"title":"A project","organisation":1})").get("id").as_int();
  std::vector<std::string> partitions;
  for (const SlurmCluster& cluster : facts.clusters)
    partitions.push_back(fmt::format("\"{}-gpu\"", cluster.name));
  for (const std::string& partition : partitions) {
    post(fmt::format("/v1/partitions/{}/capacity", partition.substr(1, partition.size() - 2)),
         R"({"hours":"2000","text":"capacity"})");
  }
  post("/v1/calls", fmt::format(R"({{"mode":"playground","title":"Playground","partitions":[{}]}})",
                                fmt::join(partitions, ",")));
  std::int64_t proposal = 0;
  for (const std::string& partition : partitions) {
    post("/v1/calls/1/proposals",
         fmt::format(R"({{"project":{},"title":"Work","partition":{},"hours":"500","months":1,)"
                     R"("gpus_per_job":1,"nodes_per_job":1,"civil_use":true,"open_research":true,)"
                     R"("text":"some work"}})",
                     project, partition));
    proposal += 1;
    post(fmt::format("/v1/proposals/{}:assess", proposal), R"({"suitable":true,"text":""})");
    post(fmt::format("/v1/proposals/{}:grant", proposal), "{}");
    post(fmt::format("/v1/awards/{}:accept", proposal), "{}");
  }
  return project;
}

/// A server, its clusters, and what was asked of them.
class Proof {
 public:
  Proof(std::filesystem::path directory, std::uint64_t seed)
      : random_(seed),
        work_(directory / "work"),
        bed_({.clusters = clusters}),
        server_(directory / "data", directory / "fabrica.toml") {
    namespace fs = std::filesystem;
    fs::create_directories(work_);
    fs::permissions(directory, fs::perms(0755));
    fs::permissions(work_, fs::perms(0777));
    test::write_file(directory / "fabrica.toml", settings_for(bed_.facts()));
    server_.start();
    net::Client client(*net::parse_url(server_.url()));
    project_ = make_project(client, server_.token(), bed_.facts());
  }

  void submit_some() {
    const std::int64_t some = random_.between(1, 6);
    for (std::int64_t i = 0; i < some; ++i) submit();
  }

  void break_something() {
    const std::string cluster = fmt::format("c{}", random_.between(1, clusters));
    const auto a_while = [&](std::int64_t longest_ms) {
      std::this_thread::sleep_for(std::chrono::milliseconds(random_.between(0, longest_ms)));
    };
    const auto killed = [&](const std::string& daemon) {
      bed_.kill(daemon);
      a_while(1'500);
      bed_.start(daemon);
    };
    const auto frozen = [&](const std::string& daemon, std::int64_t longest_ms) {
      bed_.stop(daemon);
      submit();
      a_while(longest_ms);
      bed_.cont(daemon);
    };
    a_while(700);
    switch (random_.below(8)) {
      case 0:
      case 1:
        server_.kill();
        a_while(300);
        return server_.start();
      case 2:
        return killed(cluster + ".rest");
      case 3:
        return frozen(cluster + ".rest", 3'000);
      case 4:
        return frozen(cluster + ".ctld", 12'000);
      case 5:
        crashed_.insert(cluster);
        return killed(cluster + ".ctld");
      case 6:
        return killed("dbd");
      default:
        return frozen("dbd", 2'000);
    }
  }

  void settle() {
    const auto began = std::chrono::steady_clock::now();
    std::string live = live_jobs();
    for (; !live.empty(); live = live_jobs()) {
      ASSERT_LT(std::chrono::steady_clock::now(), began + settle_deadline)
          << "jobs that never end: " << live;
      mend_nodes();
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    settled_s_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  }

  // What became of each job: by our log, and by what it left itself.
  void judge(std::uint64_t faults) {
    net::Client client(*net::parse_url(server_.url()));
    std::size_t lost = 0;
    std::size_t doubled = 0;
    std::vector<std::string> slurms_own;
    std::map<std::string, std::size_t> outcomes;
    for (std::int64_t number = 0; number < submitted_; ++number) {
      const json::Value job = test::must(client, server_.token(), net::Method::get,
                                         fmt::format("/v1/jobs/{}", ids_.at(number)));
      const std::string outcome(job.get("outcome").as_string().value_or(""));
      const std::string site(job.get("site").as_string().value_or(""));
      outcomes[outcome] += 1;
      std::ifstream file(work_ / fmt::format("run-{}", number));
      std::multiset<std::uint64_t> ids;
      for (std::uint64_t id = 0; file >> id;) ids.insert(id);
      const std::string what = fmt::format("job {} at {} ran as {}, outcome {}", ids_.at(number),
                                           site, fmt::join(ids, " and "), outcome);
      if (outcome == "completed" && ids.empty()) {
        lost += 1;
        ADD_FAILURE() << what;
      }
      if (ids.size() <= 1) continue;
      if (crashed_.contains(site)) {
        slurms_own.push_back(what);
      } else {
        doubled += 1;
        ADD_FAILURE() << what;
      }
    }
    fmt::print(
        "{} faults, {} jobs: {} lost, {} run twice by us, {} run again at a cluster whose "
        "slurmctld "
        "was killed; settled in {:.1f} s; outcomes {}\n",
        faults, submitted_, lost, doubled, slurms_own.size(), settled_s_, outcomes);
    for (const std::string& what : slurms_own) fmt::print("  {}\n", what);
  }

  void stop() { EXPECT_EQ(server_.stop(), 0); }
  const std::filesystem::path& data() const { return server_.directory(); }

 private:
  std::string live_jobs() {
    net::Client client(*net::parse_url(server_.url()));
    const json::Value live =
        test::must(client, server_.token(), net::Method::get, "/v1/jobs?live=true&limit=3");
    return live.get("items").items().empty() ? "" : live.text();
  }

  // A slurmctld that lost young jobs gives their ids again while slurmd still runs them; it then
  // drains the node ("Duplicate jobid") until the site's operator has looked at it.
  void mend_nodes() {
    for (const std::string& cluster : crashed_) {
      const std::string states =
          bed_.run_as("root", cluster, {"sinfo", "-h", "-N", "-o", "%T"}).output;
      if (!states.contains("drain")) continue;
      for (const std::string& node : bed_.cluster(cluster).nodes) {
        bed_.run_as("root", cluster, {"scontrol", "update", "NodeName=" + node, "State=RESUME"});
      }
    }
  }

  // As a careful client: under an id of its own, until there is an answer.
  void submit() {
    const std::string script = fmt::format(
        "#!/bin/bash\n#SBATCH --job-name=once-{0}\n#SBATCH --time=2\n#SBATCH --gpus-per-node=1\n"
        "#SBATCH --output=/dev/null\necho $SLURM_JOB_ID >> {1}/run-{0}\nsleep 0.{2}\n",
        submitted_, work_.string(), random_.between(0, 9));
    const std::string target = fmt::format("/v1/jobs/{:032x}", submitted_ + 1);
    const std::string body = test::submission(project_, "/tmp", script);
    while (true) {
      net::Client client(*net::parse_url(server_.url()));
      const Result<net::Response> answer =
          test::ask(client, server_.token(), net::Method::put, target, body);
      if (!answer || answer->status >= 500) continue;
      ASSERT_LT(answer->status, 300) << answer->body;
      ids_[submitted_] = json::Value::parse(answer->body)->at("/job/id").as_int().value_or(0);
      break;
    }
    submitted_ += 1;
  }

  Random random_;
  std::filesystem::path work_;
  SlurmBed bed_;
  test::ServerProcess server_;
  std::int64_t project_ = 0;
  std::int64_t submitted_ = 0;
  std::map<std::int64_t, std::int64_t> ids_;
  std::set<std::string> crashed_;
  double settled_s_ = 0;
};

TEST(ExactlyOnce, WhateverIsKilledOrFrozen) {
  const std::uint64_t faults = number_from("FABRICA_PROVE_FAULTS", 12);
  const std::uint64_t seed = number_from("FABRICA_PROVE_SEED", 1);
  const test::TemporaryDirectory directory;
  Proof proof(directory.path(), seed);
  ASSERT_FALSE(HasFailure());
  for (std::uint64_t fault = 0; fault < faults; ++fault) {
    proof.submit_some();
    proof.break_something();
    if (HasFatalFailure()) return;
  }
  proof.submit_some();
  proof.settle();
  proof.judge(faults);
  proof.stop();
  test::expect_charged_once(proof.data(), federation::ProjectId{1});
  const store::Verification found =
      store::verify(proof.data(), [](std::uint64_t, std::uint64_t) {});
  EXPECT_TRUE(found.faults.empty()) << found.faults.front();
}

}  // namespace
}  // namespace fabrica
