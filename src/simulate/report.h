#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "simulate/sweep.h"

namespace fabrica::simulate {

/// A report as one HTML page with charts, for a browser without a network: the chart library
/// (Chart.js, MIT) is in it. It shows a table of `runs`, at most 500, and of `shown` the queue and
/// the use over time in 600 equal parts, waits by width, and the machines in a window with at most
/// 3,000 bars; so the page has less than a megabyte whatever was simulated.
std::string report_of(const Scenario& scenario, std::span<const ScenarioRun> runs,
                      const PlannedRun& planned, const DetailedRun& shown);

/// Refused as unavailable when the file cannot be written detailed.
Result<void> write_text(const std::filesystem::path& path, std::string_view field,
                        std::string_view text);

}  // namespace fabrica::simulate
