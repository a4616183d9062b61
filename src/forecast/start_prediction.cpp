#include "forecast/start_prediction.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "forecast/moments.h"
#include "forecast/simulation.h"

namespace fabrica::forecast {

StartPredictor::StartPredictor(const InterruptedProcessors& machine, std::span<const Job> jobs,
                               RunTimeSource source)
    : jobs_(jobs),
      run_times_(run_time_model(source)),
      easy_(machine, jobs.data()),
      ahead_(machine, jobs.data()),
      followed_(jobs.size()) {}

void StartPredictor::advance(Time now) {
  now_ = now;
  easy_.advance(now);
}

void StartPredictor::ended(JobIndex job) {
  const Followed& followed = followed_[job];
  easy_.ended(job, followed.requested_end);
  const JobIndex last = running_.back();
  running_[followed.running_place] = last;
  followed_[last].running_place = followed.running_place;
  running_.pop_back();
  run_times_->ended(jobs_[job]);
}

void StartPredictor::arrived(JobIndex job) {
  easy_.arrived(job);
  fresh_.push_back(job);
}

std::span<const JobIndex> StartPredictor::pass() {
  started_.clear();
  easy_.pass([this](JobIndex job) { begin(job); });
  predictions_.clear();
  std::erase_if(fresh_, [this](JobIndex job) { return followed_[job].start != never; });
  if (!fresh_.empty()) predict();
  fresh_.clear();
  return started_;
}

void StartPredictor::begin(JobIndex job) {
  Followed& followed = followed_[job];
  followed.start = now_;
  followed.requested_end = now_ + jobs_[job].limit;
  followed.running_place = static_cast<std::uint32_t>(running_.size());
  running_.push_back(job);
  started_.push_back(job);
  if (followed.predicted_wait.ms < 0) return;
  calibration_.started(followed.predicted_wait, now_ - jobs_[job].submit);
}

void StartPredictor::predict() {
  for (const JobIndex job : fresh_) followed_[job].asked = true;
  run_ahead();
  for (const JobIndex job : fresh_) {
    const Duration wait = followed_[job].predicted_wait;
    const WaitRange range = calibration_.range(wait);
    predictions_.push_back({job, now_ + range.least, now_ + wait, now_ + range.most});
  }
}

Time StartPredictor::expected_end(JobIndex job) const {
  const Time start = followed_[job].start;
  return std::max(start + run_times_->expected(jobs_[job], now_ - start), now_ + milliseconds(1));
}

// Until all that are asked about have started there. What waits now has no requested end of its own
// yet, so that place holds the supposed one.
void StartPredictor::run_ahead() {
  ahead_ = easy_;
  Moments ends;
  for (const JobIndex job : running_) ends.push(expected_end(job), job);
  for (std::size_t missing = fresh_.size(); missing > 0;) {
    const Time at = std::min(ends.next_time(), ahead_.next_start());
    CHECK(at != never, "who waits on a machine that is wide enough starts when all have ended");
    ahead_.advance(at);
    while (ends.next_time() == at) {
      const JobIndex job = ends.pop().job;
      ahead_.ended(job, followed_[job].requested_end);
    }
    ahead_.pass([&](JobIndex job) {
      Followed& followed = followed_[job];
      followed.requested_end = at + jobs_[job].limit;
      ends.push(at + run_times_->expected(jobs_[job], {}), job);
      if (!followed.asked) return;
      followed.asked = false;
      followed.predicted_wait = at - now_;
      missing -= 1;
    });
  }
}

namespace {

/// A predictor as a discipline, which keeps what it said.
class Predicting {
 public:
  Predicting(StartPredictor predictor, std::vector<StartPrediction>& predictions)
      : predictor_(std::move(predictor)), predictions_(predictions) {}

  std::size_t waiting() const { return predictor_.waiting(); }
  Time next_start() const { return predictor_.next_start(); }
  void advance(Time now) { predictor_.advance(now); }
  void arrived(JobIndex job) { predictor_.arrived(job); }
  void ended(JobIndex job, Time /*requested_end*/) { predictor_.ended(job); }

  template <class Start>
  void pass(Start&& start) {
    for (const JobIndex job : predictor_.pass()) start(job);
    const auto said = predictor_.predictions();
    predictions_.insert(predictions_.end(), said.begin(), said.end());
  }

 private:
  StartPredictor predictor_;
  std::vector<StartPrediction>& predictions_;
};

}  // namespace

PredictedSchedule predicted_schedule(const Machine& machine, std::span<const Job> jobs,
                                     RunTimeSource source) {
  CHECK(machine.scheduler == Scheduler::easy && machine.order == EventOrder::batched,
        "starts are predicted under EASY, in batched order");
  CHECK(machine.failures.empty() && valid(machine.maintenance),
        "starts are predicted where nothing fails, and maintenance lasts");
  CHECK(can_be_scheduled(jobs, machine.width),
        "jobs are sorted by submit time, and each can run on the machine");
  PredictedSchedule made;
  StartPredictor predictor({machine.width, machine.maintenance}, jobs, source);
  made.schedule = Simulation(Predicting(std::move(predictor), made.predictions), jobs).batched();
  return made;
}

}  // namespace fabrica::forecast
