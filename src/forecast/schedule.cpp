#include "forecast/schedule.h"

#include <algorithm>

#include "base/check.h"
#include "forecast/conservative.h"
#include "forecast/easy.h"
#include "forecast/fcfs.h"
#include "forecast/fifo_queue.h"
#include "forecast/moments.h"
#include "forecast/shortest_queue.h"

namespace fabrica::forecast {

namespace {

/// A machine over time: hands arrivals and ends to a discipline and starts what that says.
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

template <class Discipline>
Schedule run(const Machine& machine, std::span<const Job> jobs, Discipline discipline) {
  Simulation<Discipline> simulation(std::move(discipline), jobs);
  return machine.order == EventOrder::textbook ? std::move(simulation).textbook()
                                               : std::move(simulation).batched();
}

}  // namespace

Schedule schedule(const Machine& machine, std::span<const Job> jobs) {
  CHECK(can_be_scheduled(jobs, machine.width),
        "jobs are sorted by submit time, and each can run on the machine");
  switch (machine.scheduler) {
    case Scheduler::easy:
      return run(machine, jobs, Easy<FifoQueue>(machine.width, jobs.data()));
    case Scheduler::sjbf:
      return run(machine, jobs, Easy<ShortestQueue>(machine.width, jobs.data()));
    case Scheduler::conservative:
      return run(
          machine, jobs,
          Conservative(machine.width, jobs.data(),
                       machine.order == EventOrder::textbook ? Conservative::Asks::after_every_end
                                                             : Conservative::Asks::after_early_ends,
                       machine.depth));
    case Scheduler::fcfs:
      return run(machine, jobs, Fcfs(machine.width, jobs.data()));
  }
  CHECK(false, "a scheduler that there is");
}

Digest digest_of(const Schedule& schedule) {
  Hasher hasher;
  for (const Time start : schedule.starts) hasher.add(static_cast<std::uint64_t>(start.ms));
  return hasher.finish();
}

}  // namespace fabrica::forecast
