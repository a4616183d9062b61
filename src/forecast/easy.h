#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "forecast/gap.h"
#include "forecast/job.h"
#include "forecast/profile.h"

namespace fabrica::forecast {

/// EASY backfill (Lifka 1995): whoever has waited longest starts as soon as it fits; while it does
/// not, it has a reservation at the first moment at which the requested ends of running jobs leave
/// room for it (its shadow time), and others start ahead of it only if they do not delay that:
/// they are over by then, or are not wider than what it leaves over. The queue decides in which
/// order those others are asked: FifoQueue for EASY, ShortestQueue for shortest job backfill first.
template <class Queue>
class Easy {
 public:
  Easy(std::int32_t width, const Job* jobs) : jobs_(jobs), profile_(width) {}

  std::size_t waiting() const { return queue_.size(); }
  Time next_start() const { return never; }  // starts follow from ends and arrivals alone

  /// Makes this moment now. A job whose requested end has come takes nothing any more, even if its
  /// end has not been said yet.
  void advance(Time now) {
    now_ = now;
    changed_ |= profile_.advance(now);
  }

  void arrived(JobIndex job) { queue_.append(job, jobs_[job]); }

  /// What `ended()` needs to know is when the job would have had to end.
  void ended(JobIndex job, Time requested_end) {
    if (requested_end > now_) profile_.give_back(now_, requested_end, jobs_[job].width);
    changed_ = true;
  }

  /// Whether its arrival alone can start anything.
  bool matters(JobIndex job) const { return jobs_[job].width <= profile_.free_now(); }

  /// Calls `start(job)` for each job that starts now.
  template <class Start>
  void pass(Start&& start) {
    while (!queue_.empty() && jobs_[queue_.head()].width <= profile_.free_now()) {
      const JobIndex head = queue_.head();
      queue_.take_head(jobs_);
      begin(head, start);
      changed_ = true;
    }
    if (changed_) queue_.rewind();  // otherwise those that were asked before get the same answer
    reserved_ = reserved_ && !changed_;
    changed_ = false;
    if (queue_.size() < 2 || !queue_.may_fit(profile_.free_now())) return;
    if (!reserved_) reserve();
    while (profile_.free_now() > 0) {
      const std::int32_t free = profile_.free_now();
      const Gap gap{free, std::min(free, spare_), shadow_ - now_};
      const auto job = queue_.next(gap, jobs_);
      if (!job) break;
      if (jobs_[*job].limit > gap.window) spare_ -= jobs_[*job].width;
      begin(*job, start);
    }
  }

 private:
  void reserve() {
    const std::int32_t width = jobs_[queue_.head()].width;
    const Profile::Room room = profile_.first_room(width);
    shadow_ = room.at;
    spare_ = room.free - width;
    reserved_ = true;
  }

  template <class Start>
  void begin(JobIndex job, Start& start) {
    profile_.take(now_, now_ + jobs_[job].limit, jobs_[job].width);
    start(job);
  }

  const Job* jobs_;
  Queue queue_;
  Profile profile_;
  Time now_;
  Time shadow_;             // the head's reservation, if there is one
  std::int32_t spare_ = 0;  // what it leaves over then
  bool reserved_ = false;
  bool changed_ = false;  // something was freed since the last pass
};

}  // namespace fabrica::forecast
