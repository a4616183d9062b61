#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

/// Where things of one person or one machine lie, by the XDG Base Directory Specification.
namespace fabrica::config {

/// What the answers below depend on. Empty: not set.
struct Surroundings {
  std::string home{};             // HOME
  std::string xdg_state_home{};   // XDG_STATE_HOME
  std::string xdg_config_home{};  // XDG_CONFIG_HOME
  std::string fabrica_data{};     // FABRICA_DATA
  std::filesystem::path program{};
};

/// Those of this process. To be called before there are threads that change the environment.
Surroundings surroundings();

/// What the server writes: $XDG_STATE_HOME/fabrica, otherwise ~/.local/state/fabrica. Refused when
/// neither variable is set. A variable that is no absolute path counts as not set.
Result<std::filesystem::path> state_directory(const Surroundings& around = surroundings());

/// fabrica.toml and tokens: $XDG_CONFIG_HOME/fabrica, otherwise ~/.config/fabrica.
Result<std::filesystem::path> config_directory(const Surroundings& around = surroundings());

/// The folder of data files: `wanted` if not empty, otherwise $FABRICA_DATA, otherwise
/// ../share/fabrica beside the program's folder, otherwise data/ of the source tree that the
/// program was built in. The first two are refused when they hold no consortium/; the others are
/// passed over then.
Result<std::filesystem::path> data_files_directory(const std::filesystem::path& wanted = {},
                                                   const Surroundings& around = surroundings());

/// `path` as a person wrote it in a file: "~/" is the home, and a relative path starts at `folder`.
std::filesystem::path resolve(const std::string& path, const std::filesystem::path& folder,
                              const Surroundings& around = surroundings());

}  // namespace fabrica::config
