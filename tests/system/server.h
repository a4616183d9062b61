#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "federation/types.h"
#include "json/value.h"
#include "net/client.h"

/// A real fabricad as a process of its own, on a directory of its own.
namespace fabrica::test {

/// A TCP port of this machine that is free now.
std::uint16_t free_port();

/// Starts, kills and asks a server. Every wait has a deadline of two minutes: the machine may be
/// busy.
class ServerProcess {
 public:
  /// With a file of settings, or the defaults; on any port that is free, or on this one always.
  explicit ServerProcess(std::filesystem::path directory, std::filesystem::path config = {},
                         std::uint16_t port = 0)
      : directory_(std::move(directory)), config_(std::move(config)), port_(port) {}
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess() { kill(); }

  /// Starts the program and returns when it answers.
  void start();
  /// SIGKILL, and waits until it is gone.
  void kill();
  /// SIGSTOP, and SIGCONT.
  void freeze();
  void thaw();
  /// SIGTERM; its exit code.
  int stop();

  const std::filesystem::path& directory() const { return directory_; }
  std::string url() const { return url_; }
  std::string token() const;

 private:
  bool is_ready();

  std::filesystem::path directory_;
  std::filesystem::path config_;
  std::uint16_t port_;
  std::string url_;
  int process_ = -1;
};

/// Asks with the administrator's token. A refusal means that no answer came.
Result<net::Response> ask(net::Client& client, const std::string& token, net::Method method,
                          std::string_view target, std::string body = {});

/// The same, for what must work: fails the test and returns nothing otherwise.
json::Value must(net::Client& client, const std::string& token, net::Method method,
                 std::string_view target, std::string body = {});

/// Makes a project with an award of 500 core-hours on this machine; its number.
std::int64_t make_project(net::Client& client, const std::string& token);

/// The body of a submission of `script` in `directory`.
std::string submission(std::int64_t project, const std::filesystem::path& directory,
                       std::string_view script);

/// Returns when no job is live; fails the test after `deadline`.
void wait_until_all_ended(ServerProcess& server, std::chrono::seconds deadline);

/// How many jobs of the project have more holds or charges in its accounts than runs, or more than
/// one release.
std::size_t jobs_charged_twice(const std::filesystem::path& directory,
                               federation::ProjectId project);

/// Each job's lines in the accounts of the project: one hold, at most one charge, at most one
/// release, and nothing held in the end.
void expect_charged_once(const std::filesystem::path& directory, federation::ProjectId project);

}  // namespace fabrica::test
