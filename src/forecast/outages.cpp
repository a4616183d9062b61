#include "forecast/outages.h"

#include <algorithm>
#include <limits>

namespace fabrica::forecast {

bool valid(std::span<const Outage> outages) {
  return std::ranges::all_of(outages, [](const Outage& outage) {
    return outage.from < outage.until && outage.width >= 1;
  });
}

void Outages::take_from(Profile& profile) {
  change(profile, -1);
  find_next_return(Time{std::numeric_limits<std::int64_t>::min()});
}

void Outages::add(const Outage& outage, Profile& profile) {
  change(profile, 1);
  known_.push_back(outage);
  change(profile, -1);
  next_return_ = std::min(next_return_, outage.until);
}

// Gives back all that is out, or takes it. What is out changes where an outage begins or ends.
void Outages::change(Profile& profile, std::int32_t sign) const {
  struct Step {
    Time at;
    std::int64_t by = 0;
  };
  std::vector<Step> steps;
  for (const Outage& outage : known_) {
    steps.push_back({outage.from, outage.width});
    steps.push_back({outage.until, -std::int64_t{outage.width}});
  }
  std::ranges::sort(steps, {}, &Step::at);
  std::int64_t sum = 0;
  std::int64_t out = 0;
  for (std::size_t at = 0; at < steps.size(); ++at) {
    sum += steps[at].by;
    if (at + 1 < steps.size() && steps[at + 1].at == steps[at].at) continue;
    const std::int64_t next = std::min<std::int64_t>(sum, width_);
    if (next != out) profile.change(steps[at].at, static_cast<std::int32_t>(next - out) * sign);
    out = next;
  }
}

void Outages::find_next_return(Time now) {
  next_return_ = never;
  for (const Outage& outage : known_) {
    if (outage.until > now) next_return_ = std::min(next_return_, outage.until);
  }
}

}  // namespace fabrica::forecast
