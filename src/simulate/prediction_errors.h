#pragma once

#include <cstdint>

#include "forecast/start_prediction.h"
#include "simulate/replay.h"

namespace fabrica::simulate {

/// How far predicted starts were off, over the jobs that had to wait. Absolute errors are those of
/// p50; covered: the share that started from p10 to p90, both included; early: before p50.
struct PredictionErrors {
  std::uint64_t predicted = 0;
  double wait_mean_s = 0;
  double absolute_error_mean_s = 0;
  double absolute_error_median_s = 0;
  double covered = 0;
  double early = 0;
};

/// All zero where nobody had to wait.
PredictionErrors errors_of(const Workload& workload, const forecast::PredictedSchedule& made);

}  // namespace fabrica::simulate
