#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "simulate/scenario.h"

namespace fabrica::simulate {

/// Reads a scenario file (docs/simulate.md says what stands in it). Files that it names are looked
/// for beside it. A refusal begins with the file, the line and the key at fault.
Result<Scenario> read_scenario(const std::filesystem::path& path);

/// The same of a text; `file` is the name that messages bear.
Result<Scenario> parse_scenario(const std::string& file, std::string_view text);

}  // namespace fabrica::simulate
