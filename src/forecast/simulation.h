#pragma once

#include <algorithm>
#include <span>
#include <utility>

#include "base/time.h"
#include "forecast/job.h"
#include "forecast/moments.h"
#include "forecast/schedule.h"

namespace fabrica::forecast {

/// Machines over time: hands arrivals and ends to a discipline and starts what that says. One of
/// the two orders of events is asked for, once.
template <class Discipline>
class Simulation {
 public:
  Simulation(Discipline discipline, std::span<const Job> jobs)
      : discipline_(std::move(discipline)), jobs_(jobs) {
    done_.starts.resize(jobs.size());
  }

  Schedule batched() && {
    for (Time now = next(); now != never; now = next()) {
      move_to(now);
      while (ends_.next_time() == now) end_next();
      while (next_arrival() == now) discipline_.arrived(arrived_++);
      pass();
    }
    return std::move(done_);
  }

  Schedule textbook() && {
    for (Time now = next(); now != never; now = next()) {
      move_to(now);
      if (next_arrival() == now) {
        const JobIndex job = arrived_++;
        discipline_.arrived(job);
        if (discipline_.matters(job)) pass();
      } else {
        if (ends_.next_time() == now) end_next();
        pass();
      }
      done_.waiting_max = std::max(done_.waiting_max, discipline_.waiting());
    }
    return std::move(done_);
  }

 private:
  Time next_arrival() const { return arrived_ < jobs_.size() ? jobs_[arrived_].submit : never; }
  Time next() const {
    return std::min({ends_.next_time(), next_arrival(), discipline_.next_start()});
  }

  void move_to(Time now) {
    now_ = now;
    discipline_.advance(now);
  }

  void end_next() {
    const JobIndex job = ends_.pop().job;
    discipline_.ended(job, done_.starts[job] + jobs_[job].limit);
  }

  void pass() {
    discipline_.pass([this](JobIndex job) {
      done_.starts[job] = now_;
      ends_.push(now_ + jobs_[job].run, job);
    });
    done_.waiting_max = std::max(done_.waiting_max, discipline_.waiting());
  }

  Discipline discipline_;
  std::span<const Job> jobs_;
  Schedule done_;
  Moments ends_;
  JobIndex arrived_ = 0;
  Time now_;
};

}  // namespace fabrica::forecast
