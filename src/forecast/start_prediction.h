#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/time.h"
#include "forecast/easy.h"
#include "forecast/fifo_queue.h"
#include "forecast/interrupted_processors.h"
#include "forecast/job.h"
#include "forecast/run_time_model.h"
#include "forecast/schedule.h"
#include "forecast/wait_calibration.h"

namespace fabrica::forecast {

/// When a job that has to wait will start, said at the moment it arrived: one in ten starts before
/// p10, one in ten after p90. Never before that moment, and p10 <= p50 <= p90.
struct StartPrediction {
  JobIndex job = 0;
  Time p10;
  Time p50;
  Time p90;
};

/// One machine under EASY, told what happens on it, that says of each job that has to wait when it
/// will probably start. For p50 the scheduler itself, copied, is run ahead of time: nobody comes
/// any more, and everybody ends as the run-time model expects by now, while backfill goes by limits
/// as it does in truth. p10 and p90 come from how far that was off lately. What it says depends
/// only on what it was told before.
class StartPredictor {
 public:
  /// The list of jobs, which must stay where it is, is that of Easy: what a job turns out to need
  /// is not looked at before its end.
  StartPredictor(const InterruptedProcessors& machine, std::span<const Job> jobs,
                 RunTimeSource source);

  std::size_t waiting() const { return easy_.waiting(); }
  Time next_start() const { return easy_.next_start(); }

  /// Makes this moment now, which never goes back.
  void advance(Time now);
  /// A running job has ended; its run counts from now on.
  void ended(JobIndex job);
  void arrived(JobIndex job);

  /// After all ends and arrivals of a moment: those that start now.
  std::span<const JobIndex> pass();

  /// For each that has arrived since the pass before the last one and waits, in that order. Good
  /// until the next pass.
  std::span<const StartPrediction> predictions() const { return predictions_; }

 private:
  struct Followed {
    Time start = never;
    Time requested_end;               // of one that waits: as it was last supposed to be
    Duration predicted_wait{-1};      // below zero: none was predicted
    std::uint32_t running_place = 0;  // in running_
    bool asked = false;               // a prediction is being made
  };

  void begin(JobIndex job);
  void predict();
  Time expected_end(JobIndex job) const;
  void run_ahead();

  std::span<const Job> jobs_;
  std::unique_ptr<RunTimeModel> run_times_;
  using Discipline = Easy<FifoQueue, InterruptedProcessors>;

  Discipline easy_;
  Discipline ahead_;  // a copy that is run ahead; kept, since it keeps its memory
  WaitCalibration calibration_;
  std::vector<Followed> followed_;  // by job
  std::vector<JobIndex> running_;
  std::vector<JobIndex> fresh_;  // have arrived since the last pass
  std::vector<JobIndex> started_;
  std::vector<StartPrediction> predictions_;
  Time now_;
};

struct PredictedSchedule {
  Schedule schedule;
  std::vector<StartPrediction> predictions;  // of those that had to wait, in the order of arrival
};

/// The schedule that `schedule()` makes, under EASY in batched order and without failures, and what
/// was predicted along it; maintenance is known to both. A prediction depends only on what had
/// happened by the end of its moment.
PredictedSchedule predicted_schedule(const Machine& machine, std::span<const Job> jobs,
                                     RunTimeSource source);

}  // namespace fabrica::forecast
