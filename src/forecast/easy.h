#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "forecast/gap.h"
#include "forecast/job.h"
#include "forecast/outages.h"
#include "forecast/processors.h"

namespace fabrica::forecast {

/// EASY backfill (Lifka 1995): the head of the queue starts as soon as it fits; while it does not,
/// it has a reservation at the first moment at which the requested ends of running jobs leave room
/// for it (its shadow time), and others start ahead of it only if they do not delay that: they are
/// over by then, or are not wider than what it leaves over. The queue decides who is the head and
/// in which order the others are asked: FifoQueue for EASY, ShortestQueue for shortest job backfill
/// first. The room is the machine: Processors, or InterruptedProcessors.
template <class Queue, class Room = Processors>
class Easy {
 public:
  Easy(Room room, const Job* jobs, Queue queue = {})
      : jobs_(jobs), queue_(std::move(queue)), room_(std::move(room)) {}

  std::size_t waiting() const { return queue_.size(); }
  /// Starts follow from ends, arrivals, and what comes back after an outage.
  Time next_start() const { return room_.next_return(); }

  void advance(Time now) { changed_ |= room_.advance(now); }
  void arrived(JobIndex job) { queue_.append(job, jobs_[job]); }

  /// For queues whose order changes: reordered() after each change of it.
  Queue& queue() { return queue_; }
  void reordered() { changed_ = true; }
  /// How wide a job could be that starts in this pass.
  std::int32_t free() {
    if (changed_) drop_reservation();
    return room_.free();
  }

  /// What `ended()` needs to know is when the job would have had to end.
  void ended(JobIndex job, Time requested_end) {
    room_.ended(job, jobs_[job], requested_end);
    changed_ = true;
  }

  /// So much of the machine is out from now on. What runs on it is then said to have ended, and
  /// arrives again.
  void failed(const Outage& outage) {
    drop_reservation();
    room_.fail(outage);
    changed_ = true;
  }
  /// Whether more runs than what is left has room for, now or later.
  bool overrun() const { return room_.overrun(); }

  /// Whether its arrival alone can start anything.
  bool matters(JobIndex job) const { return jobs_[job].width <= room_.free(); }

  /// Calls `start(job)` for each job that starts now.
  template <class Start>
  void pass(Start&& start) {
    if (changed_) drop_reservation();
    while (!queue_.empty() && room_.fits(jobs_[queue_.head()])) {
      const JobIndex head = queue_.head();
      queue_.take_head(jobs_);
      begin(head, start);
      changed_ = true;
    }
    if (changed_) queue_.rewind();  // otherwise those that were asked before get the same answer
    changed_ = false;
    if (queue_.size() < 2 || !queue_.may_fit(room_.free())) return;
    if (!reserved_) room_.reserve(jobs_[queue_.head()]);
    reserved_ = true;
    while (room_.free() > 0) {
      const auto job = queue_.next(room_.gap(), jobs_);
      if (!job) break;
      begin(*job, start);
    }
  }

 private:
  void drop_reservation() {
    if (reserved_) room_.drop_reservation();
    reserved_ = false;
  }

  template <class Start>
  void begin(JobIndex job, Start& start) {
    room_.start(job, jobs_[job]);
    start(job);
  }

  const Job* jobs_;
  Queue queue_;
  Room room_;
  bool reserved_ = false;  // for the head
  bool changed_ = false;   // something was freed since the last pass
};

}  // namespace fabrica::forecast
