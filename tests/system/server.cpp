#include "system/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "base/check.h"
#include "json/write.h"
#include "store/reader.h"

namespace fabrica::test {

namespace {

constexpr std::chrono::seconds deadline{120};
constexpr Duration answer_time = seconds(60);

std::string first_line(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

std::string program() {
  const char* programs = std::getenv("FABRICA_BIN_DIR");
  CHECK(programs != nullptr, "the test runner says where the programs are (FABRICA_BIN_DIR)");
  return (std::filesystem::path(programs) / "fabricad").string();
}

}  // namespace

std::string ServerProcess::token() const { return first_line(directory_ / "admin-token"); }

bool ServerProcess::is_ready() {
  url_ = first_line(directory_ / "server");
  if (url_.empty()) return false;
  const Result<net::Url> url = net::parse_url(url_);
  if (!url) return false;
  net::Client client(*url);
  net::Request request;
  request.path = {"readyz"};
  const Result<net::Response> answer = client.send(std::move(request), answer_time);
  return answer && answer->status == 200;
}

std::uint16_t free_port() {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  CHECK(::bind(listener, plain, size) == 0 && ::getsockname(listener, plain, &size) == 0,
        "there is a free port");
  ::close(listener);
  return ntohs(address.sin_port);
}

void ServerProcess::start() {
  std::filesystem::create_directories(directory_);
  std::filesystem::remove(directory_ / "server");
  const std::string path = program();
  const std::string log = (directory_ / "fabricad.log").string();
  const std::string port = fmt::to_string(port_);
  process_ = ::fork();
  CHECK(process_ >= 0, "fork");
  if (process_ == 0) {
    const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(file, 1);
    ::dup2(file, 2);
    if (config_.empty())
      ::execl(path.c_str(), "fabricad", "--data", directory_.c_str(), "--port", port.c_str(),
              nullptr);
    else
      ::execl(path.c_str(), "fabricad", "--config", config_.c_str(), "--data", directory_.c_str(),
              "--port", port.c_str(), nullptr);
    ::_exit(127);
  }
  const auto until = std::chrono::steady_clock::now() + deadline;
  while (!is_ready()) {
    CHECK(::waitpid(process_, nullptr, WNOHANG) == 0,
          "fabricad ended while it started; see fabricad.log");
    CHECK(std::chrono::steady_clock::now() < until, "fabricad answers within two minutes");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void ServerProcess::kill() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

void ServerProcess::freeze() { ::kill(process_, SIGSTOP); }
void ServerProcess::thaw() { ::kill(process_, SIGCONT); }

int ServerProcess::stop() {
  ::kill(process_, SIGTERM);
  int status = 0;
  ::waitpid(process_, &status, 0);
  process_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Result<net::Response> ask(net::Client& client, const std::string& token, net::Method method,
                          std::string_view target, std::string body) {
  TRY(net::Target parsed, net::parse_target(target));
  net::Request request;
  request.method = method;
  request.path = std::move(parsed.path);
  request.query = std::move(parsed.query);
  request.headers.add("Authorization", "Bearer " + token);
  if (!body.empty()) request.headers.add("Content-Type", "application/json");
  request.body = std::move(body);
  return client.send(std::move(request), answer_time);
}

json::Value must(net::Client& client, const std::string& token, net::Method method,
                 std::string_view target, std::string body) {
  const Result<net::Response> answer = ask(client, token, method, target, std::move(body));
  if (!answer || answer->status >= 300) {
    ADD_FAILURE() << target << ": " << (answer ? answer->body : answer.error().text);
    return {};
  }
  return *json::Value::parse(answer->body.empty() ? "null" : answer->body);
}

std::int64_t make_project(net::Client& client, const std::string& token) {
  const auto post = [&](std::string_view target, std::string body) {
    return must(client, token, net::Method::post, target, std::move(body));
  };
  post("/v1/partitions/local-cpu/capacity", R"({"hours":"2000","text":"capacity"})");
  post("/v1/organisations", R"({"name":"Start-up","country":"PT","kind":"start_up"})");
  const std::int64_t project =
      *post("/v1/projects", R"({"title":"A project","organisation":1})").get("id").as_int();
  post("/v1/calls", R"({"mode":"playground","title":"Playground","partitions":["local-cpu"]})");
  post(
      "/v1/calls/1/proposals",
      fmt::format(
          R"({{"project":{},"title":"Work","partition":"local-cpu","hours":"500","months":1,"gpus_per_job":0,)"
          R"("nodes_per_job":1,"civil_use":true,"open_research":true,"text":"some work"}})",
          project));
  post("/v1/proposals/1:assess", R"({"suitable":true,"text":""})");
  post("/v1/proposals/1:grant", "{}");
  post("/v1/awards/1:accept", "{}");
  return project;
}

std::string submission(std::int64_t project, const std::filesystem::path& directory,
                       std::string_view script) {
  std::string text;
  json::write(text, std::string(script));
  std::string where;
  json::write(where, directory.string());
  return fmt::format(
      R"({{"project":{},"script":{},"name":"job.sh","arguments":[],"options":[],"environment":{{}},)"
      R"("working_directory":{},"user":"tester"}})",
      project, text, where);
}

void wait_until_all_ended(ServerProcess& server, std::chrono::seconds longest) {
  net::Client client(*net::parse_url(server.url()));
  const auto until = std::chrono::steady_clock::now() + longest;
  while (true) {
    const json::Value live =
        must(client, server.token(), net::Method::get, "/v1/jobs?live=true&limit=10");
    if (live.get("items").items().empty()) return;
    ASSERT_LT(std::chrono::steady_clock::now(), until) << "jobs that never end: " << live.text();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

namespace {

// How often each kind of line is there for each job.
std::map<std::uint64_t, std::map<std::string, int>> lines_of_jobs(store::Reader& reader,
                                                                  ledger::AccountId account) {
  std::map<std::uint64_t, std::map<std::string, int>> lines;
  Seq after;
  for (auto page = reader.statement(account, after, 1'000); !page.empty();
       page = reader.statement(account, after, 1'000)) {
    for (const store::LineView& line : page) {
      if (line.job) lines[line.job->value][line.kind] += 1;
      after = line.seq;
    }
  }
  return lines;
}

}  // namespace

std::size_t jobs_charged_twice(const std::filesystem::path& directory,
                               federation::ProjectId project) {
  store::Reader reader(directory);
  std::set<std::uint64_t> twice;
  for (const store::AccountView& account : reader.accounts_of(project)) {
    for (auto& [job, kinds] : lines_of_jobs(reader, account.id)) {
      // Each run of a job that its site requeued is charged, and the hold extended for the next.
      const std::optional<store::JobView> known = reader.job(jobs::JobId{job});
      const int runs = known ? std::max(1, static_cast<int>(known->runs.size())) : 1;
      if (kinds["hold"] > runs || kinds["charge"] > runs || kinds["release"] > 1) twice.insert(job);
    }
  }
  return twice.size();
}

void expect_charged_once(const std::filesystem::path& directory, federation::ProjectId project) {
  store::Reader reader(directory);
  for (const store::AccountView& account : reader.accounts_of(project)) {
    for (auto& [job, kinds] : lines_of_jobs(reader, account.id)) {
      EXPECT_EQ(kinds["hold"], 1) << "job " << job;
      EXPECT_LE(kinds["charge"], 1) << "job " << job;
      EXPECT_LE(kinds["release"], 1) << "job " << job;
    }
    EXPECT_EQ(account.held, ComputeTime{});
  }
}

}  // namespace fabrica::test
