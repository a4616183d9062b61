#pragma once

#include <cstdint>
#include <vector>

#include "forecast/fleet.h"

namespace fabrica::forecast {

/// The same schedules by definition alone, as reference.h has them for one machine: every question
/// answered anew from all that runs and all that waits.
FleetSchedule reference_schedule(const Fleet& fleet, const std::vector<Job>& jobs);

}  // namespace fabrica::forecast
