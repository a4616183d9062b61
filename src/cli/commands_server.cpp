#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <system_error>
#include <thread>

#include "cli/commands.h"
#include "cli/words.h"
#include "json/write.h"

/// The server on this machine: started in the background, stopped, asked who one is.
namespace fabrica::cli {

namespace {

namespace fs = std::filesystem;

constexpr auto look_again = std::chrono::milliseconds(50);
constexpr int start_looks_max = 1'200;  // a minute: a long log takes seconds to replay
constexpr int stop_looks_max = 600;
constexpr std::size_t log_lines_shown = 8;

struct WhereBody {
  std::string server;
  std::string data;
};
FABRICA_DESCRIBE(WhereBody, server, data)

std::string line_in(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

// The process in the pid file, when it is alive and is a server: the number may have gone to
// another program since a server died without a word, and a dead one may wait for its parent for
// ever.
std::optional<pid_t> running_server(const fs::path& directory) {
  const auto pid = number_of(line_in(directory / "fabricad.pid"), "");
  if (!pid || *pid > INT32_MAX) return std::nullopt;
  const std::string about = line_in(fmt::format("/proc/{}/stat", *pid));
  const bool lives =
      about.find(" (fabricad) ") != std::string::npos && about.find(") Z ") == std::string::npos;
  return lives ? std::optional(static_cast<pid_t>(*pid)) : std::nullopt;
}

bool is_ready(const std::string& url) {
  Outcome<Server> server = Server::at({url, {}});
  return server && server->get({"readyz"}).has_value();
}

std::vector<std::string> words_for(const UpOptions& options, const fs::path& program,
                                   const fs::path& directory) {
  std::vector<std::string> words{program.string(), "--data", directory.string()};
  const auto pass_on = [&](const char* name, const std::string& value) {
    if (!value.empty()) words.insert(words.end(), {name, value});
  };
  pass_on("--config", options.config);
  pass_on("--address", options.address);
  pass_on("--unix", options.unix_socket);
  if (options.port) pass_on("--port", fmt::to_string(*options.port));
  return words;
}

// Starts a process of its own session, which goes on when this program ends; its output goes to
// `log`.
Result<pid_t> start_in_background(std::vector<std::string> words, const fs::path& log) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, log.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, arguments.front(), &files, &attributes, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  if (error == 0) return pid;
  return refuse(refusal::not_found, "",
                fmt::format("{} cannot be started: {}. It belongs beside this program.",
                            words.front(), std::generic_category().message(error)));
}

// The last lines of a log, from `offset` on.
std::string end_of_log(const fs::path& log, std::uintmax_t offset) {
  std::ifstream in(log);
  in.seekg(static_cast<std::streamoff>(offset));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::string text;
  const std::size_t first = lines.size() > log_lines_shown ? lines.size() - log_lines_shown : 0;
  for (std::size_t at = first; at < lines.size(); ++at) text += "\n  " + lines[at];
  return text;
}

std::uintmax_t size_of(const fs::path& file) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  return error ? 0 : size;
}

// Waits until the new server says where it is and takes commands.
Outcome<std::string> wait_until_ready(const fs::path& directory, pid_t pid, const fs::path& log,
                                      std::uintmax_t log_size) {
  for (int look = 0; look < start_looks_max; ++look) {
    if (::waitpid(pid, nullptr, WNOHANG) == pid) {
      Failure failure(exit_code::failed, "The server ended at once:" + end_of_log(log, log_size));
      failure.hint = fmt::format("All it said is in {}.", log.string());
      return std::unexpected(std::move(failure));
    }
    std::string url = line_in(directory / "server");
    if (!url.empty() && is_ready(url)) return url;
    std::this_thread::sleep_for(look_again);
  }
  return std::unexpected(
      Failure(exit_code::unreachable,
              fmt::format("The server was started but is not ready yet; see {}.", log.string())));
}

std::string where_text(const Session& session, const fs::path& directory, const std::string& url) {
  std::string text = fmt::format("server   {}\ndata     {}\n", printable(url), directory.string());
  const fs::path token = directory / "admin-token";
  std::error_code error;
  if (fs::exists(token, error))
    text += fmt::format("token    {} (the administrator's)\n", token.string());
  if (session.options().data.empty()) return text + "next     fabrica sites\n";
  return text + fmt::format("next     fabrica --data {} sites\n", directory.string());
}

Outcome<int> say_where(const Session& session, const fs::path& directory, const std::string& url) {
  if (session.options().json) {
    session.print_json(json::to_json(WhereBody{url, directory.string()}));
  } else {
    session.terminal().print(where_text(session, directory, url));
  }
  return exit_code::ok;
}

}  // namespace

Outcome<int> up(Session& session, const UpOptions& options) {
  TRY(const fs::path directory, data_directory(session.options(), session.place()));
  if (running_server(directory)) {
    std::string url = line_in(directory / "server");
    session.terminal().note("The server runs already.");
    return say_where(session, directory, url);
  }
  std::error_code error;
  // A directory that is new is its owner's alone.
  if (fs::create_directories(directory, error)) {
    fs::permissions(directory, fs::perms::owner_all, error);
  }
  if (error) {
    return usage_failure(
        fmt::format("The directory {} cannot be made: {}.", directory.string(), error.message()),
        "Name another with --data DIR.");
  }
  fs::remove(directory / "server", error);  // of a server that died
  const fs::path log = directory / "fabricad.log";
  const std::uintmax_t log_size = size_of(log);
  const fs::path program = session.place().around.program.parent_path() / "fabricad";
  TRY(const pid_t pid, start_in_background(words_for(options, program, directory), log));
  TRY(const std::string url, wait_until_ready(directory, pid, log, log_size));
  return say_where(session, directory, url);
}

Outcome<int> down(Session& session) {
  TRY(const fs::path directory, data_directory(session.options(), session.place()));
  const std::optional<pid_t> pid = running_server(directory);
  if (!pid) {
    session.terminal().note(fmt::format("No server runs on {}.", directory.string()));
    return exit_code::ok;
  }
  if (::kill(*pid, SIGTERM) != 0) {
    return std::unexpected(
        Failure(exit_code::failed, fmt::format("Process {} cannot be told to stop: {}.", *pid,
                                               std::generic_category().message(errno))));
  }
  for (int look = 0; look < stop_looks_max; ++look) {
    if (running_server(directory) != pid) {
      session.terminal().note(
          "The server has stopped. Jobs that run go on; `fabrica up` takes them up again.");
      return exit_code::ok;
    }
    std::this_thread::sleep_for(look_again);
  }
  return std::unexpected(
      Failure(exit_code::failed, fmt::format("The server (process {}) was told to stop and still "
                                             "runs.",
                                             *pid)));
}

Outcome<int> show_version(Session& session, const std::string& version) {
  session.terminal().print(fmt::format("fabrica {}\n", version));
  const Outcome<Target> target = find_target(session.options(), session.place());
  if (!target) return exit_code::ok;  // no server to ask
  Outcome<Server> server = Server::at(*target);
  if (!server) return exit_code::ok;
  const Outcome<Answer> answer = server->get({"v1", "version"});
  if (!answer) return exit_code::ok;
  session.terminal().print(
      fmt::format("server  {} at {}, API {}\n", printable(answer->value.get("version").text()),
                  printable(target->url), printable(answer->value.get("api").text())));
  return exit_code::ok;
}

Outcome<int> whoami(Session& session) {
  TRY(Server* const server, session.server());
  TRY(const Answer me, server->get({"v1", "me"}));
  if (session.options().json) {
    session.print_json(me.body);
    return exit_code::ok;
  }
  const json::Value person = me.value.get("person");
  std::string roles;
  for (const json::Value& role : person.get("roles").items())
    roles += (roles.empty() ? "" : ", ") + spaced(role.text());
  std::string text =
      fmt::format("person-{}  {}\n", number_in(person, "id"), printable(person.get("name").text()));
  if (!roles.empty()) text += fmt::format("roles     {}\n", printable(roles));
  for (const json::Value& project : me.value.get("projects").items()) {
    text += fmt::format("project   project-{}  {}\n", number_in(project, "id"),
                        printable(project.get("title").text()));
  }
  session.terminal().print(text);
  return exit_code::ok;
}

}  // namespace fabrica::cli
