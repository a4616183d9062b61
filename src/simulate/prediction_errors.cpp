#include "simulate/prediction_errors.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace fabrica::simulate {

PredictionErrors errors_of(const Workload& workload, const forecast::PredictedSchedule& made) {
  PredictionErrors errors;
  if (made.predictions.empty()) return errors;
  std::vector<std::int64_t> off_ms;
  for (const forecast::StartPrediction& said : made.predictions) {
    const Time start = made.schedule.starts[said.job];
    errors.wait_mean_s += static_cast<double>((start - workload.jobs[said.job].submit).ms);
    off_ms.push_back(std::abs((start - said.p50).ms));
    errors.absolute_error_mean_s += static_cast<double>(off_ms.back());
    errors.covered += said.p10 <= start && start <= said.p90 ? 1 : 0;
    errors.early += start < said.p50 ? 1 : 0;
  }
  const auto middle = off_ms.begin() + static_cast<std::ptrdiff_t>(off_ms.size() / 2);
  std::nth_element(off_ms.begin(), middle, off_ms.end());
  const auto count = static_cast<double>(off_ms.size());
  errors.predicted = off_ms.size();
  errors.wait_mean_s /= count * 1'000;
  errors.absolute_error_mean_s /= count * 1'000;
  errors.absolute_error_median_s = static_cast<double>(*middle) / 1'000;
  errors.covered /= count;
  errors.early /= count;
  return errors;
}

}  // namespace fabrica::simulate
