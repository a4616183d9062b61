#include "placement/room.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "jobs/offers.h"

namespace fabrica::placement {

namespace {

__extension__ using Wide = __int128;

// Several of them can be summed.
constexpr std::int32_t width_max = std::numeric_limits<std::int32_t>::max() / 4;
// A planned end that moves by less changes nothing that is worth a look at the queue.
constexpr Duration moved_at_least = minutes(2);
// Of the site's queue, whom it is asked for whether they fit behind the first (Slurm's
// bf_max_job_test is 100 by default).
constexpr std::size_t backfilled_at_most = 100;

std::int32_t bounded(Wide width) {
  return static_cast<std::int32_t>(std::clamp<Wide>(width, 1, width_max));
}

forecast::Job as_job(std::int32_t width, Duration limit) {
  forecast::Job job;
  job.width = width;
  job.limit = limit;
  return job;
}

}  // namespace

std::int32_t width_of(Rational units, std::size_t tasks) {
  const Wide parts = Wide{units.numerator} * parts_of_a_unit;
  return bounded((parts + units.denominator - 1) / units.denominator * static_cast<Wide>(tasks));
}

std::int32_t width_of(const federation::Partition& partition) {
  const std::uint64_t units = jobs::units_of(partition);
  return units == 0 ? width_max : bounded(Wide{units} * parts_of_a_unit);
}

void Room::take(Time now, jobs::JobId job, std::int32_t width, Time until) {
  // However many sites take at once for arrays that are wider than they are, sums stay in bounds.
  width = std::clamp(width, 0, std::max(0, site_.free() + site_.width()));
  const bool is_new = taken_.try_emplace(job, Taken{width, until}).second;
  CHECK(is_new, "a job takes room once");
  ends_.emplace(until, job);
  site_.start(now, as_job(width, until - now));
}

void Room::queue(jobs::JobId job, std::int32_t width, Duration length) {
  queued_.push_back({job, width, length});
  more_queued_ = true;
}

bool Room::leave_queue(jobs::JobId job) {
  const auto place = std::ranges::find(queued_, job, &Queued::job);
  if (place == queued_.end()) return false;
  more_queued_ = true;
  queued_.erase(place);
  return true;
}

void Room::leave(Time now, jobs::JobId job) {
  if (leave_queue(job)) return;
  const auto there = taken_.find(job);
  if (there == taken_.end()) return;
  const Taken taken = there->second;
  taken_.erase(there);
  ends_.erase({taken.until, job});
  site_.ended(now, as_job(taken.width, {}), taken.until);
}

void Room::change(Time now, jobs::JobId job, std::int32_t width, Time until) {
  if (leave_queue(job)) {
    if (width > 0) take(now, job, width, std::max(until, now + milliseconds(1)));
    return;
  }
  const auto there = taken_.find(job);
  if (there == taken_.end()) return;
  const Duration moved = until - there->second.until;
  if (width == there->second.width && std::max(moved, Duration{-moved.ms}) < moved_at_least) return;
  leave(now, job);
  if (width > 0) take(now, job, width, std::max(until, now + milliseconds(1)));
}

void Room::begin(Time now, std::size_t place) {
  const Queued first = queued_[place];
  queued_.erase(queued_.begin() + static_cast<std::ptrdiff_t>(place));
  take(now, first.job, first.width, now + first.length);
  begun_.push_back(first.job);
}

std::int32_t Room::first_width() const { return queued_.empty() ? ours_ : queued_.front().width; }

bool Room::settle(Time now) {
  bool changed = site_.take_change(now);
  const bool more = std::exchange(more_queued_, false);
  if (!changed && !more && protected_ == first_width()) return false;
  while (!queued_.empty() && queued_.front().width <= site_.free()) begin(now, 0);
  if (first_width() != protected_) {
    protected_ = first_width();
    site_.protect(protected_);
    changed = site_.take_change(now);
  }
  for (std::size_t at = 1; at < std::min(queued_.size(), backfilled_at_most);) {
    if (site_.gap(now).admits(queued_[at].width, queued_[at].length)) {
      begin(now, at);
    } else {
      ++at;
    }
  }
  return changed;
}

void Room::extend(Time now, Duration by) {
  while (!ends_.empty() && ends_.begin()->first <= now + by) {
    const jobs::JobId job = ends_.begin()->second;
    const std::int32_t width = taken_.at(job).width;
    leave(now, job);
    take(now, job, width, now + by + by);
  }
}

}  // namespace fabrica::placement
