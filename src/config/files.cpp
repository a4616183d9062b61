#include "config/files.h"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <system_error>

#include "base/limits.h"

namespace fabrica::config {

namespace {

// One byte more than allowed is read, so that the parser sees that there are more.
Result<std::string> read_text(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return refuse(refusal::not_found, "", fmt::format("There is no file {}.", path.string()));
  }
  if (!std::filesystem::is_regular_file(path, error)) {
    return refuse(refusal::unavailable, "", fmt::format("{} is no regular file.", path.string()));
  }
  std::ifstream file(path, std::ios::binary);
  std::string text(limits::toml_bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) {
    return refuse(refusal::unavailable, "",
                  fmt::format("{} cannot be read; check who may read it.", path.string()));
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace

Result<TomlText> parse_file(const std::filesystem::path& path) {
  TRY(const std::string text, read_text(path));
  return TomlText::parse(path.string(), text);
}

Result<std::vector<std::filesystem::path>> toml_files(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> paths;
  std::filesystem::directory_iterator entries(folder, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    if (entries->path().extension() == ".toml") paths.push_back(entries->path());
    if (paths.size() > limits::toml_files_per_folder_max) {
      return refuse(refusal::too_many, "",
                    fmt::format("{} has more than {} TOML files; keep it below.", folder.string(),
                                limits::toml_files_per_folder_max));
    }
  }
  if (error) {
    return refuse(
        refusal::not_found, "",
        fmt::format("The folder {} cannot be read: {}.", folder.string(), error.message()));
  }
  if (paths.empty()) {
    return refuse(refusal::not_found, "",
                  fmt::format("There is no TOML file in {}.", folder.string()));
  }
  std::ranges::sort(paths);
  return paths;
}

}  // namespace fabrica::config
