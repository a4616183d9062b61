#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <thread>

#include "system/slurm/served.h"
#include "unit/support/temporary_directory.h"

/// Every run of a real cluster's jobs is charged once, also of those that were put back into the
/// queue, and the site's own books show the same: each difference has its reason.
namespace fabrica {
namespace {

using test::SlurmCluster;

constexpr std::chrono::minutes books_deadline{4};

void until(std::string_view what, const std::function<bool()>& is_so) {
  const auto deadline = std::chrono::steady_clock::now() + books_deadline;
  while (!is_so()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << what;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

/// The reasons that a reconciliation gives, each with the number of its runs.
std::map<std::string, std::int64_t> reasons_in(const json::Value& books) {
  std::map<std::string, std::int64_t> reasons;
  for (const json::Value& partition : books.get("partitions").items()) {
    for (const json::Value& sum : partition.get("differences").items())
      reasons[sum.get("kind").text()] += sum.get("runs").as_int().value_or(0);
  }
  return reasons;
}

class Books : public testing::Test {
 protected:
  Books() : server_(directory_.path() / "data", directory_.path() / "fabrica.toml") {
    std::filesystem::permissions(directory_.path(), std::filesystem::perms(0755));
    test::write_file(
        directory_.path() / "fabrica.toml",
        "[local]\nenabled = false\n" + test::settings_for(cluster(), test::address_of(cluster())));
    server_.start();
    net::Client client(*net::parse_url(server_.url()));
    project_ = test::make_gpu_project(client, server_.token(), bed_.facts().clusters);
  }

  const SlurmCluster& cluster() const { return bed_.facts().clusters.front(); }

  json::Value post(const std::string& target, std::string body) {
    net::Client client(*net::parse_url(server_.url()));
    return test::must(client, server_.token(), net::Method::post, target, std::move(body));
  }

  std::int64_t submit(const std::string& options, const std::string& body) {
    const std::string script = fmt::format(
        "#!/bin/bash\n#SBATCH --time=5\n#SBATCH --gpus-per-node=1\n#SBATCH --output=/dev/null\n"
        "{}{}",
        options, body);
    return post("/v1/jobs", test::submission(project_, "/tmp", script))
        .at("/job/id")
        .as_int()
        .value_or(0);
  }

  json::Value job(std::int64_t id) {
    net::Client client(*net::parse_url(server_.url()));
    return test::must(client, server_.token(), net::Method::get, fmt::format("/v1/jobs/{}", id));
  }
  void wait_for(std::int64_t id, std::string_view phase) {
    until(fmt::format("job {} is {}", id, phase),
          [&] { return job(id).get("phase").as_string() == phase; });
  }

  std::string slurm_id(std::int64_t id) {
    const std::string reference(job(id).get("reference").as_string().value_or(""));
    return reference.substr(reference.find(':') + 1);
  }
  void operate(std::vector<std::string> words) {
    words.insert(words.begin(), "scontrol");
    const test::Ran ran = bed_.run_as("root", "c1", words);
    EXPECT_EQ(ran.code, 0) << ran.output;
  }
  // Somebody puts a running job back into the queue. Its next run need not wait for two minutes;
  // begun at once it may fail on a node that is still clearing up after the one before.
  void requeue(std::int64_t id) {
    operate({"requeue", slurm_id(id)});
    until("it is in the queue again", [&] {
      return bed_.run_as("root", "c1", {"squeue", "-h", "-j", slurm_id(id), "-o", "%T"}).output ==
             "PENDING\n";
    });
    operate({"update", "JobId=" + slurm_id(id), "StartTime=now+5"});
  }

  json::Value books() { return post("/v1/sites/c1:reconcile", "{}"); }

  std::int64_t sum_of(const json::Value& all, std::string_view name) {
    std::int64_t sum = 0;
    for (const json::Value& partition : all.get("partitions").items())
      sum += partition.get(name).as_int().value_or(0);
    return sum;
  }

  test::Ran reconcile_command() const {
    const char* const programs = std::getenv("FABRICA_BIN_DIR");
    return test::run_program(
        {std::filesystem::path(programs == nullptr ? "" : programs) / "fabrica", "--data",
         server_.directory().string(), "--token-file",
         (server_.directory() / "admin-token").string(), "site", "reconcile", "c1"});
  }

  test::TemporaryDirectory directory_;
  test::SlurmBed bed_{{.nodes = 2}};
  test::ServerProcess server_;
  std::int64_t project_ = 0;
};

TEST_F(Books, OfAClusterShowWhatWasCharged) {
  const std::int64_t well = submit("", "sleep 3\n");
  const std::int64_t failed = submit("", "sleep 2; exit 4\n");
  const std::int64_t whole = submit("#SBATCH --exclusive\n", "sleep 2\n");
  const std::int64_t array = submit("#SBATCH --array=2,5\n", "sleep 2\n");
  const std::int64_t cancelled = submit("", "sleep 200\n");
  // Its second run ends by itself.
  const std::int64_t requeued = submit("",
                                       "[ ${SLURM_RESTART_COUNT:-0} = 1 ] || sleep 200\n"
                                       "sleep 2\n");
  wait_for(cancelled, "running");
  wait_for(requeued, "running");
  const std::string user = cluster().users.back();
  const test::Ran stranger =
      bed_.run_as(user, "c1",
                  {"sbatch", "--wait", "--partition=gpu", "--gpus-per-node=2", "--time=1",
                   "--output=/dev/null", "--wrap=sleep 3"});
  ASSERT_EQ(stranger.code, 0) << stranger.output;
  net::Client client(*net::parse_url(server_.url()));
  test::must(client, server_.token(), net::Method::remove, fmt::format("/v1/jobs/{}", cancelled));
  requeue(requeued);
  for (const std::int64_t id : {well, failed, whole, array, cancelled, requeued})
    wait_for(id, "ended");

  const std::vector<json::Value> runs = job(requeued).get("runs").items();
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].get("restarts").as_int(), 0);
  EXPECT_EQ(runs[1].get("restarts").as_int(), 1);
  EXPECT_EQ(runs[0].get("outcome").as_string(), "cancelled");
  for (const json::Value& run : runs) {
    EXPECT_GT(run.get("charged").as_int().value_or(0), 0) << job(requeued).text();
  }
  EXPECT_EQ(job(array).get("runs").items().size(), 2U);

  // Records come to slurmdbd some seconds late.
  const std::map<std::string, std::int64_t> only_the_stranger{{"stranger", 1}};
  until("the site's books are complete", [&] { return reasons_in(books()) == only_the_stranger; });
  const json::Value all = books();
  EXPECT_EQ(sum_of(all, "runs_charged"), 8);
  EXPECT_EQ(sum_of(all, "runs_recorded"), 9);
  EXPECT_GT(sum_of(all, "charged"), 0);
  const test::Ran shown = reconcile_command();
  EXPECT_EQ(shown.code, 0) << shown.output;
  EXPECT_NE(shown.output.find("a job of somebody else's in an account of ours: " + user),
            std::string::npos)
      << shown.output;
  EXPECT_EQ(server_.stop(), 0);
}

TEST_F(Books, ANodeThatFailsIsGivenBackAndTheNextRunIsCovered) {
  const std::int64_t hit = submit("", "[ ${SLURM_RESTART_COUNT:-0} != 0 ] || sleep 200\nsleep 2\n");
  wait_for(hit, "running");
  const std::string node =
      bed_.run_as("root", "c1", {"squeue", "-h", "-j", slurm_id(hit), "-o", "%N"}).output;
  bed_.kill(node == "c1n1\n" ? "c1.d1" : "c1.d2");
  const auto state = [&] {
    return bed_.run_as("root", "c1", {"squeue", "-h", "-j", slurm_id(hit), "-o", "%T"}).output;
  };
  until("the node is given up", [&] { return state() == "PENDING\n"; });
  operate({"update", "JobId=" + slurm_id(hit), "StartTime=now"});
  wait_for(hit, "ended");
  const json::Value ended = job(hit);
  EXPECT_EQ(ended.get("outcome").as_string(), "completed");
  const std::vector<json::Value> runs = ended.get("runs").items();
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].get("outcome").as_string(), "lost");
  EXPECT_GT(runs[0].get("charged").as_int().value_or(0), 0);
  EXPECT_EQ(runs[0].get("given_back").as_int(), runs[0].get("charged").as_int());
  EXPECT_EQ(runs[1].get("given_back").as_int(), 0);
  const std::map<std::string, std::int64_t> only_given_back{{"given_back", 1}};
  until("the site's books are complete", [&] { return reasons_in(books()) == only_given_back; });
  EXPECT_EQ(server_.stop(), 0);
}

}  // namespace
}  // namespace fabrica
