#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"
#include "forecast/profile.h"

namespace fabrica::forecast {

/// From `from` until before `until` so much of a machine cannot be used; `from` < `until`, 1 <=
/// `width`.
struct Outage {
  Time from;
  Time until;
  std::int32_t width = 0;
};

/// True when each outage is as it says there.
bool valid(std::span<const Outage> outages);

/// What of one machine is out, and when, as far as that is known by now. Where several overlap,
/// their widths together are out, at most the whole machine.
class Outages {
 public:
  Outages(std::int32_t width, std::span<const Outage> known) : width_(width) {
    known_.assign(known.begin(), known.end());
  }

  bool empty() const { return known_.empty(); }

  /// Takes what is out from the profile of the machine, which knows nothing of it yet.
  void take_from(Profile& profile);

  /// Another one is known from now on; takes it from the same profile.
  void add(const Outage& outage, Profile& profile);

  /// When next something comes back; never, when all has.
  Time next_return() const { return next_return_; }

  /// Makes this moment now; whether something has come back since the last time.
  bool advance(Time now) {
    if (now < next_return_) return false;
    find_next_return(now);
    return true;
  }

 private:
  void change(Profile& profile, std::int32_t sign) const;
  void find_next_return(Time now);

  std::int32_t width_;
  std::vector<Outage> known_;
  Time next_return_ = never;
};

}  // namespace fabrica::forecast
