#pragma once

#include <vector>

#include "forecast/job.h"
#include "forecast/schedule.h"

namespace fabrica::forecast {

/// The same schedules by definition alone: lists that are searched from the front, every question
/// answered anew from all that runs and all that is planned. Slow and plain on purpose.
Schedule reference_schedule(const Machine& machine, const std::vector<Job>& jobs);

}  // namespace fabrica::forecast
