#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "simulate/made_jobs.h"
#include "simulate/odd_lines.h"
#include "simulate/scenario.h"
#include "traces/trace.h"

namespace fabrica::simulate {

/// The jobs of one run.
struct DrawnJobs {
  traces::Trace trace;         // of all workloads, by submit time
  std::vector<OddCounts> odd;  // by workload
};

/// What the jobs of a run are drawn for.
struct JobsWanted {
  std::uint64_t seed = 0;
  std::int32_t widest = 0;     // of the machines
  std::int64_t all_width = 0;  // of them together
  Scale scale = {};
  std::optional<Scale> load = {};          // instead of it
  std::size_t first = forecast::no_bound;  // so many jobs
};

/// The workloads of a scenario: files are read once, models drawn for each seed.
class Workloads {
 public:
  /// Reads the files; `cache` is a folder that keeps traces in binary form, or empty. Refused as
  /// the readers of the formats refuse them.
  static Result<Workloads> load(const Scenario& scenario, const std::filesystem::path& cache);

  /// Jobs of all workloads merged by time, those of equal times in the order of the workloads;
  /// a file's first job comes at the moment 0, which for made jobs is Monday at midnight. With a
  /// load they come so much faster or slower that all their work is that part of what the machines
  /// could do until the last comes. The hours and days of made jobs stay as long as they are,
  /// however fast jobs come. Except from a file alone, jobs are numbered anew; of several
  /// workloads users are different people, and the queue is the workload's number from 1.
  /// What is too wide is left out and counted. Refused when nothing is left, or all lasts longer
  /// than the bounds.
  Result<DrawnJobs> draw(const JobsWanted& wanted) const;

  /// Why a trace could not be kept in the cache, for a person; mostly empty.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  explicit Workloads(const Scenario& scenario) : wanted_(scenario.workloads) {}
  std::vector<EvenJob> even_jobs(std::size_t workload, Random random) const;

  std::vector<ScenarioWorkload> wanted_;
  std::vector<traces::Trace> files_;        // by workload; empty ones of models
  std::vector<std::vector<Cycle>> cycles_;  // by workload; none of files
  std::vector<std::string> problems_;
};

}  // namespace fabrica::simulate
