#include <gtest/gtest.h>

#include <string>

#include "simulate/prediction_errors.h"
#include "simulate/replay.h"
#include "traces/swf.h"
#include "unit/simulate/trace_files.h"

/// Invariant 54: predicted starts on well-known traces. Where they are absent the result says so.
namespace fabrica::simulate {
namespace {

using forecast::PredictedSchedule;
using forecast::RunTimeSource;

TEST(PredictionErrors, AreMeansAndSharesOverThoseThatWaited) {
  Workload workload{1, {}};
  PredictedSchedule made;
  const auto add = [&](std::int64_t start_s, std::int64_t p10_s, std::int64_t p50_s,
                       std::int64_t p90_s) {
    const auto job = static_cast<forecast::JobIndex>(workload.jobs.size());
    workload.jobs.push_back({Time{}, seconds(1), seconds(1), 1, 1});
    made.schedule.starts.push_back(Time{} + seconds(start_s));
    const Time zero;
    made.predictions.push_back(
        {job, zero + seconds(p10_s), zero + seconds(p50_s), zero + seconds(p90_s)});
  };
  EXPECT_EQ(errors_of(workload, made).predicted, 0U);
  add(10, 5, 12, 20);   // 2 early
  add(20, 20, 20, 30);  // at p10 and p50
  add(50, 20, 30, 49);  // late
  add(1, 2, 101, 200);  // early
  const PredictionErrors errors = errors_of(workload, made);
  EXPECT_EQ(errors.predicted, 4U);
  EXPECT_DOUBLE_EQ(errors.wait_mean_s, 81.0 / 4);
  EXPECT_DOUBLE_EQ(errors.absolute_error_mean_s, 122.0 / 4);
  EXPECT_DOUBLE_EQ(errors.absolute_error_median_s, 20);
  EXPECT_DOUBLE_EQ(errors.covered, 0.5);
  EXPECT_DOUBLE_EQ(errors.early, 0.5);
}

struct Bound {
  std::string trace;
  double mean_s_max;  // nine tenths of what an independent implementation of conservative profiles
                      // with last-two run times is off by
};

TEST(PredictedStarts, AreNineTenthsAsFarOffAsWithLastTwoAndCoverEightTenths) {
  const Bound bounds[] = {{"kth-sp2", 8'446}, {"sdsc-sp2", 17'594}, {"sdsc-blue", 6'616}};
  for (const Bound& bound : bounds) {
    if (!is_there(trace_file(bound.trace))) continue;
    Result<traces::Trace> trace = traces::read_swf(trace_file(bound.trace));
    ASSERT_TRUE(trace.has_value()) << trace.error().text;
    const Workload workload = *workload_of(*trace, {});
    const auto errors_with = [&](RunTimeSource source) {
      return errors_of(
          workload, forecast::predicted_schedule({workload.machine_width}, workload.jobs, source));
    };
    const PredictionErrors last_two = errors_with(RunTimeSource::last_two);
    const PredictionErrors learned = errors_with(RunTimeSource::learned);
    EXPECT_LE(learned.absolute_error_mean_s, 0.9 * last_two.absolute_error_mean_s) << bound.trace;
    EXPECT_LE(learned.absolute_error_mean_s, bound.mean_s_max) << bound.trace;
    EXPECT_NEAR(learned.covered, 0.8, 0.03) << bound.trace;
    EXPECT_NEAR(learned.early, 0.5, 0.05) << bound.trace;
  }
}

}  // namespace
}  // namespace fabrica::simulate
