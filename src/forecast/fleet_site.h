#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "forecast/gap.h"
#include "forecast/job.h"
#include "forecast/profile.h"

namespace fabrica::forecast {

/// One machine of a fleet: what runs there, and the one waiting job that nobody may delay, for
/// which it keeps the reservation of EASY backfill. Every end is told when it comes, at the latest
/// at its job's limit, so that nothing changes here by itself as time passes.
class FleetSite {
 public:
  explicit FleetSite(std::int32_t width) : width_(width), profile_(width) {}

  std::int32_t width() const { return width_; }
  std::int32_t free() const { return profile_.free_now(); }

  /// Starts the job now, within gap() or in place of the protected one.
  void start(Time now, const Job& job) {
    if (job.limit > window(now)) spare_ -= job.width;
    profile_.advance(now);
    profile_.take(now, now + job.limit, job.width);
  }
  void ended(Time now, const Job& job, Time requested_end) {
    profile_.advance(now);
    if (requested_end > now) profile_.give_back(now, requested_end, job.width);
    changed_ = true;
  }

  /// Nobody may delay a job of this width from now on; zero: none is protected.
  void protect(std::int32_t width) {
    protected_ = width;
    changed_ = true;
  }

  /// Whether more may fit than when this was last asked. From then on what gap() says only shrinks
  /// until this is true again.
  bool take_change(Time now) {
    if (!changed_) return false;
    changed_ = false;
    profile_.advance(now);
    reserve();
    return true;
  }

  /// What may start now; only after take_change().
  Gap gap(Time now) const { return {free(), std::min(free(), spare_), window(now)}; }

 private:
  Duration window(Time now) const { return shadow_ == never ? Duration{never.ms} : shadow_ - now; }
  void reserve() {
    if (protected_ == 0) {
      shadow_ = never;
      spare_ = std::numeric_limits<std::int32_t>::max();
      return;
    }
    const Profile::Room room = profile_.first_room(protected_);
    shadow_ = room.at;
    spare_ = room.free - protected_;
  }

  std::int32_t width_;
  Profile profile_;
  std::int32_t protected_ = 0;
  Time shadow_ = never;  // when the protected job would start
  std::int32_t spare_ = std::numeric_limits<std::int32_t>::max();  // what it leaves over then
  bool changed_ = true;
};

}  // namespace fabrica::forecast
