#pragma once

#include <cstdint>
#include <memory>

#include "base/describe.h"
#include "base/time.h"
#include "forecast/job.h"

namespace fabrica::forecast {

/// Where expected run times come from:
/// - limits: what the user asked for;
/// - last_two: the mean of the user's last two runs (RunTimes);
/// - learned: recent runs of the most similar jobs (LearnedRunTimes).
enum class RunTimeSource : std::uint8_t { limits, last_two, learned };
FABRICA_DESCRIBE_ENUM(RunTimeSource, limits, last_two, learned)

/// How long jobs will probably run. Learns from ends alone, so that it says what can be known then.
class RunTimeModel {
 public:
  virtual ~RunTimeModel() = default;

  /// The whole run of a job that has run for `elapsed` already (zero: has not begun): more than
  /// that, and at most the limit as long as the job keeps it.
  virtual Duration expected(const Job& job, Duration elapsed) const = 0;

  virtual void ended(const Job& job) = 0;
};

std::unique_ptr<RunTimeModel> run_time_model(RunTimeSource source);

/// The run to expect of a job that has overrun what was expected of it: half as long again as it
/// has run, at least a minute more (the first correction that Tsafrir and others, 2007, make), at
/// most its limit. What was expected, of one that has not.
Duration corrected(Duration expected, const Job& job, Duration elapsed);

}  // namespace fabrica::forecast
