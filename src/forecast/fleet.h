#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/describe.h"
#include "base/digest.h"
#include "base/time.h"
#include "forecast/job.h"

namespace fabrica::forecast {

/// Which machine of several a job runs on, and when. late_binding is what Fabrica does; the others
/// are what it is compared with: see late_binding.h and first_to_start.h.
enum class Placement : std::uint8_t { late_binding, federation, fullest_first };
FABRICA_DESCRIBE_ENUM(Placement, late_binding, federation, fullest_first)

struct Fleet {
  std::vector<std::int32_t> widths;
  Placement placement = Placement::late_binding;
};

struct FleetSchedule {
  std::vector<Time> starts;          // by job
  std::vector<std::uint32_t> sites;  // by job, numbered as the fleet's widths are
  std::size_t waiting_max = 0;
};

/// The whole schedule of jobs sorted by submit time, each valid as Job says and not wider than the
/// widest machine; at one moment all ends come first, then all arrivals, then one pass. Depends on
/// its arguments alone.
FleetSchedule schedule(const Fleet& fleet, std::span<const Job> jobs);

/// Equal schedules have equal digests.
Digest digest_of(const FleetSchedule& schedule);

}  // namespace fabrica::forecast
