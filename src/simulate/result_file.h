#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "simulate/sweep.h"

namespace fabrica::simulate {

/// Reads what `fabrica simulate SCENARIO --json` printed: a run a line. Refused as not_found, as
/// unavailable when it cannot be read, as invalid with the line that is no run, as too_large beyond
/// limits::scenario_runs_max lines or limits::result_line_bytes_max in one.
Result<std::vector<ScenarioRun>> read_results(const std::filesystem::path& path);

}  // namespace fabrica::simulate
