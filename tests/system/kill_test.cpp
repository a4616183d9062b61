#include <fmt/core.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

#include "base/random.h"
#include "store/verify.h"
#include "system/server.h"
#include "unit/support/temporary_directory.h"

/// The promise of the first page: whatever is killed, whenever, nothing acknowledged is lost, no
/// job runs twice and none is charged twice. A real server, real jobs, real SIGKILLs.
namespace fabrica {
namespace {

constexpr int kills = 200;
constexpr std::uint64_t seed = 20261122;
constexpr std::chrono::minutes settle_deadline{10};

// Submits jobs one after the other, each under an id of its own, and asks again under the same id
// until it has an answer: what a careful client does.
class Submitter {
 public:
  Submitter(test::ServerProcess& server, std::int64_t project, std::filesystem::path directory)
      : server_(server),
        project_(project),
        directory_(std::move(directory)),
        thread_([this] { run(); }) {}
  ~Submitter() { finish(); }
  Submitter(const Submitter&) = delete;
  Submitter& operator=(const Submitter&) = delete;

  void server_is_at(const std::string& url) {
    const std::lock_guard lock(mutex_);
    url_ = url;
  }

  /// Job numbers by the number of the submission. Call once all is up.
  std::map<int, std::int64_t> finish() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
    return accepted_;
  }

 private:
  std::string url() {
    const std::lock_guard lock(mutex_);
    return url_;
  }

  bool try_once(int number) {
    const std::string at = url();
    if (at.empty()) return false;
    net::Client client(*net::parse_url(at));
    const std::string script = fmt::format(
        "#!/bin/sh\n#SBATCH --time=1\n#SBATCH --output=/dev/null\necho {} >> runs.txt\nsleep "
        "0.0{}\n",
        number, number % 9);
    const Result<net::Response> answer = test::ask(client, server_.token(), net::Method::put,
                                                   fmt::format("/v1/jobs/{:032x}", number + 1),
                                                   test::submission(project_, directory_, script));
    if (!answer || answer->status >= 500) return false;
    EXPECT_LT(answer->status, 300) << answer->body;
    const Result<json::Value> body = json::Value::parse(answer->body);
    const std::optional<std::int64_t> id = body ? body->at("/job/id").as_int() : std::nullopt;
    EXPECT_TRUE(id.has_value()) << answer->body;
    accepted_[number] = id.value_or(0);
    return true;
  }

  void run() {
    for (int number = 0; !stopping_; ++number) {
      // A submission that was begun is brought to its end, also when the test is about to stop.
      while (!try_once(number)) std::this_thread::sleep_for(std::chrono::milliseconds(3));
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  test::ServerProcess& server_;
  std::int64_t project_;
  std::filesystem::path directory_;
  std::mutex mutex_;
  std::string url_;
  std::map<int, std::int64_t> accepted_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

std::map<int, int> runs_by_number(const std::filesystem::path& file) {
  std::map<int, int> runs;
  std::ifstream in(file);
  for (int number = 0; in >> number;) runs[number] += 1;
  return runs;
}

TEST(Kill, NothingIsLostDoubledOrChargedTwice) {
  const test::TemporaryDirectory directory;
  const std::filesystem::path data = directory.path() / "data";
  const std::filesystem::path work = directory.path() / "work";
  std::filesystem::create_directories(work);
  test::ServerProcess server(data);
  server.start();
  net::Client client(*net::parse_url(server.url()));
  const std::int64_t project = test::make_project(client, server.token());
  ASSERT_FALSE(testing::Test::HasFailure());
  Random random(seed);
  std::map<int, std::int64_t> accepted;
  {
    Submitter submitter(server, project, work);
    for (int kill = 0; kill < kills; ++kill) {
      submitter.server_is_at(server.url());
      std::this_thread::sleep_for(std::chrono::milliseconds(random.between(0, 250)));
      submitter.server_is_at("");
      server.kill();
      server.start();
    }
    submitter.server_is_at(server.url());
    accepted = submitter.finish();
  }
  test::wait_until_all_ended(server, settle_deadline);
  EXPECT_EQ(server.stop(), 0);

  const std::map<int, int> runs = runs_by_number(work / "runs.txt");
  for (const auto& [number, job] : accepted) {
    EXPECT_TRUE(runs.contains(number) && runs.at(number) == 1)
        << "submission " << number << ", job " << job << " ran "
        << (runs.contains(number) ? runs.at(number) : 0) << " times";
  }
  EXPECT_EQ(runs.size(), accepted.size());
  test::expect_charged_once(data, federation::ProjectId{1});
  const store::Verification found = store::verify(data, [](std::uint64_t, std::uint64_t) {});
  EXPECT_TRUE(found.faults.empty()) << found.faults.front();
  fmt::print("{} kills (seed {}), {} jobs submitted and run once, {} events\n", kills, seed,
             accepted.size(), found.events);
}

}  // namespace
}  // namespace fabrica
