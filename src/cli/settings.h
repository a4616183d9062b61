#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cli/outcome.h"
#include "config/directories.h"

/// Which server a command talks to, and as whom.
namespace fabrica::cli {

/// The options that every command takes. Empty: not given.
struct GlobalOptions {
  std::string server;
  std::string data;  // the directory of a server on this machine
  std::string token_file;
  bool json = false;
  bool no_colour = false;
  bool quiet = false;
};

/// A variable of the environment; nothing when it is not set or empty.
std::optional<std::string> environment_variable(const char* name);

/// What the choice of a server depends on, so that tests can make one up.
struct Place {
  config::Surroundings around = config::surroundings();
  std::function<std::optional<std::string>(const char*)> variable = environment_variable;
};

struct Target {
  std::string url;
  std::string token;  // empty: none was found
};

/// The directory of the server on this machine: --data, otherwise the user's state directory.
Outcome<std::filesystem::path> data_directory(const GlobalOptions& options,
                                              const Place& place = {});

/// The server: --server, then the one that runs on --data, then $FABRICA_SERVER, then the file
/// `server` in the configuration directory, then the one that runs on the state directory.
///
/// The token: --token-file, then $FABRICA_TOKEN, then the file `token` in the configuration
/// directory; for a server that was found by its directory, the administrator's token there, which
/// goes to no other. A file with a token that others can read is refused.
Outcome<Target> find_target(const GlobalOptions& options, const Place& place = {});

/// Reads a token from a file that only its owner may read (mode 0600 or less).
Outcome<std::string> read_token(const std::filesystem::path& file);

}  // namespace fabrica::cli
