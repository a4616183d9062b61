#include "config/directories.h"

#include <fmt/core.h>

#include <cstdlib>
#include <system_error>

namespace fabrica::config {

namespace {

namespace fs = std::filesystem;

// How far above the program the source tree may begin: build/release/bin/fabricad.
constexpr int levels_above_program_max = 4;

std::string variable(const char* name) {
  const char* value =
      std::getenv(name);  // NOLINT(concurrency-mt-unsafe): read at the start, never set
  return value == nullptr ? "" : value;
}

Result<fs::path> own_folder(const std::string& xdg, const std::string& home,
                            std::string_view below_home, std::string_view xdg_name) {
  if (fs::path(xdg).is_absolute()) return fs::path(xdg) / "fabrica";
  if (fs::path(home).is_absolute()) return fs::path(home) / below_home / "fabrica";
  return refuse(refusal::not_found, std::string(xdg_name),
                fmt::format("Set HOME or {} to an absolute path: neither is.", xdg_name));
}

bool holds_data(const fs::path& folder) {
  std::error_code error;
  return fs::is_directory(folder / "consortium", error);
}

Result<fs::path> need_data(const fs::path& folder, std::string_view from) {
  std::error_code error;
  if (holds_data(folder)) return fs::absolute(folder, error);
  return refuse(
      refusal::not_found, std::string(from),
      fmt::format("{} names {}, which holds no data files; name a folder that has consortium/ and "
                  "access-modes/ in it.",
                  from, folder.string()));
}

}  // namespace

Surroundings surroundings() {
  std::error_code error;
  return {variable("HOME"), variable("XDG_STATE_HOME"), variable("XDG_CONFIG_HOME"),
          variable("FABRICA_DATA"), fs::read_symlink("/proc/self/exe", error)};
}

Result<fs::path> state_directory(const Surroundings& around) {
  return own_folder(around.xdg_state_home, around.home, ".local/state", "XDG_STATE_HOME");
}

Result<fs::path> config_directory(const Surroundings& around) {
  return own_folder(around.xdg_config_home, around.home, ".config", "XDG_CONFIG_HOME");
}

Result<fs::path> data_files_directory(const fs::path& wanted, const Surroundings& around) {
  if (!wanted.empty()) return need_data(wanted, "data_files");
  if (!around.fabrica_data.empty()) return need_data(around.fabrica_data, "FABRICA_DATA");
  fs::path folder = around.program.parent_path();
  if (fs::path shared = folder.parent_path() / "share" / "fabrica"; holds_data(shared))
    return shared;
  for (int level = 0; level < levels_above_program_max && folder.has_relative_path(); ++level) {
    folder = folder.parent_path();
    if (holds_data(folder / "data")) return folder / "data";
  }
  return refuse(
      refusal::not_found, "data_files",
      "No data files were found; set data_files in fabrica.toml, or FABRICA_DATA, to the folder "
      "that has consortium/ and access-modes/ in it.");
}

fs::path resolve(const std::string& path, const fs::path& folder, const Surroundings& around) {
  if (path.starts_with("~/") && !around.home.empty()) return fs::path(around.home) / path.substr(2);
  return (folder / path).lexically_normal();
}

}  // namespace fabrica::config
