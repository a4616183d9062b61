#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <thread>

#include "system/slurm/served.h"
#include "unit/support/temporary_directory.h"

/// What is foretold for real clusters, of which others use a part: where a job goes, why one waits
/// and when it begins, beside what Slurm itself foretells and what then happens.
namespace fabrica {
namespace {

using test::SlurmCluster;

class Foretold : public testing::Test {
 protected:
  Foretold() : server_(directory_.path() / "data", directory_.path() / "fabrica.toml") {
    std::filesystem::permissions(directory_.path(), std::filesystem::perms(0755));
    std::string settings = "[local]\nenabled = false\n";
    for (const SlurmCluster& one : bed_.facts().clusters)
      settings += test::settings_for(one, test::address_of(one));
    test::write_file(directory_.path() / "fabrica.toml", settings);
    server_.start();
    net::Client client(*net::parse_url(server_.url()));
    project_ = test::make_gpu_project(client, server_.token(), bed_.facts().clusters);
  }

  static void until(std::string_view what, const std::function<bool()>& is_so) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(3);
    while (!is_so()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << what;
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
  }

  std::int64_t submit(const std::string& options) {
    const std::string script = fmt::format(
        "#!/bin/bash\n#SBATCH --time=1\n#SBATCH --output=/dev/null\n{}\nsleep 1\n", options);
    net::Client client(*net::parse_url(server_.url()));
    return test::must(client, server_.token(), net::Method::post, "/v1/jobs",
                      test::submission(project_, "/tmp", script))
        .at("/job/id")
        .as_int()
        .value_or(0);
  }

  json::Value get(const std::string& target) {
    net::Client client(*net::parse_url(server_.url()));
    return test::must(client, server_.token(), net::Method::get, target);
  }
  json::Value job(std::int64_t id) { return get(fmt::format("/v1/jobs/{}", id)); }
  json::Value outlook(std::int64_t id) { return get(fmt::format("/v1/jobs/{}/outlook", id)); }

  void cancel(std::int64_t id) {
    net::Client client(*net::parse_url(server_.url()));
    test::must(client, server_.token(), net::Method::remove, fmt::format("/v1/jobs/{}", id));
  }

  /// When the first that waits at a cluster would start, as Slurm says it.
  std::string slurms_word(const std::string& cluster) {
    return bed_.run_as("root", cluster, {"squeue", "--start", "-h", "-o", "%S"}).output;
  }

  /// Somebody else takes all GPUs of a cluster, for a minute by his limit.
  void fill(const std::string& cluster) {
    const std::string& user = bed_.cluster(cluster).users.front();
    const test::Ran ran = bed_.run_as(
        user, cluster,
        {"sbatch", "--gres=gpu:4", "-t", "1", "-o", "/dev/null", "--wrap", "sleep 300"});
    ASSERT_EQ(ran.code, 0) << ran.output;
    until("the stranger runs", [&] {
      return bed_.run_as("root", cluster, {"squeue", "-h", "-o", "%T"}).output == "RUNNING\n";
    });
  }

  test::TemporaryDirectory directory_;
  test::SlurmBed bed_{{.clusters = 2}};
  test::ServerProcess server_;
  std::int64_t project_ = 0;
};

std::int64_t seconds_of(const json::Value& time) {
  return parse_time(time.text()).value_or(Time{}).ms / 1'000;
}

// Slurm ends a job up to a minute after its limit, and looks at its queue twice a minute.
constexpr std::int64_t off_at_most_s = 150;

TEST_F(Foretold, WhoComesToFullSitesWaitsWithUsAndGoesWhereThereIsRoomFirst) {
  fill("c1");
  fill("c2");
  // Before the others were seen there, jobs are sent to their sites.
  std::int64_t waits = 0;
  until("the others are seen", [&] {
    waits = submit("#SBATCH --gpus-per-node=4");
    const bool so =
        outlook(waits).get("start").exists() && job(waits).get("phase").as_string() == "waiting";
    if (!so) cancel(waits);
    return so;
  });
  const json::Value said = outlook(waits);
  EXPECT_EQ(said.get("why").text(), "It waits for room at one of the partitions that can take it.");
  ASSERT_EQ(said.get("rooms").items().size(), 2U);

  // One that names its site stands in the queue there, which Slurm looks ahead for too.
  const std::int64_t queued = submit("#SBATCH --gpus-per-node=4 --clusters=c2");
  until("Slurm foretells it", [&] { return slurms_word("c2").starts_with("20"); });
  const json::Value stands = outlook(queued);
  EXPECT_EQ(stands.get("why").text(), "It waits in the queue of its site.");
  const std::int64_t ours = seconds_of(stands.get("start"));
  const std::int64_t slurms =
      std::stoll(test::run_program({"date", "+%s", "-d", slurms_word("c2").substr(0, 19)}).output);
  EXPECT_LE(std::abs(ours - slurms), off_at_most_s);

  const test::Ran gone = bed_.run_as("root", "c1", {"scancel", "--state=RUNNING"});
  EXPECT_EQ(gone.code, 0) << gone.output;
  until("there was room at c1", [&] { return job(waits).get("phase").as_string() == "ended"; });
  EXPECT_EQ(job(waits).get("site").text(), "c1");
  EXPECT_EQ(job(waits).get("outcome").text(), "completed");
  EXPECT_EQ(outlook(waits).get("why").text(), "It has ended.");

  until("there was room at c2", [&] { return job(queued).get("phase").as_string() == "ended"; });
  const std::int64_t began = seconds_of(job(queued).get("started"));
  EXPECT_LE(std::abs(began - ours), off_at_most_s);
  fmt::print("said {} s before it began, Slurm {} s\n", began - ours, began - slurms);
  EXPECT_EQ(server_.stop(), 0);
}

}  // namespace
}  // namespace fabrica
