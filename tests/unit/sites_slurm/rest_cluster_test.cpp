#include "sites/slurm/rest_cluster.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "net/server.h"
#include "scratch.h"
#include "sites/slurm/rest_api.h"

namespace fabrica::sites::slurm {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

/// What a fake slurmrestd answers to a request line: at once, late, or never.
struct Script {
  std::uint16_t status = 200;
  std::string body;
  Duration late = {};
  bool cut = false;
};

const std::string openapi =
    R"({"paths":{"\/slurm\/v0.0.36\/ping":{},"\/slurm\/v0.0.38\/ping":{}}})";
const std::string pong = R"({"errors":[],"pings":[{"ping":"UP"}]})";

class FakeRest {
 public:
  FakeRest() {
    answer("GET /openapi/v3", {.status = 200, .body = openapi});
    auto opened = net::Server::open({.threads = 2}, std::bind_front(&FakeRest::handle, this));
    if (!opened) throw std::runtime_error(opened.error().text);
    server_ = *std::move(opened);
    server_->start();
  }
  FakeRest(const FakeRest&) = delete;
  FakeRest& operator=(const FakeRest&) = delete;
  ~FakeRest() { server_->stop(Duration{}); }

  std::string url() const { return fmt::format("http://127.0.0.1:{}", server_->port()); }

  void answer(const std::string& line, Script script) {
    const std::scoped_lock lock(mutex_);
    scripts_[line] = std::move(script);
  }

  /// Request lines with who asked, in order.
  std::vector<std::string> asked() {
    const std::scoped_lock lock(mutex_);
    return asked_;
  }
  std::vector<std::string> tokens() {
    const std::scoped_lock lock(mutex_);
    return tokens_;
  }

 private:
  Script note(const net::Request& request) {
    const std::string line =
        fmt::format("{} {}", net::to_string(request.method),
                    net::to_string(net::Target{.path = request.path, .query = request.query}));
    const std::scoped_lock lock(mutex_);
    asked_.push_back(
        fmt::format("{} {}", line, request.headers.find("X-SLURM-USER-NAME").value_or("?")));
    tokens_.emplace_back(request.headers.find("X-SLURM-USER-TOKEN").value_or("?"));
    const auto script = scripts_.find(line);
    if (script == scripts_.end()) return {.status = 404, .body = "Unable find requested URL."};
    return script->second;
  }

  net::Awaitable<net::Response> handle(net::Request request) {
    Script script = note(request);
    if (script.late.ms > 0) {
      boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
      timer.expires_after(std::chrono::milliseconds(script.late.ms));
      co_await timer.async_wait(boost::asio::use_awaitable);
    }
    net::Response response;
    response.status = script.status;
    if (script.cut) {
      response.stream = [](net::Stream stream) -> net::Awaitable<void> {
        co_await stream.send("{\"errors\":");
        throw std::runtime_error("cut");
      };
    } else {
      response.body = std::move(script.body);
    }
    co_return response;
  }

  std::mutex mutex_;
  std::map<std::string, Script> scripts_;
  std::vector<std::string> asked_;
  std::vector<std::string> tokens_;
  std::unique_ptr<net::Server> server_;
};

class RestClusterTest : public testing::Test {
 protected:
  RestOptions options() const {
    RestOptions options;
    options.url = rest.url();
    options.cluster_name = "c1";
    options.key_file = key;
    options.connections = 2;
    return options;
  }

  void open(RestOptions with) {
    auto opened = RestCluster::open(std::move(with));
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
    cluster = *std::move(opened);
  }

  // Sleeps on the descriptor as a server would.
  std::vector<Answer> wait_for(std::size_t count) const {
    std::vector<Answer> answers;
    while (answers.size() < count) {
      pollfd wake{.fd = cluster->wake_fd(), .events = POLLIN, .revents = 0};
      if (::poll(&wake, 1, 20'000) != 1) {
        ADD_FAILURE() << "no answer";
        break;
      }
      for (Answer& answer : cluster->receive(Time{})) answers.push_back(std::move(answer));
    }
    return answers;
  }

  Answer ask(Ask one) const {
    cluster->send(7, std::move(one));
    auto answers = wait_for(1);
    if (answers.empty()) return {};
    EXPECT_EQ(answers.front().ticket, 7U);
    return answers.front();
  }

  static std::string shown(const Answer& answer) {
    return fmt::format("{} {} {} {}", name_of(answer.came), answer.id, answer.jobs.size(),
                       answer.text);
  }

  static Submission job() {
    Submission job;
    job.name = "n";
    job.user = "alice";
    job.script = "#!/bin/sh\n";
    job.environment = {"PATH=/bin"};
    job.working_directory = "/";
    return job;
  }

  Scratch scratch;
  FakeRest rest;
  std::string key = scratch.file("jwt.key", "0123456789abcdef0123456789abcdef");
  std::unique_ptr<RestCluster> cluster;
};

TEST_F(RestClusterTest, AsksInTheNewestVersionAndForTheJobsUser) {
  open(options());
  rest.answer(
      "POST /slurm/v0.0.38/job/submit",
      {.status = 200, .body = R"({"errors":[{"error_number":2042,"error":"held"}],"job_id":4})"});
  rest.answer("POST /slurm/v0.0.38/job/4", {.status = 200, .body = R"({"errors":[]})"});
  rest.answer("DELETE /slurm/v0.0.38/job/4",
              {.status = 500, .body = R"({"errors":[{"error_number":2017}]})"});
  rest.answer("GET /slurm/v0.0.38/job/4",
              {.status = 200, .body = R"({"errors":[],"jobs":[{"job_id":4},{"job_id":5}]})"});
  rest.answer("GET /slurm/v0.0.38/ping", {.status = 200, .body = pong});
  EXPECT_EQ(shown(ask(ask::Submit{job()})), "done 4 0 ");
  EXPECT_EQ(shown(ask(ask::Release{.user = "alice", .id = 4})), "done 0 0 ");
  EXPECT_EQ(shown(ask(ask::Cancel{.user = "alice", .id = 4})), "unknown 0 0 ");
  EXPECT_EQ(shown(ask(ask::Show{.id = 4})), "done 0 2 ");
  EXPECT_EQ(shown(ask(ask::Ping{})), "done 0 0 ");
  EXPECT_THAT(
      rest.asked(),
      testing::ElementsAre("GET /openapi/v3 slurm", "POST /slurm/v0.0.38/job/submit alice",
                           "POST /slurm/v0.0.38/job/4 alice", "DELETE /slurm/v0.0.38/job/4 alice",
                           "GET /slurm/v0.0.38/job/4 slurm", "GET /slurm/v0.0.38/ping slurm"));
  EXPECT_THAT(rest.tokens(), Each(rest.tokens().front()));
}

TEST_F(RestClusterTest, MaySendTheUsersOwnTokens) {
  RestOptions with = options();
  with.own_tokens = true;
  with.api_version = "v0.0.38";
  open(with);
  ask(ask::Cancel{.user = "alice", .id = 4});
  ask(ask::Cancel{.user = "bob", .id = 4});
  ask(ask::Cancel{.user = "alice", .id = 4});
  const auto tokens = rest.tokens();
  EXPECT_NE(tokens[0], tokens[1]);
  EXPECT_EQ(tokens[0], tokens[2]);
  EXPECT_EQ(shown(ask(ask::Cancel{.user = "a\r\nX: y", .id = 4})),
            "refused 0 0 The job's user cannot be a user of a cluster.");
}

TEST_F(RestClusterTest, ListsOnlyNewsAndTellsTheClustersTime) {
  open(options());
  rest.answer("GET /slurm/v0.0.38/jobs?update_time=5", {.status = 304, .body = {}});
  rest.answer("GET /slurm/v0.0.38/jobs",
              {.status = 200, .body = R"({"errors":[],"jobs":[{"job_id":4}]})"});
  EXPECT_EQ(ask(ask::List{.since = Time{5'000}}).came, Came::unchanged);
  const Answer all = ask(ask::List{});
  EXPECT_EQ(all.jobs.size(), 1U);
  EXPECT_GT(all.cluster_time, Time{1'700'000'000'000});  // our server says a date
}

TEST_F(RestClusterTest, KeepsOfTheDatabaseWhatIsAsked) {
  open(options());
  rest.answer("GET /slurmdb/v0.0.38/jobs?submit_time=uts100&skip_steps=true&cluster=c1",
              {.status = 200, .body = R"({"errors":[],"jobs":[
                  {"job_id":1,"name":"a.f","cluster":"c1","time":{"submission":100}},
                  {"job_id":2,"name":"a.f","cluster":"c2","time":{"submission":100}},
                  {"job_id":3,"name":"a.f","cluster":"c1","time":{"submission":99}},
                  {"job_id":4,"name":"a.g","cluster":"c1","time":{"submission":100}}]})"});
  const Answer answer = ask(ask::Past{.from = Time{100'000}, .name_end = ".f"});
  ASSERT_EQ(answer.jobs.size(), 1U);
  EXPECT_EQ(answer.jobs.front().id, 1U);
}

TEST_F(RestClusterTest, TroubleIsUnclearAndGarbageToo) {
  RestOptions with = options();
  with.timeouts.change = milliseconds(200);
  open(with);
  const std::string line = "POST /slurm/v0.0.38/job/submit";
  const Script scripts[] = {
      {.status = 200, .body = "garbage"},
      {.status = 200, .body = {}},
      {.status = 200, .body = R"({"errors":[]})"},
      {.status = 500, .body = "<html>"},
      {.status = 500, .body = R"({"errors":[{"error_number":5004}]})"},
      {.status = 200, .body = R"({"errors":[],"job_id":4})", .late = seconds(2)},
      {.status = 200, .body = {}, .late = {}, .cut = true},
  };
  for (const Script& script : scripts) {
    rest.answer(line, script);
    const Answer answer = ask(ask::Submit{job()});
    EXPECT_EQ(answer.came, Came::unclear) << script.status << script.body;
    EXPECT_THAT(answer.text, Not(IsEmpty()));
  }
  rest.answer(line, {.status = 500, .body = R"({"errors":[{"error_number":2014,"error":"no"}]})"});
  EXPECT_EQ(shown(ask(ask::Submit{job()})), "refused 0 0 slurmrestd answers 500: no (2014)");
}

TEST_F(RestClusterTest, ASuspectTokenIsMadeAnew) {
  RestOptions with = options();
  with.api_version = "v0.0.38";
  open(with);
  const Script script{.status = 500,
                      .body = R"({"errors":[{"errno":-1,"error":"Unspecified error"}]})",
                      .late = {},
                      .cut = false};
  rest.answer("GET /slurm/v0.0.38/jobs", script);
  EXPECT_THAT(ask(ask::List{}).text,
              AllOf(StartsWith("slurmrestd answers 500: Unspecified error (-1). That came at once"),
                    HasSubstr("our token")));
  // Tokens name whole seconds.
  std::this_thread::sleep_for(std::chrono::milliseconds(1'100));
  // One that lasts for days is taken.
  rest.answer("GET /slurm/v0.0.38/diag", {.status = 200, .body = R"({"errors":[]})"});
  EXPECT_THAT(ask(ask::List{}).text, HasSubstr("by its clock those of 30 min have expired"));
  EXPECT_NE(rest.tokens().front(), rest.tokens().back());
}

TEST_F(RestClusterTest, NoTokenIsEverShown) {
  RestOptions with = options();
  with.api_version = "v0.0.38";
  open(with);
  ask(ask::List{});
  rest.answer("GET /slurm/v0.0.38/jobs",
              {.status = 500,
               .body = fmt::format(R"({{"errors":[{{"errno":2000,"error":"{}"}}]}})",
                                   rest.tokens().front())});
  const Answer answer = ask(ask::List{});
  EXPECT_EQ(answer.came, Came::refused);
  EXPECT_THAT(answer.text, AllOf(Not(HasSubstr(rest.tokens().front())), HasSubstr("not shown")));
}

TEST_F(RestClusterTest, WithoutAServerNothingIsSent) {
  RestOptions with = options();
  {
    const FakeRest gone;
    with.url = gone.url();
  }
  open(with);
  EXPECT_EQ(ask(ask::Submit{job()}).came, Came::unsent);
  with.api_version = "v0.0.43";
  open(with);
  const Answer answer = ask(ask::Submit{job()});
  EXPECT_EQ(answer.came, Came::unsent);
  EXPECT_THAT(answer.text, HasSubstr("Cannot reach"));
}

TEST_F(RestClusterTest, AVersionThatIsGoneIsLookedUpAgain) {
  open(options());
  rest.answer("GET /slurm/v0.0.38/ping", {.status = 200, .body = pong});
  EXPECT_EQ(ask(ask::Ping{}).came, Came::done);
  rest.answer("GET /openapi/v3", {.status = 200, .body = R"({"/slurm/v0.0.40/ping/":{}})"});
  rest.answer("GET /slurm/v0.0.38/ping", {.status = 404, .body = "Unable find requested URL."});
  rest.answer("GET /slurm/v0.0.40/ping",
              {.status = 200, .body = R"({"pings":[{"responding":true}]})"});
  EXPECT_EQ(ask(ask::Ping{}).came, Came::unsent);
  EXPECT_EQ(ask(ask::Ping{}).came, Came::done);
  rest.answer("GET /openapi/v3", {.status = 200, .body = R"({"/slurm/v0.0.99/ping/":{}})"});
  open(options());
  EXPECT_THAT(shown(ask(ask::Ping{})), StartsWith("unsent 0 0 slurmrestd offers no version"));
  rest.answer("GET /openapi/v3", {.status = 401, .body = "Authentication failure"});
  EXPECT_THAT(shown(ask(ask::Ping{})), StartsWith("unsent 0 0 slurmrestd answers 401"));
}

TEST_F(RestClusterTest, BeyondTheQueueNothingIsSent) {
  RestOptions with = options();
  with.connections = 1;
  with.asks_max = 2;
  with.api_version = "v0.0.38";
  with.timeouts.queue = milliseconds(100);
  open(with);
  rest.answer("GET /slurm/v0.0.38/ping", {.status = 200, .body = pong, .late = milliseconds(400)});
  for (std::uint64_t ticket = 1; ticket <= 20; ++ticket) cluster->send(ticket, ask::Ping{});
  const auto answers = wait_for(20);
  std::size_t done = 0;
  for (const Answer& answer : answers) {
    if (answer.came == Came::done) {
      ++done;
    } else {
      EXPECT_EQ(answer.came, Came::unsent);
    }
  }
  EXPECT_EQ(done, 1U);  // the others waited too long, or not at all
  EXPECT_EQ(rest.asked().size(), 1U);
}

TEST_F(RestClusterTest, AFrozenDatabaseBlocksNothingElse) {
  RestOptions with = options();
  with.connections = 1;
  open(with);
  rest.answer("GET /slurm/v0.0.38/ping", {.status = 200, .body = pong});
  ask(ask::Ping{});
  rest.answer("GET /slurmdb/v0.0.38/jobs?submit_time=uts1&skip_steps=true&cluster=c1",
              {.status = 200, .body = R"({"errors":[],"jobs":[]})", .late = seconds(600)});
  for (int i = 0; i < 5; ++i) cluster->send(100, ask::Past{});
  EXPECT_EQ(ask(ask::Ping{}).came, Came::done);
  const auto start = std::chrono::steady_clock::now();
  cluster.reset();  // and nobody waits for it
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST_F(RestClusterTest, ManyAsksAreAnsweredOnceEach) {
  RestOptions with = options();
  with.connections = 8;
  open(with);
  rest.answer("GET /slurm/v0.0.38/ping", {.status = 200, .body = pong});
  constexpr std::size_t count = 200;
  for (std::uint64_t ticket = 0; ticket < count; ++ticket) cluster->send(ticket, ask::Ping{});
  std::vector<int> seen(count);
  for (const Answer& answer : wait_for(count)) {
    EXPECT_EQ(answer.came, Came::done) << answer.text;
    ++seen.at(answer.ticket);
  }
  EXPECT_THAT(seen, Each(1));
  EXPECT_THAT(cluster->receive(Time{}), IsEmpty());
}

TEST_F(RestClusterTest, OptionsThatCannotBeAreRefused) {
  struct Row {
    std::string_view field;
    void (*spoil)(RestOptions&);
  };
  const Row rows[] = {
      {"connections", [](RestOptions& with) { with.connections = 0; }},
      {"connections", [](RestOptions& with) { with.connections = 65; }},
      {"asks_max", [](RestOptions& with) { with.asks_max = 0; }},
      {"token_user", [](RestOptions& with) { with.token_user = "a b"; }},
      {"timeouts", [](RestOptions& with) { with.timeouts.list = hours(2); }},
      {"api_version", [](RestOptions& with) { with.api_version = "v0.0.37"; }},
      {"key_file", [](RestOptions& with) { with.key_file = "/nowhere"; }},
  };
  for (const Row& row : rows) {
    RestOptions with = options();
    row.spoil(with);
    const auto opened = RestCluster::open(with);
    ASSERT_FALSE(opened.has_value()) << row.field;
    EXPECT_EQ(opened.error().field, row.field);
  }
  RestOptions with = options();
  with.url = "ftp://x";
  EXPECT_FALSE(RestCluster::open(with).has_value());
  open(options());
  EXPECT_FALSE(cluster->key_set().has_value());
}

}  // namespace
}  // namespace fabrica::sites::slurm
