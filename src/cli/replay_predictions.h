#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/describe.h"
#include "forecast/schedule.h"
#include "simulate/replay.h"

namespace fabrica::cli {

/// How far predicted starts are off with run times from one source: see PredictionErrors.
struct PredictionsSeen {
  std::string run_times;
  std::uint64_t predicted = 0;
  double wait_mean_s = 0;
  double absolute_error_mean_s = 0;
  double absolute_error_median_s = 0;
  double covered = 0;
  double early = 0;
  double predict_s = 0;  // how long that took, with the schedule
};
FABRICA_DESCRIBE(PredictionsSeen, run_times, predicted, wait_mean_s, absolute_error_mean_s,
                 absolute_error_median_s, covered, early, predict_s)

/// Under EASY in batched order, with each source of run times, on this machine with the workload's
/// width.
std::vector<PredictionsSeen> predict_starts(forecast::Machine machine,
                                            const simulate::Workload& workload);

/// As lines of a table; empty where nothing was predicted.
std::string text_of(const std::vector<PredictionsSeen>& predictions);

}  // namespace fabrica::cli
