#include "forecast/run_time_model.h"

#include <algorithm>

#include "base/check.h"
#include "forecast/learned_run_times.h"
#include "forecast/run_times.h"

namespace fabrica::forecast {

namespace {

class LimitsAsRunTimes final : public RunTimeModel {
 public:
  Duration expected(const Job& job, Duration elapsed) const override {
    return corrected(job.limit, job, elapsed);
  }
  void ended(const Job& /*job*/) override {}
};

class LastTwoRunTimes final : public RunTimeModel {
 public:
  Duration expected(const Job& job, Duration elapsed) const override {
    return corrected(runs_.expected(job), job, elapsed);
  }
  void ended(const Job& job) override { runs_.ended(job); }

 private:
  RunTimes runs_;
};

}  // namespace

std::unique_ptr<RunTimeModel> run_time_model(RunTimeSource source) {
  switch (source) {
    case RunTimeSource::limits:
      return std::make_unique<LimitsAsRunTimes>();
    case RunTimeSource::last_two:
      return std::make_unique<LastTwoRunTimes>();
    case RunTimeSource::learned:
      return std::make_unique<LearnedRunTimes>();
  }
  CHECK(false, "a source that there is");
}

Duration corrected(Duration expected, const Job& job, Duration elapsed) {
  if (expected > elapsed) return expected;
  const Duration more = milliseconds(std::max(minutes(1).ms, elapsed.ms / 2));
  return std::max(std::min(elapsed + more, job.limit), elapsed + milliseconds(1));
}

}  // namespace fabrica::forecast
