#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <string>

#include "system/server.h"
#include "system/slurm/bed.h"
#include "unit/support/temporary_directory.h"

/// A script in the words of another cluster, and a real cluster with words of its own: what a
/// person is shown as a diff is what the cluster is asked for.
namespace fabrica {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view script = R"(#!/bin/bash
#SBATCH --job-name=foreign
#SBATCH --account=EUHPC_D01_001 --partition=boost_usr_prod  # Leonardo's
#SBATCH --qos=boost_qos_dbg
#SBATCH --constraint=a100_80
#SBATCH --reservation=s_tra_school
#SBATCH --nodes=1 --gres=gpu:tesla:2
#SBATCH --time=00:05:00 --output=/dev/null
hostname
)";

std::string settings_for(const test::SlurmCluster& cluster) {
  return fmt::format(
      "[local]\nenabled = false\n"
      "[[slurm]]\nsite = \"c1\"\nurl = \"{}\"\ncluster = \"c1\"\nkey_file = \"{}\"\n"
      "user = \"{}\"\naccount = \"{}\"\n"
      "[[slurm.partition]]\nslug = \"c1-gpu\"\npartition = \"gpu\"\ngpu_type = \"{}\"\n"
      "nodes = {}\ngpus_per_node = {}\ncores_per_node = {}\nmemory_gib_per_node = 8\n"
      "[[slurm.word]]\noption = \"qos\"\nword = \"boost_qos_dbg\"\nhere = \"prio\"\n"
      "[[slurm.word]]\noption = \"constraint\"\nword = \"a100_80\"\nhere = \"gpu80\"\n"
      "[[slurm.word]]\noption = \"reservation\"\nword = \"s_tra_school\"\nhere = \"school\"\n"
      "[[slurm.word]]\noption = \"gpu_type\"\nword = \"tesla\"\n",
      cluster.url, cluster.key_file, cluster.users.front(), cluster.account, cluster.gpu_kind,
      cluster.nodes.size(), cluster.gpus_per_node, cluster.cpus_per_node);
}

std::int64_t make_project(net::Client& client, const std::string& token) {
  const auto post = [&](std::string_view target, std::string body) {
    return test::must(client, token, net::Method::post, target, std::move(body));
  };
  post("/v1/partitions/c1-gpu/capacity", R"({"hours":"2000","text":"capacity"})");
  post("/v1/organisations", R"({"name":"Start-up","country":"PT","kind":"start_up"})");
  const std::int64_t project =
      *post("/v1/projects", R"({"title":"A project","organisation":1})").get("id").as_int();
  post("/v1/calls", R"({"mode":"playground","title":"Playground","partitions":["c1-gpu"]})");
  post("/v1/calls/1/proposals",
       fmt::format(R"({{"project":{},"title":"Work","partition":"c1-gpu","hours":"500","months":1,)"
                   R"("gpus_per_job":1,"nodes_per_job":1,"civil_use":true,"open_research":true,)"
                   R"("text":"some work"}})",
                   project));
  post("/v1/proposals/1:assess", R"({"suitable":true,"text":""})");
  post("/v1/proposals/1:grant", "{}");
  post("/v1/awards/1:accept", "{}");
  return project;
}

// The words that a site has of its own, made as its operator makes them.
void make_words(const test::SlurmBed& bed, const test::SlurmCluster& cluster) {
  const auto as_root = [&](const std::vector<std::string>& words) {
    const test::Ran ran = bed.run_as("root", cluster.name, words);
    ASSERT_EQ(ran.code, 0) << words[0] << ": " << ran.output;
  };
  as_root({"sacctmgr", "-i", "add", "qos", "prio"});
  as_root({"sacctmgr", "-i", "modify", "user", cluster.users.front(), "set", "qos+=prio"});
  for (const std::string& node : cluster.nodes) {
    as_root({"scontrol", "update", "NodeName=" + node, "AvailableFeatures=gpu80",
             "ActiveFeatures=gpu80"});
  }
  as_root({"scontrol", "create", "reservation", "ReservationName=school", "StartTime=now",
           "Duration=60", "Nodes=ALL", "Users=" + cluster.users.front()});
}

// "Account=… Partition=… …" of a job, as the cluster shows it.
std::string shown(const test::SlurmBed& bed, const std::string& cluster, const std::string& job) {
  const test::Ran ran = bed.run_as("root", cluster, {"scontrol", "-o", "show", "job", job});
  constexpr std::array<std::string_view, 8> names{"Account",     "Partition",   "QOS",
                                                  "Features",    "Reservation", "NumNodes",
                                                  "TresPerNode", "TimeLimit"};
  std::string all;
  for (const std::string_view name : names) {
    const std::size_t at = ran.output.find(fmt::format(" {}=", name));
    const std::size_t end = ran.output.find(' ', at + 1);
    all += at == std::string::npos ? fmt::format(" {}=?", name) : ran.output.substr(at, end - at);
  }
  return all;
}

std::string patched(const fs::path& folder, std::string_view diff) {
  test::write_file(folder / "job.sh", script);
  const test::Ran ran =
      test::run_program({"patch", "--quiet", (folder / "job.sh").string()}, std::string(diff));
  EXPECT_EQ(ran.code, 0) << ran.output << diff;
  return test::read_file(folder / "job.sh");
}

TEST(Words, TheDiffThatIsShownIsWhatTheClusterIsAskedFor) {
  const test::TemporaryDirectory folder;
  fs::permissions(folder.path(), fs::perms(0755));
  const test::SlurmBed bed({.nodes = 2});
  const test::SlurmCluster& cluster = bed.cluster("c1");
  make_words(bed, cluster);
  test::write_file(folder.path() / "fabrica.toml", settings_for(cluster));
  test::ServerProcess server(folder.path() / "data", folder.path() / "fabrica.toml");
  server.start();
  net::Client client(*net::parse_url(server.url()));
  const std::string body = test::submission(make_project(client, server.token()), "/tmp", script);
  const json::Value plan =
      test::must(client, server.token(), net::Method::post, "/v1/jobs:plan", body);
  ASSERT_EQ(plan.get("chosen").text(), "c1-gpu") << plan.text();
  std::string diff;
  for (const json::Value& row : plan.get("rows").items()) {
    if (row.get("chosen").as_bool() == true) diff = row.get("diff").text();
  }
  const std::string there = patched(folder.path(), diff);
  EXPECT_EQ(there.find("boost"), std::string::npos) << there;

  test::must(client, server.token(), net::Method::post, "/v1/jobs", body);
  test::wait_until_all_ended(server, std::chrono::seconds(60));
  const test::Ran direct =
      bed.run_as(cluster.users.front(), "c1", {"sbatch", "--parsable", "--wait"}, there);
  ASSERT_EQ(direct.code, 0) << direct.output << there;
  const std::string ours = shown(bed, "c1", "1");
  EXPECT_EQ(ours, shown(bed, "c1", direct.output.substr(0, direct.output.find_first_of(";\n"))));
  EXPECT_EQ(ours, fmt::format(" Account={} Partition=gpu QOS=prio Features=gpu80 "
                              "Reservation=school NumNodes=1 TresPerNode=gres:gpu:{}:2 "
                              "TimeLimit=00:05:00",
                              cluster.account, cluster.gpu_kind));
  EXPECT_EQ(server.stop(), 0);
}

}  // namespace
}  // namespace fabrica
