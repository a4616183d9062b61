#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/toml.h"

namespace fabrica::config {

/// Reads and parses a file; messages bear `path`. Refused as not_found when there is none, as
/// unavailable when it cannot be read, otherwise as TomlText::parse does.
Result<TomlText> parse_file(const std::filesystem::path& path);

/// The *.toml of a folder by name. Refused when there is no such folder or none in it, and beyond
/// limits::toml_files_per_folder_max.
Result<std::vector<std::filesystem::path>> toml_files(const std::filesystem::path& folder);

}  // namespace fabrica::config
