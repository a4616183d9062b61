#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"
#include "forecast/gap.h"
#include "forecast/job.h"
#include "forecast/profile.h"

namespace fabrica::forecast {

/// A machine that is counted in processors, one as good as another: what runs on it until which
/// requested end, and the reservation of one waiting job. A room as Easy needs it.
class Processors {
 public:
  explicit Processors(std::int32_t width) : profile_(width) {}

  /// Makes this moment now. A job whose requested end has come takes nothing any more, even if its
  /// end has not been said yet. Returns whether more may fit than before.
  bool advance(Time now) {
    now_ = now;
    return profile_.advance(now);
  }

  /// When more may fit though no job ends.
  Time next_return() const { return never; }

  /// How wide a job could be that starts now and is over soon.
  std::int32_t free() const { return profile_.free_now(); }

  /// Whether the job could start now if nobody else waited. There must be no reservation.
  bool fits(const Job& job) const { return job.width <= free(); }

  /// Reserves for a job that does not fit, where it will fit first. There is no reservation yet.
  void reserve(const Job& job) {
    const Profile::Room room = profile_.first_room(job.width);
    shadow_ = room.at;
    spare_ = room.free - job.width;
  }
  void drop_reservation() {}

  /// What does not delay the job with the reservation. Good until anything changes.
  Gap gap() const { return {free(), std::min(free(), spare_), shadow_ - now_}; }

  /// Starts a job that the gap admits, or without a reservation one that fits.
  void start(JobIndex /*number*/, const Job& job) {
    if (job.limit > shadow_ - now_) spare_ -= job.width;
    profile_.take(now_, now_ + job.limit, job.width);
  }
  void ended(JobIndex /*number*/, const Job& job, Time requested_end) {
    if (requested_end > now_) profile_.give_back(now_, requested_end, job.width);
  }

 private:
  Profile profile_;
  Time now_;
  Time shadow_;             // when the job with the reservation will fit
  std::int32_t spare_ = 0;  // what it leaves over then
};

}  // namespace fabrica::forecast
