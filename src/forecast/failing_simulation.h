#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/time.h"
#include "forecast/job.h"
#include "forecast/moments.h"
#include "forecast/outages.h"
#include "forecast/schedule.h"

namespace fabrica::forecast {

/// As Simulation in batched order, on a machine of which parts fail: after the ends of a moment and
/// before its arrivals. What that does to jobs stands at Machine.
template <class Discipline>
class FailingSimulation {
 public:
  FailingSimulation(Discipline discipline, std::span<const Job> jobs,
                    std::span<const Outage> failures)
      : discipline_(std::move(discipline)),
        jobs_(jobs),
        failures_(failures),
        runs_(jobs.size(), 0) {
    done_.starts.resize(jobs.size());
  }

  Schedule run() && {
    for (now_ = next(); now_ != never; now_ = next()) {
      discipline_.advance(now_);
      while (ends_.next_time() == now_) end_next();
      while (next_failure() == now_) fail(failures_[failed_++]);
      while (next_arrival() == now_) discipline_.arrived(arrived_++);
      discipline_.pass([this](JobIndex job) { begin(job); });
      done_.waiting_max = std::max(done_.waiting_max, discipline_.waiting());
    }
    return std::move(done_);
  }

 private:
  Time next_arrival() const { return arrived_ < jobs_.size() ? jobs_[arrived_].submit : never; }
  Time next_failure() const { return failed_ < failures_.size() ? failures_[failed_].from : never; }
  // The end of a lost run is still among the ends; that of the job's next run is later.
  Time next() {
    while (!ends_.empty() && is_lost(ends_.next())) ends_.pop();
    return std::min({ends_.next_time(), next_arrival(), next_failure(), discipline_.next_start()});
  }
  bool is_lost(const Moments::Entry& end) const {
    return runs_[end.job] == 0 || done_.starts[end.job] + jobs_[end.job].run != end.at;
  }
  Time requested_end(JobIndex job) const { return done_.starts[job] + jobs_[job].limit; }

  void end_next() {
    const Moments::Entry end = ends_.pop();
    if (is_lost(end)) return;
    runs_[end.job] = 0;
    discipline_.ended(end.job, requested_end(end.job));
  }

  void begin(JobIndex job) {
    runs_[job] = 1;
    done_.starts[job] = now_;
    started_.push_back(job);
    ends_.push(now_ + jobs_[job].run, job);
  }

  void fail(const Outage& outage) {
    std::erase_if(started_, [this](JobIndex job) { return runs_[job] == 0; });
    std::ranges::sort(started_, {},
                      [this](JobIndex job) { return std::pair(done_.starts[job], job); });
    discipline_.failed(outage);
    std::vector<JobIndex> lost;
    for (std::int64_t missing = outage.width; !started_.empty();) {
      if (missing <= 0 && !discipline_.overrun()) break;
      const JobIndex job = started_.back();
      started_.pop_back();
      missing -= jobs_[job].width;
      runs_[job] = 0;
      discipline_.ended(job, requested_end(job));
      done_.lost.push_back({job, done_.starts[job], now_});
      lost.push_back(job);
    }
    std::ranges::sort(lost);
    for (const JobIndex job : lost) discipline_.arrived(job);
  }

  Discipline discipline_;
  std::span<const Job> jobs_;
  std::span<const Outage> failures_;
  std::vector<std::uint8_t> runs_;  // by job
  std::vector<JobIndex> started_;   // all that run, and some that have ended
  Schedule done_;
  Moments ends_;
  std::size_t failed_ = 0;
  JobIndex arrived_ = 0;
  Time now_;
};

}  // namespace fabrica::forecast
