#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "forecast/fleet.h"
#include "forecast/job.h"

/// The whole product under a workload: members of projects submit jobs to the Engine, holds are
/// placed, the dispatcher says where they go, sites run them by a schedule of their own, and every
/// job is charged. What forecast/fleet.h says of the mathematics alone, this says of all of it.
namespace fabrica::simulate {

struct WholeOptions {
  std::vector<std::int32_t> sites;         // nodes of each; EASY backfill is each one's own
  std::string placement = "late_binding";  // a rule of policies/registry.h
};

struct WholeRun {
  forecast::FleetSchedule schedule;
  std::uint64_t commands = 0;
  std::uint64_t events = 0;
  Digest state;
};

/// Runs jobs as forecast::schedule() takes them, one member for each user, with awards that pay for
/// all. A log in memory. Depends on its arguments alone. Refused as invalid: a rule that there is
/// not, and jobs that the kernel has no numbers for.
Result<WholeRun> run_whole(const WholeOptions& options, std::span<const forecast::Job> jobs);

}  // namespace fabrica::simulate
