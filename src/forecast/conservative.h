#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "forecast/job.h"
#include "forecast/moments.h"
#include "forecast/outages.h"
#include "forecast/profile.h"

namespace fabrica::forecast {

/// Conservative backfill: each job is promised a start when it comes, the earliest one that delays
/// nobody's promise, and is never started later. When a job ends before its limit, the waiting ones
/// are asked in the order of arrival whether they can be moved ahead; each is moved to where it
/// would be put if it were taken out and planned anew, so with no bound the schedule is the
/// textbook's. No start is promised that would run into an outage that is known; when one comes
/// that nobody knew, all are promised anew, in the order of arrival.
class Conservative {
 public:
  /// What makes waiting jobs be asked. After one round a job may find room that a later one has
  /// left in that same round, so a round after an end on time changes schedules a little.
  enum class Asks : std::uint8_t { after_early_ends, after_every_end };

  /// At most `depth` waiting jobs are asked in one round, those that have waited longest.
  Conservative(std::int32_t width, std::span<const Outage> maintenance, const Job* jobs, Asks asks,
               std::size_t depth)
      : jobs_(jobs), profile_(width), outages_(width, maintenance), depth_(depth), asks_(asks) {
    outages_.take_from(profile_);
  }

  std::size_t waiting() const { return waiting_; }
  Time next_start() const;
  void advance(Time now) {
    now_ = now;
    profile_.advance(now);
  }
  void arrived(JobIndex job) {
    fresh_.push_back(job);
    waiting_ += 1;
  }
  void ended(JobIndex job, Time requested_end) {
    freed_ |= requested_end > now_ || asks_ == Asks::after_every_end;
    if (requested_end > now_) profile_.give_back(now_, requested_end, jobs_[job].width);
  }
  bool matters(JobIndex /*job*/) const { return true; }

  /// As those of Easy.
  void failed(const Outage& outage);
  bool overrun() const { return profile_.overdrawn(); }

  template <class Start>
  void pass(Start&& start) {
    if (freed_) move_ahead();
    freed_ = false;
    for (const JobIndex job : fresh_) promise(job);
    fresh_.clear();
    while (next_start() <= now_) {
      const JobIndex job = promised_.pop().job;
      starts_[job] = never;
      waiting_ -= 1;
      start(job);
    }
  }

 private:
  void promise(JobIndex job);
  void move_ahead();

  const Job* jobs_;
  Profile profile_;
  Outages outages_;
  std::size_t depth_;
  Asks asks_;
  std::vector<JobIndex> queue_;  // in the order of arrival, also some that have started since
  std::vector<Time> starts_;     // by job, as promised; never: does not wait
  mutable Moments promised_;     // also promises that were bettered since
  std::vector<JobIndex> fresh_;
  std::size_t waiting_ = 0;
  Time now_;
  bool freed_ = false;
};

}  // namespace fabrica::forecast
