#include "cli/settings.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <system_error>

namespace fabrica::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t line_bytes_max = 4096;

// The first line of a small file, without blanks at its ends; empty when there is no such file.
std::string first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  if (line.size() > line_bytes_max) return {};
  line.erase(line.find_last_not_of(" \t\r") + 1);
  line.erase(0, line.find_first_not_of(" \t"));
  return line;
}

bool is_there(const fs::path& file) {
  std::error_code error;
  return fs::exists(file, error);
}

struct Found {
  std::string url;
  fs::path directory;  // of a server on this machine that was found by it
};

Outcome<Found> running_on(const fs::path& directory) {
  std::string url = first_line(directory / "server");
  if (!url.empty()) return Found{std::move(url), directory};
  Failure failure(exit_code::unreachable, fmt::format("No server runs on {}.", directory.string()));
  failure.hint =
      "Start one with `fabrica up`, or name another with --server URL or FABRICA_SERVER.";
  return std::unexpected(std::move(failure));
}

Outcome<Found> find_server(const GlobalOptions& options, const Place& place) {
  if (!options.server.empty()) return Found{options.server, {}};
  if (!options.data.empty()) return running_on(options.data);
  if (const auto url = place.variable("FABRICA_SERVER")) return Found{*url, {}};
  if (const auto folder = config::config_directory(place.around)) {
    if (std::string url = first_line(*folder / "server"); !url.empty())
      return Found{std::move(url), {}};
  }
  TRY(const fs::path state, config::state_directory(place.around));
  return running_on(state);
}

Outcome<std::string> find_token(const GlobalOptions& options, const Place& place,
                                const fs::path& server_directory) {
  if (!options.token_file.empty()) return read_token(options.token_file);
  if (const auto token = place.variable("FABRICA_TOKEN")) return *token;
  const fs::path own = server_directory / "admin-token";
  const bool has_own = !server_directory.empty() && is_there(own);
  if (has_own && !options.data.empty()) return read_token(own);
  const auto folder = config::config_directory(place.around);
  if (folder && is_there(*folder / "token")) return read_token(*folder / "token");
  return has_own ? read_token(own) : Outcome<std::string>();
}

}  // namespace

std::optional<std::string> environment_variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread, never set
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

Outcome<fs::path> data_directory(const GlobalOptions& options, const Place& place) {
  std::error_code error;
  if (!options.data.empty()) return fs::absolute(options.data, error).lexically_normal();
  TRY(fs::path state, config::state_directory(place.around));
  return state;
}

Outcome<std::string> read_token(const fs::path& file) {
  struct stat about{};
  if (::stat(file.c_str(), &about) != 0) {
    return usage_failure(
        fmt::format("The token file {} cannot be read.", file.string()),
        "Name another with --token-file, or make one with `fabrica token create --save FILE`.");
  }
  if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return usage_failure(
        fmt::format("The token file {} can be read by others (mode {:04o}).", file.string(),
                    about.st_mode & 07777U),
        fmt::format("Do: chmod 600 {}; and if others use this machine, make a new token.",
                    file.string()));
  }
  std::string token = first_line(file);
  if (token.empty())
    return usage_failure(fmt::format("The token file {} holds no token.", file.string()));
  return token;
}

Outcome<Target> find_target(const GlobalOptions& options, const Place& place) {
  TRY(const Found server, find_server(options, place));
  TRY(std::string token, find_token(options, place, server.directory));
  return Target{server.url, std::move(token)};
}

}  // namespace fabrica::cli
