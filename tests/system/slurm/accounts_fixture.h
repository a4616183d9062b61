#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "system/server.h"
#include "system/slurm/bed.h"
#include "unit/support/temporary_directory.h"

namespace fabrica {

// 500 hours and a sixty-fourth, in minutes of a GPU, rounded up.
inline constexpr std::string_view award_limit = "gres/gpu=30469";

/// A server and a real cluster that keeps accounts for its awards.
class SlurmAccounts : public testing::Test {
 protected:
  SlurmAccounts() {
    std::filesystem::permissions(folder_.path(), std::filesystem::perms(0755));
    std::filesystem::create_directories(work_);
    std::filesystem::permissions(work_, std::filesystem::perms(0777));
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
    std::vector<std::string> all{
        std::filesystem::path(programs == nullptr ? "" : programs) / "fabrica", "--data",
        server_.directory().string(), "--token-file",
        (server_.directory() / "admin-token").string()};
    all.insert(all.end(), words.begin(), words.end());
    return test::run_program(all);
  }

  std::string transactions() const {
    return root({"sacctmgr", "-P", "-n", "show", "transactions", "format=timestamp,action,info"});
  }

  test::TemporaryDirectory folder_;
  std::filesystem::path work_ = folder_.path() / "work";
  test::SlurmBed bed_;
  test::ServerProcess server_{folder_.path() / "data", folder_.path() / "fabrica.toml"};
  std::int64_t awards_ = 0;
};

}  // namespace fabrica
