#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/describe.h"
#include "base/digest.h"
#include "base/result.h"
#include "simulate/measures.h"
#include "simulate/odd_lines.h"
#include "simulate/scheduling.h"
#include "simulate/workloads.h"

namespace fabrica::simulate {

/// One run of a scenario: a point of its sweep, and a seed.
struct PlannedRun {
  std::string setting;  // what of the sweep this is: "load 0.9, easy"; empty where nothing is swept
  Machines machines;
  std::optional<Scale> load;
  std::uint64_t seed = 0;
};

/// All runs, the seeds of a setting one after the other. Refused as invalid when these are more
/// than limits::scenario_runs_max.
Result<std::vector<PlannedRun>> runs_of(const Scenario& scenario, std::uint64_t first_seed);

struct SiteSeen {
  std::string name;
  std::int32_t width = 0;
  double utilisation = 0;
};
FABRICA_DESCRIBE(SiteSeen, name, width, utilisation)

struct WorkloadSeen {
  std::string name;
  std::vector<OddLinesSeen> odd_lines;
};
FABRICA_DESCRIBE(WorkloadSeen, name, odd_lines)

FABRICA_DESCRIBE(Measures, jobs, wait_mean_s, wait_median_s, wait_p90_s, wait_p99_s,
                 wide_wait_mean_s, bounded_slowdown_mean, bounded_slowdown_median,
                 bounded_slowdown_p90, utilisation, makespan_s, hours, users, user_fairness, sizes)

/// What a run came to: one line of `fabrica simulate SCENARIO --json`, and what `fabrica compare`
/// reads. The same for the same scenario and seed on every machine.
struct ScenarioRun {
  std::string scenario;
  std::string setting;
  std::uint64_t seed = 0;
  std::string rules;
  std::vector<SiteSeen> sites;
  std::vector<WorkloadSeen> workloads;
  Measures measures;
  std::uint64_t waiting_max = 0;
  std::uint64_t lost_runs = 0;  // to failures
  double lost_hours = 0;        // their width times how long they had run
  Digest schedule;
};
FABRICA_DESCRIBE(ScenarioRun, scenario, setting, seed, rules, sites, workloads, measures,
                 waiting_max, lost_runs, lost_hours, schedule)

/// A run with all that it was made of.
struct DetailedRun {
  traces::Trace trace;
  Workload workload;
  MadeSchedule made;
  ScenarioRun result;
};
Result<DetailedRun> run(const Scenario& scenario, const Workloads& workloads,
                        const PlannedRun& planned);

/// Called after each run, never twice at a time.
using OnProgress = std::function<void(std::uint64_t done, std::uint64_t all)>;

/// All runs on so many threads, their results in the order of `runs`, whatever the threads.
Result<std::vector<ScenarioRun>> sweep(const Scenario& scenario, const Workloads& workloads,
                                       const std::vector<PlannedRun>& runs, std::size_t threads,
                                       const OnProgress& on_progress);

}  // namespace fabrica::simulate
