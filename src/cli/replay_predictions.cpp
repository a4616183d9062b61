#include "cli/replay_predictions.h"

#include <fmt/core.h>

#include <chrono>

#include "forecast/start_prediction.h"
#include "simulate/prediction_errors.h"

namespace fabrica::cli {

std::vector<PredictionsSeen> predict_starts(forecast::Machine machine,
                                            const simulate::Workload& workload) {
  using forecast::RunTimeSource;
  machine.width = workload.machine_width;
  std::vector<PredictionsSeen> seen;
  for (const RunTimeSource source :
       {RunTimeSource::limits, RunTimeSource::last_two, RunTimeSource::learned}) {
    const auto began = std::chrono::steady_clock::now();
    const forecast::PredictedSchedule made =
        forecast::predicted_schedule(machine, workload.jobs, source);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    const simulate::PredictionErrors errors = simulate::errors_of(workload, made);
    seen.push_back({std::string(name_of(source)), errors.predicted, errors.wait_mean_s,
                    errors.absolute_error_mean_s, errors.absolute_error_median_s, errors.covered,
                    errors.early, took.count()});
  }
  return seen;
}

std::string text_of(const std::vector<PredictionsSeen>& predictions) {
  if (predictions.empty()) return {};
  std::string text = fmt::format(
      "starts predicted       {}, whose mean wait is {:.0f} s\n"
      "  run times    mean error  median error  p10 to p90 covers  before p50   took\n",
      predictions[0].predicted, predictions[0].wait_mean_s);
  for (const PredictionsSeen& seen : predictions) {
    text += fmt::format("  {:<10} {:>10.0f} s  {:>10.0f} s  {:>15.1f} %  {:>8.1f} %  {:.2f} s\n",
                        seen.run_times, seen.absolute_error_mean_s, seen.absolute_error_median_s,
                        100 * seen.covered, 100 * seen.early, seen.predict_s);
  }
  return text;
}

}  // namespace fabrica::cli
