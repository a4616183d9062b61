#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "forecast/schedule.h"
#include "simulate/llm_centre.h"
#include "simulate/replay.h"
#include "traces/csv.h"

/// What a person wants simulated: machines, jobs, rules. Whoever runs it, the mathematics alone or
/// the whole product, is not known here.
namespace fabrica::simulate {

struct ScenarioSite {
  std::string name;
  std::int32_t width = 0;  // processors, GPUs or nodes
};

struct SwfFile {
  std::filesystem::path path;
};

struct CsvFile {
  std::filesystem::path path;
  traces::CsvColumns columns;
};

struct MadeClassic {
  std::size_t jobs = 0;
  std::int32_t width = 0;  // of the machine that they are made for
  std::uint32_t users = 0;
  std::vector<std::uint32_t> days;  // see LublinModel
};

struct MadeLlm {
  std::size_t jobs = 0;
  LlmCluster cluster = LlmCluster::kalos;
  std::int64_t gap_mean_ms = 0;
  std::uint32_t users = 0;
  std::vector<std::uint32_t> hours;  // see Cycle::of_week
  std::vector<std::uint32_t> days;
};

struct ScenarioWorkload {
  std::string name;
  std::variant<SwfFile, CsvFile, MadeClassic, MadeLlm> source;
  Scale scale;  // how much faster than written these jobs arrive
};

/// A sweep is made over each combination of what is listed.
struct Scenario {
  std::string name;
  std::vector<ScenarioSite> sites;             // one: a machine; several: a fleet
  std::vector<forecast::Scheduler> scheduler;  // of one site; never empty
  std::vector<std::string> placement;          // over several; never empty
  bool whole = false;  // the whole product decides; placements are rules of its
  forecast::EventOrder order = forecast::EventOrder::batched;
  std::size_t depth = forecast::no_bound;
  std::vector<forecast::Outage> maintenance;  // of one site, from the first job on
  std::vector<forecast::Outage> failures;     // likewise
  std::vector<ScenarioWorkload> workloads;
  std::vector<Scale> load;  // empty: as the workloads have it
  Scale scale;              // of all workloads
  bool perfect_limits = false;
  std::size_t first = forecast::no_bound;  // so many jobs of all workloads together
  std::uint64_t seeds = 1;
};

}  // namespace fabrica::simulate
