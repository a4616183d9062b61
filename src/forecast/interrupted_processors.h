#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"
#include "forecast/gap.h"
#include "forecast/job.h"
#include "forecast/outages.h"
#include "forecast/profile.h"

namespace fabrica::forecast {

/// As Processors, of which some are out at times. No job fits that would run on what is known to be
/// out by then; the reservation is kept among what runs, so that what fits there does not delay it.
class InterruptedProcessors {
 public:
  InterruptedProcessors(std::int32_t width, std::span<const Outage> maintenance)
      : profile_(width), outages_(width, maintenance) {
    outages_.take_from(profile_);
  }

  bool advance(Time now) {
    now_ = now;
    const bool grown = profile_.advance(now);
    return outages_.advance(now) || grown;
  }
  Time next_return() const { return outages_.next_return(); }
  std::int32_t free() const { return profile_.free_now(); }
  bool fits(const Job& job) const {
    return job.width <= free() && profile_.earliest(job.width, job.limit) == now_;
  }

  void reserve(const Job& job);
  void drop_reservation() {
    profile_.give_back(shadow_, shadow_ + reserved_.limit, reserved_.width);
  }
  Gap gap();

  void start(JobIndex /*number*/, const Job& job) {
    profile_.take(now_, now_ + job.limit, job.width);
  }
  void ended(JobIndex /*number*/, const Job& job, Time requested_end) {
    if (requested_end > now_) profile_.give_back(now_, requested_end, job.width);
  }

  /// So much is out from now on, which nobody knew. There must be no reservation.
  void fail(const Outage& outage) { outages_.add(outage, profile_); }
  /// Whether what runs would, to its requested ends, need some of what is out by then. There must
  /// be no reservation.
  bool overrun() const { return profile_.overdrawn(); }

 private:
  Profile profile_;  // with what is reserved
  Outages outages_;
  std::vector<Narrowing> narrowings_;
  Time now_;
  Job reserved_;
  Time shadow_;
};

}  // namespace fabrica::forecast
