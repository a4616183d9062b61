#include "system/slurm/bed.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <stdexcept>
#include <thread>

#include "json/value.h"
#include "net/client.h"

/// The bed itself: the clusters are real, what is broken stays broken until it is mended, and
/// nothing is left of it.
namespace fabrica {
namespace {

using testing::HasSubstr;

constexpr std::chrono::seconds deadline{60};
constexpr Duration answer_time = seconds(30);

bool within(std::chrono::seconds time, const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

// Submits a script of these lines; the job's number.
std::string submit(const test::SlurmBed& bed, const std::string& cluster, const std::string& user,
                   const std::vector<std::string>& options, const std::string& lines) {
  std::vector<std::string> words{"sbatch", "--parsable", "--output=/dev/null"};
  words.insert(words.end(), options.begin(), options.end());
  test::Ran ran = bed.run_as(user, cluster, words, "#!/bin/bash\n" + lines);
  EXPECT_EQ(ran.code, 0) << ran.output;
  while (ran.output.ends_with('\n')) ran.output.pop_back();
  return ran.output;
}

std::string job_as_shown(const test::SlurmBed& bed, const std::string& cluster,
                         const std::string& job) {
  return bed.run_as("root", cluster, {"scontrol", "--oneliner", "show", "job", job}).output;
}

bool job_is(const test::SlurmBed& bed, const std::string& cluster, const std::string& job,
            std::string_view state) {
  return job_as_shown(bed, cluster, job).contains(fmt::format("JobState={} ", state));
}

Result<net::Response> get(const test::SlurmCluster& cluster, const std::string& token,
                          std::string_view target, Duration time = answer_time) {
  net::Client client(*net::parse_url(cluster.url));
  net::Request request;
  request.path = net::parse_target(target)->path;
  request.headers.add("X-SLURM-USER-NAME", "fabrica-a");
  request.headers.add("X-SLURM-USER-TOKEN", token);
  return client.send(std::move(request), time);
}

bool answers(const test::SlurmCluster& cluster, const std::string& token) {
  const Result<net::Response> answer = get(cluster, token, "/slurm/v0.0.38/partitions");
  return answer && answer->status == 200 && answer->body.contains("\"name\": \"gpu\"");
}

// What runs on this machine, by command line; one that ended has none.
bool some_process_says(std::string_view words) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream in(entry.path() / "cmdline", std::ios::binary);
    const std::string line{std::istreambuf_iterator<char>(in), {}};
    if (line.contains(words)) return true;
  }
  return false;
}

TEST(SlurmBed, TwoClustersWithOneDatabaseRunJobsAndRecoverFromFailures) {
  test::SlurmBed bed({.clusters = 2});
  ASSERT_EQ(bed.facts().clusters.size(), 2);
  EXPECT_EQ(bed.facts().accounting, "shared");
  const test::SlurmCluster& c1 = bed.cluster("c1");
  const test::SlurmCluster& c2 = bed.cluster("c2");
  EXPECT_EQ(c1.partitions, (std::vector<std::string>{"gpu", "cpu"}));

  // A job of a user, with GPUs of the right kind.
  const std::string job =
      submit(bed, "c1", c1.users.at(0), {"--gres=gpu:h100:2", "--comment=first"},
             "test $(id -un) = fabrica-a && test $CUDA_VISIBLE_DEVICES = 0,1\n");
  EXPECT_TRUE(within(deadline, [&] { return job_is(bed, "c1", job, "COMPLETED"); }))
      << job_as_shown(bed, "c1", job);
  EXPECT_THAT(job_as_shown(bed, "c1", job), HasSubstr("gres/gpu:h100=2"));
  EXPECT_TRUE(within(deadline, [&] {
    const test::Ran seen = bed.run_as(
        "root", "c2",
        {"sacct", "-n", "-P", "-X", "--clusters=c1", "-j", job, "-o", "user,state,comment"});
    return seen.output == "fabrica-a|COMPLETED|first\n";
  }));

  // Over REST, with a token.
  const std::string token = bed.token("c1", "fabrica-a");
  EXPECT_TRUE(answers(c1, token));
  EXPECT_TRUE(answers(c2, token));  // one database, one key
  EXPECT_FALSE(answers(c1, token + "x"));

  // A frozen controller: its slurmrestd is silent, the other cluster works.
  bed.stop("c2.ctld");
  EXPECT_FALSE(get(c2, token, "/slurm/v0.0.38/partitions", seconds(2)));
  EXPECT_TRUE(answers(c1, token));
  bed.cont("c2.ctld");
  EXPECT_TRUE(within(deadline, [&] { return answers(c2, token); }));
  const std::string second = submit(bed, "c2", c2.users.at(1), {"--partition=cpu"}, "exit 7\n");
  EXPECT_TRUE(within(deadline, [&] { return job_is(bed, "c2", second, "FAILED"); }));

  // A dead slurmrestd.
  bed.kill("c1.rest");
  EXPECT_FALSE(get(c1, token, "/slurm/v0.0.38/ping"));
  EXPECT_THROW(bed.kill("c1.rest"), std::runtime_error);
  bed.start("c1.rest");
  EXPECT_TRUE(answers(c1, token));
}

TEST(SlurmBed, DownLeavesNothingOfFrozenDaemonsAndStubbornJobs) {
  test::SlurmBed bed({.clusters = 1, .names = {"lone"}, .accounting = "none", .nodes = 2});
  const std::string directory = bed.facts().directory;
  // One job process ignores signals, the other sheds all that tells where it comes from.
  const std::string sleep = fmt::format("{}.{}", 4000, ::getpid());
  const std::string job = submit(bed, "lone", "fabrica-b", {"--nodes=2"},
                                 fmt::format("trap '' TERM HUP\nsetsid env -i /bin/sleep {0} &\n"
                                             "/bin/sleep {0}\n",
                                             sleep));
  EXPECT_TRUE(within(deadline, [&] { return job_is(bed, "lone", job, "RUNNING"); }));
  EXPECT_TRUE(within(deadline, [&] { return some_process_says(sleep); }));
  EXPECT_TRUE(some_process_says(directory));
  bed.stop("lone.ctld");
  bed.stop("lone.d1");
  bed.kill("lone.d2");
  bed.down();
  EXPECT_FALSE(some_process_says(sleep));
  EXPECT_FALSE(some_process_says(directory));
  EXPECT_FALSE(std::filesystem::exists(directory));
}

TEST(SlurmBed, EndsWithTheProcessThatWantedIt) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  int exit_code = 0;
  if (child == 0) {
    // The child owns a bed, and is killed without a chance to take it down.
    try {
      const test::SlurmBed bed({.accounting = "none"});
      std::ofstream(fmt::format("/tmp/fabrica-bed-of-{}", ::getpid())) << bed.facts().directory;
      ::raise(SIGKILL);
    } catch (const std::exception& error) {
      fmt::print(stderr, "{}\n", error.what());
    }
    ::_exit(1);
  }
  ASSERT_EQ(::waitpid(child, &exit_code, 0), child);
  ASSERT_TRUE(WIFSIGNALED(exit_code));
  const std::filesystem::path note = fmt::format("/tmp/fabrica-bed-of-{}", child);
  std::string directory;
  std::ifstream(note) >> directory;
  std::filesystem::remove(note);
  ASSERT_TRUE(directory.starts_with("/tmp/fabrica-bed-"));
  EXPECT_TRUE(within(deadline, [&] { return !std::filesystem::exists(directory); }));
  // Last of all goes the watcher that took it down.
  EXPECT_TRUE(within(deadline, [&] { return !some_process_says(directory); }));
}

TEST(SlurmBed, TellsWhyThereIsNone) {
  try {
    const test::SlurmBed bed({.nodes = 0});
    ADD_FAILURE() << "a cluster without nodes";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("--nodes is a number from 1 to 64, not '0'"));
  }
}

}  // namespace
}  // namespace fabrica
