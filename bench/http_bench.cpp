#include <fmt/core.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

#include "api/handler.h"
#include "live/writer.h"
#include "load.h"
#include "net/server.h"
#include "scene.h"
#include "store/private_store.h"
#include "store/sqlite_log.h"

/// Requests over HTTP against a server in a process of its own, with all that it does: tokens,
/// JSON, the script, the kernel, the log with its read tables on this disk. Client and server share
/// the machine. Limits: 8,000 durable submissions a second on 64 connections with 99 of 100 under
/// 25 ms, 40,000 readings of a job; beside them what the bare server and the same API can do with
/// nothing to do.
namespace fabrica::bench {
namespace {

constexpr std::uint64_t submissions = 40'000;
constexpr std::uint64_t readings = 200'000;

int threads_wanted() {
  const char* wanted = std::getenv("FABRICA_BENCH_THREADS");
  return wanted != nullptr ? std::atoi(wanted) : 2;  // as fabricad has it
}

struct Running {
  pid_t process = 0;
  std::uint16_t port = 0;
};

// Runs `serve` in a child, which tells its port through the pipe and lives until it is killed.
Running start_process(const std::function<void(int port_pipe)>& serve) {
  std::array<int, 2> ends{};
  CHECK(::pipe(ends.data()) == 0, "a pipe");
  Running running;
  running.process = ::fork();
  CHECK(running.process >= 0, "a process");
  if (running.process == 0) {
    serve(ends[1]);
    ::pause();
    std::_Exit(0);
  }
  CHECK(::read(ends[0], &running.port, sizeof running.port) == sizeof running.port, "a port");
  ::close(ends[0]);
  ::close(ends[1]);
  return running;
}

void stop_process(const Running& running) {
  ::kill(running.process, SIGKILL);
  ::waitpid(running.process, nullptr, 0);
}

void listen_and_tell(net::Handler handler, int port_pipe) {
  net::ServerOptions options;
  options.threads = threads_wanted();
  auto opened = net::Server::open(std::move(options), std::move(handler));
  CHECK(opened.has_value(), "a port is free");
  net::Server* const server = opened->release();  // until the process is killed
  server->start();
  const std::uint16_t port = server->port();
  CHECK(::write(port_pipe, &port, sizeof port) == sizeof port, "the port is told");
}

net::Awaitable<net::Response> answer_nothing(net::Request) {
  net::Response response;
  response.content_type = "application/json";
  response.body = R"({"status":"alive","more":"0123456789abcdef"})";
  co_return response;
}

void serve_nothing(int port_pipe) { listen_and_tell(&answer_nothing, port_pipe); }

void serve_api(const std::filesystem::path& directory, int port_pipe) {
  auto* const log = new store::SqliteLog(directory);
  auto* const writer = new live::Writer(*log, policies::defaults());
  for (Envelope& asked : opening())
    CHECK(writer->execute(std::move(asked)).has_value(), "the opening");
  auto* const context = new api::Context(
      {.writer = *writer,
       .directory = directory,
       .policies = policies::defaults(),
       .output_of = [](const store::JobView&, std::uint32_t,
                       bool) -> Result<std::filesystem::path> {
         return refuse(refusal::not_found, "", "There is no output.");
       },
       .words_at = [](const std::string&, const federation::Partition&,
                      const sbatch::AskedWords&) { return sbatch::SiteAnswer{}; },
       .check_site = [](const std::string&, const auto&) -> Result<void> {
         return refuse(refusal::invalid, "site", "There is no Slurm site.");
       },
       .reconcile_site = [](const std::string&, Time, Time, const auto&) -> Result<void> {
         return refuse(refusal::invalid, "site", "There is no Slurm site.");
       },
       .version = "bench",
       .on_trouble = [](std::string_view trouble) { fmt::print(stderr, "{}\n", trouble); }});
  listen_and_tell(api::handler(*context), port_pipe);
}

std::string request_of(std::string_view line, std::string_view token, std::string_view body) {
  return fmt::format("{} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {}\r\n{}\r\n{}", line,
                     token, body.empty() ? "" : fmt::format("Content-Length: {}\r\n", body.size()),
                     body);
}

std::string submission(std::uint64_t number) {
  return fmt::format(
      R"({{"project":1,"script":"#!/bin/bash\n#SBATCH --job-name=job-{}\n#SBATCH --time=00:01:00\n)"
      R"(#SBATCH --gpus-per-node=1\n#SBATCH --output=logs/%x-%j.out\nsrun python3 train.py\n",)"
      R"("working_directory":"/home/ada","name":"train.sh"}})",
      number);
}

void print(std::string_view what, const Measured& measured, std::string_view limit) {
  fmt::print("{:<34} {:>9.0f}/s   p50 {:>7.2f} ms   p99 {:>7.2f} ms   {}\n", what,
             measured.requests_per_s, measured.p50_ms, measured.p99_ms, limit);
  CHECK(measured.failures == 0, "every request is answered well");
}

int run() {
  std::string pattern = (std::filesystem::current_path() / "bench-XXXXXX").string();
  CHECK(::mkdtemp(pattern.data()) != nullptr, "a directory on this disk");
  const std::filesystem::path directory = pattern;

  const Running bare = start_process(&serve_nothing);
  const auto healthz = [](std::uint64_t) {
    return std::string("GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n");
  };
  print("GET, a handler that does nothing", drive({bare.port, 64, readings, healthz}), "");
  stop_process(bare);

  std::string token;
  const Running api = start_process(std::bind_front(&serve_api, directory));
  {
    store::PrivateStore secrets(directory);
    token = secrets.mint_token(lead, "bench", false, live::now(), live::now() + days(1));
  }
  print("GET /healthz", drive({api.port, 64, readings, healthz}), "");
  const auto submit_job = [&](std::uint64_t number) {
    return request_of("POST /v1/jobs", token, submission(number));
  };
  print("POST /v1/jobs, durable", drive({api.port, 64, submissions, submit_job}),
        "limit: 8000/s, p99 < 25 ms");
  print("POST /v1/jobs, durable, 1 connection", drive({api.port, 1, submissions / 20, submit_job}),
        "");
  const auto show_job = [&](std::uint64_t number) {
    return request_of(fmt::format("GET /v1/jobs/{}", number % submissions + 1), token, "");
  };
  print("GET /v1/jobs/{job}", drive({api.port, 64, readings, show_job}), "limit: 40000/s");
  stop_process(api);
  std::filesystem::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace fabrica::bench

int main() { return fabrica::bench::run(); }
