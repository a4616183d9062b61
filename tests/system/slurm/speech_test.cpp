#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <thread>

#include "system/server.h"
#include "system/slurm/bed.h"
#include "unit/support/temporary_directory.h"

/// Jobs at a real cluster that speak for themselves: they ask before they run, send what they
/// print, and say that they have ended; and the script notices nothing of it.
namespace fabrica {
namespace {

using test::SlurmCluster;

std::string settings_for(const SlurmCluster& cluster, std::uint16_t port) {
  return fmt::format(
      "[local]\nenabled = false\n"
      "[[slurm]]\nsite = \"{0}\"\nurl = \"{1}\"\ncluster = \"{0}\"\nkey_file = \"{2}\"\n"
      "user = \"{3}\"\naccount = \"{4}\"\njobs_url = \"http://127.0.0.1:{9}\"\n"
      "[[slurm.partition]]\nslug = \"{0}-gpu\"\npartition = \"gpu\"\ngpu_type = \"{5}\"\n"
      "nodes = {6}\ngpus_per_node = {7}\ncores_per_node = {8}\nmemory_gib_per_node = 8\n",
      cluster.name, cluster.url, cluster.key_file, cluster.users.front(), cluster.account,
      cluster.gpu_kind, cluster.nodes.size(), cluster.gpus_per_node, cluster.cpus_per_node, port);
}

class Speech : public testing::Test {
 protected:
  Speech() : server_(directory_.path() / "data", directory_.path() / "fabrica.toml", port_) {
    namespace fs = std::filesystem;
    fs::permissions(directory_.path(), fs::perms(0755));
    fs::create_directories(work_);
    fs::permissions(work_, fs::perms(0777));
    test::write_file(directory_.path() / "fabrica.toml", settings_for(cluster(), port_));
    server_.start();
    net::Client client(*net::parse_url(server_.url()));
    const auto post = [&](const std::string& target, std::string body) {
      return test::must(client, server_.token(), net::Method::post, target, std::move(body));
    };
    post("/v1/organisations", R"({"name":"Start-up","country":"PT","kind":"start_up"})");
    post("/v1/projects", R"({"title":"A project","organisation":1})");
    post("/v1/partitions/c1-gpu/capacity", R"({"hours":"2000","text":"capacity"})");
    post("/v1/calls", R"({"mode":"playground","title":"Playground","partitions":["c1-gpu"]})");
    post("/v1/calls/1/proposals",
         R"({"project":1,"title":"Work","partition":"c1-gpu","hours":"500","months":1,)"
         R"("gpus_per_job":1,"nodes_per_job":1,"civil_use":true,"open_research":true,"text":"w"})");
    post("/v1/proposals/1:assess", R"({"suitable":true,"text":""})");
    post("/v1/proposals/1:grant", "{}");
    post("/v1/awards/1:accept", "{}");
  }

  const SlurmCluster& cluster() const { return bed_.facts().clusters.front(); }

  std::int64_t submit(const std::string& options, const std::string& body,
                      const std::string& interpreter = "/bin/bash") {
    net::Client client(*net::parse_url(server_.url()));
    const std::string script = fmt::format(
        "#!{}\n#SBATCH --time=2\n#SBATCH --gpus-per-node=1\n{}{}", interpreter, options, body);
    return test::must(client, server_.token(), net::Method::post, "/v1/jobs",
                      test::submission(1, work_, script))
        .at("/job/id")
        .as_int()
        .value_or(0);
  }

  json::Value job(std::int64_t id, const std::string& query = "") {
    net::Client client(*net::parse_url(server_.url()));
    return test::must(client, server_.token(), net::Method::get,
                      fmt::format("/v1/jobs/{}{}", id, query));
  }

  // "completed 0" and the like, once it has ended.
  std::string end_of(std::int64_t id) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(3);
    json::Value seen = job(id, "?wait=50&phase=ended");
    while (seen.get("phase").as_string() != "ended" && std::chrono::steady_clock::now() < deadline)
      seen = job(id, "?wait=50&phase=ended");
    std::string text(seen.get("outcome").as_string().value_or(""));
    for (const json::Value& task : seen.get("task_list").items())
      text += fmt::format(" {}", task.get("exit_code").as_int().value_or(-1));
    return text;
  }

  std::string log_of(std::int64_t id, const std::string& stream, int task = 0) {
    net::Client client(*net::parse_url(server_.url()));
    const Result<net::Response> answer =
        test::ask(client, server_.token(), net::Method::get,
                  fmt::format("/v1/jobs/{}/logs/{}?task={}&follow=1", id, stream, task));
    return answer ? answer->body : answer.error().text;
  }

  void until(std::string_view what, const std::function<bool()>& is_so) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    while (!is_so()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline)
          << what << "; there are\n"
          << bed_.run_as("root", "c1", {"squeue", "-o", "%i %T %r %j"}).output
          << bed_.run_as("root", "c1", {"sinfo", "-N", "-o", "%N %T %E"}).output;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

  void wait_for_log(std::int64_t id, const std::string& text) {
    net::Client client(*net::parse_url(server_.url()));
    until("the log has " + text, [&] {
      const Result<net::Response> answer = test::ask(client, server_.token(), net::Method::get,
                                                     fmt::format("/v1/jobs/{}/logs/stdout", id));
      return answer && answer->body.contains(text);
    });
  }

  std::string slurm_id(std::int64_t id) {
    const std::string reference(job(id).get("reference").as_string().value_or(""));
    return reference.substr(reference.find(':') + 1);
  }

  test::TemporaryDirectory directory_;
  std::filesystem::path work_ = directory_.path() / "work";
  std::uint16_t port_ = test::free_port();
  test::SlurmBed bed_;
  test::ServerProcess server_;
};

TEST_F(Speech, TheScriptRunsAsItWouldWithoutAndWhatItPrintsIsThere) {
  const std::int64_t plain = submit("#SBATCH --error=e.%j\n",
                                    "echo to out; echo to err >&2; read -r line || echo no input\n"
                                    "printf 'no newline'; exit 3\n");
  const std::int64_t python =
      submit("", "import os, sys\nprint(os.environ['SLURM_JOB_ID'] != '', sys.argv[1:])",
             "/usr/bin/python3");
  const std::int64_t array = submit("#SBATCH --array=3,5\n", "echo task $SLURM_ARRAY_TASK_ID\n");
  const std::int64_t long_one = submit("", "seq 1 200000\n");
  EXPECT_EQ(end_of(plain), "failed 3");
  EXPECT_EQ(log_of(plain, "stdout"), "to out\nno input\nno newline");
  EXPECT_EQ(log_of(plain, "stderr"), "to err\n");
  EXPECT_EQ(end_of(python), "completed 0");
  EXPECT_EQ(log_of(python, "stdout"), "True []\n");
  EXPECT_EQ(end_of(array), "completed 0 0");
  EXPECT_EQ(log_of(array, "stdout", 1), "task 5\n");
  EXPECT_EQ(end_of(long_one), "completed 0");
  EXPECT_EQ(log_of(long_one, "stdout").size(), 1'288'895U);
}

TEST_F(Speech, SignalsReachTheScriptOnce) {
  const std::string body =
      "trap 'echo got $1; exit 7' USR1\nn=0\ntrap 'n=$((n+1))' TERM\necho ready\n"
      "while :; do sleep 0.05; [ $n = 0 ] || { sleep 0.5; echo terminated $n times; exit 9; }; "
      "done\n";
  const std::int64_t by_user = submit("", body);
  const std::int64_t cancelled = submit("", body);
  wait_for_log(by_user, "ready");
  wait_for_log(cancelled, "ready");
  bed_.run_as("root", "c1", {"scancel", "--batch", "--signal=USR1", slurm_id(by_user)});
  EXPECT_EQ(end_of(by_user), "failed 7");
  bed_.run_as("root", "c1", {"scancel", slurm_id(cancelled)});
  EXPECT_TRUE(end_of(cancelled).starts_with("cancelled")) << end_of(cancelled);
  // With Slurm's own line and the shell's in between.
  const std::string printed = log_of(cancelled, "stdout");
  EXPECT_TRUE(printed.starts_with("ready\n") && printed.ends_with("terminated 1 times\n"))
      << printed;
}

TEST_F(Speech, ACopyDoesNotRunAndAServerThatIsDownIsWaitedFor) {
  const std::int64_t original =
      submit("", fmt::format("echo run >> {}/runs; sleep 1\n", work_.string()));
  EXPECT_EQ(end_of(original), "completed 0");
  const std::string user = cluster().users.front();
  const std::string copy =
      bed_.run_as("root", "c1", {"scontrol", "write", "batch_script", slurm_id(original), "-"})
          .output;
  const test::Ran again =
      bed_.run_as(user, "c1", {"sbatch", "--wait", "--partition=gpu", "--output=/dev/null"}, copy);
  EXPECT_EQ(again.code, 75) << again.output;
  const std::string all_gpus = "#SBATCH --gpus-per-node=4\n";
  const std::int64_t before =
      submit(all_gpus, fmt::format("until [ -e {}/go ]; do sleep 0.1; done\n", work_.string()));
  // Before the second comes: of two at once either may be let go first.
  until("the first runs", [&] { return job(before).get("phase").as_string() == "running"; });
  const std::int64_t waiting =
      submit(all_gpus, fmt::format("echo run >> {}/runs\n", work_.string()));
  until("the second waits", [&] { return job(waiting).get("phase").as_string() == "queued"; });
  const std::string id = slurm_id(waiting);
  server_.kill();
  std::ofstream(work_ / "go") << "go";
  until("the second runs", [&] {
    return bed_.run_as("root", "c1", {"squeue", "-h", "-j", id, "-o", "%T"}).output == "RUNNING\n";
  });
  server_.start();
  EXPECT_EQ(end_of(waiting), "completed 0");
  std::ifstream runs(work_ / "runs");
  const std::string all{std::istreambuf_iterator<char>(runs), {}};
  EXPECT_EQ(all, "run\nrun\n");
}

}  // namespace
}  // namespace fabrica
