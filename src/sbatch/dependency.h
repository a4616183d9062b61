#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/describe.h"
#include "base/result.h"

namespace fabrica::sbatch {

enum class DependencyKind : std::uint8_t {
  after,
  afterany,
  afterok,
  afternotok,
  aftercorr,
  afterburstbuffer,
  singleton
};
FABRICA_DESCRIBE_ENUM(DependencyKind, after, afterany, afterok, afternotok, aftercorr,
                      afterburstbuffer, singleton)

/// One job that is waited for: "17", "17_3" (one task), "17_*" (all its tasks), "17+5" (and 5
/// minutes).
struct AwaitedJob {
  std::uint64_t job = 0;
  std::optional<std::uint32_t> task;
  bool all_tasks = false;
  std::uint32_t delay_minutes = 0;

  friend bool operator==(const AwaitedJob&, const AwaitedJob&) = default;
};
FABRICA_DESCRIBE(AwaitedJob, job, task, all_tasks, delay_minutes)

struct Dependency {
  DependencyKind kind = DependencyKind::afterany;
  std::vector<AwaitedJob> jobs;  // empty for singleton

  friend bool operator==(const Dependency&, const Dependency&) = default;
};
FABRICA_DESCRIBE(Dependency, kind, jobs)

struct Dependencies {
  bool any = false;  // one is enough ("?"); otherwise all must be met (",")
  std::vector<Dependency> list;

  friend bool operator==(const Dependencies&, const Dependencies&) = default;
};
FABRICA_DESCRIBE(Dependencies, any, list)

/// "afterok:17:18,afterany:19", "afterok:17?singleton", "after:17+5", a bare "17" (afterany). At
/// most limits::dependencies_max jobs. Stricter than Slurm: "," and "?" do not mix (Slurm then
/// takes all as
/// "?").
Result<Dependencies> parse_dependencies(std::string_view text);

}  // namespace fabrica::sbatch
