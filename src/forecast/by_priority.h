#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "forecast/easy.h"
#include "forecast/job.h"
#include "forecast/priority_queue.h"
#include "forecast/priority_rules.h"

namespace fabrica::forecast {

/// EASY backfill over a queue by priority: who has the highest is the head, and has the
/// reservation until somebody else's is higher.
template <class Room>
class ByPriority {
 public:
  ByPriority(Room room, const PriorityRules& rules, std::int32_t machine_width,
             std::span<const Job> jobs)
      : jobs_(jobs.data()),
        easy_(std::move(room), jobs.data(), PriorityQueue(rules, machine_width, jobs)) {}

  std::size_t waiting() const { return easy_.waiting(); }
  Time next_start() const { return easy_.next_start(); }

  void advance(Time now) {
    easy_.advance(now);
    easy_.queue().advance(now);
  }
  void arrived(JobIndex job) {
    easy_.arrived(job);
    if (easy_.queue().head() == job) easy_.reordered();
  }
  void ended(JobIndex job, Time requested_end) {
    easy_.ended(job, requested_end);
    easy_.queue().ended(job, jobs_[job]);
  }
  void failed(const Outage& outage) { easy_.failed(outage); }
  bool overrun() const { return easy_.overrun(); }

  template <class Start>
  void pass(Start&& start) {
    // Where nothing is free nobody can start, in whatever order.
    if (easy_.free() > 0 && easy_.queue().reorder(jobs_)) easy_.reordered();
    easy_.pass([&](JobIndex job) {
      easy_.queue().started(job, jobs_[job]);
      start(job);
    });
  }

 private:
  const Job* jobs_;
  Easy<PriorityQueue, Room> easy_;
};

}  // namespace fabrica::forecast
