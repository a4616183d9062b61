#include "forecast/late_binding.h"

#include <algorithm>
#include <utility>

namespace fabrica::forecast {

LateBinding::LateBinding(std::span<const std::int32_t> widths, const Job* jobs) : jobs_(jobs) {
  for (std::uint32_t number = 0; number < widths.size(); ++number)
    places_.push_back({FleetSite(widths[number]), number, 0, nobody, true});
  std::ranges::sort(places_, {},
                    [](const Place& place) { return std::pair(place.site.width(), place.number); });
  place_of_site_.resize(widths.size());
  for (std::size_t at = 0; at < places_.size(); ++at) {
    Place& place = places_[at];
    if (homes_.empty() || homes_.back().width < place.site.width())
      homes_.push_back({place.site.width(), {}, 0});
    place.home = homes_.size() - 1;
    place_of_site_[place.number] = at;
  }
}

void LateBinding::arrived(JobIndex job) {
  const Job& properties = jobs_[job];
  const Duration expected = run_times_.expected(properties);
  if (job >= expected_.size()) expected_.resize(std::size_t{job} + 1 + expected_.size() / 2);
  expected_[job] = expected;
  candidates_.insert({expected, properties.width, job}, properties.width, properties.limit);
  std::ranges::lower_bound(homes_, properties.width, {}, &Home::width)->arrived.push_back(job);
  fresh_.push_back(job);
}

void LateBinding::ended(JobIndex job, std::uint32_t site, Time requested_end) {
  run_times_.ended(jobs_[job]);
  places_[place_of_site_[site]].site.ended(now_, jobs_[job], requested_end);
}

// True when there is more room somewhere, or another job is protected.
bool LateBinding::protect_next() {
  bool changed = false;
  for (Place& place : places_) {
    Home& home = homes_[place.home];
    while (place.held == nobody && home.next < home.arrived.size()) {
      const JobIndex job = home.arrived[home.next++];
      if (expected_[job] == Duration{}) continue;
      leave_queue(job);
      place.held = job;
      place.site.protect(jobs_[job].width);
      protected_count_ += 1;
    }
    if (place.site.take_change(now_)) place.changed = changed = true;
    if (home.next == home.arrived.size() || home.next > home.arrived.size() / 2 + 1'000) {
      home.arrived.erase(home.arrived.begin(),
                         home.arrived.begin() + static_cast<std::ptrdiff_t>(home.next));
      home.next = 0;
    }
  }
  return changed;
}

// Where a protected job can start now; at home nobody has to be asked.
LateBinding::Place* LateBinding::place_for(JobIndex job, Place& home) {
  const Job& properties = jobs_[job];
  if (properties.width <= home.site.free()) return &home;
  const auto next = places_.begin() + (&home - places_.data()) + 1;
  const auto found = std::find_if(next, places_.end(), [&](const Place& place) {
    return place.site.gap(now_).admits(properties.width, properties.limit);
  });
  return found == places_.end() ? nullptr : &*found;
}

void LateBinding::leave_queue(JobIndex job) {
  candidates_.erase({expected_[job], jobs_[job].width, job});
  expected_[job] = {};
}

JobIndex LateBinding::next_for(Place& place, Key& from) {
  const auto found = candidates_.first_from(from, place.site.gap(now_));
  if (!found) return nobody;
  from = *found;
  return found->job;
}

JobIndex LateBinding::next_fresh(const Place& place) const {
  JobIndex best = nobody;
  const auto key = [&](JobIndex job) { return Key{expected_[job], jobs_[job].width, job}; };
  for (const JobIndex job : fresh_) {
    if (expected_[job] == Duration{}) continue;
    if (!place.site.gap(now_).admits(jobs_[job].width, jobs_[job].limit)) continue;
    if (best == nobody || key(job) < key(best)) best = job;
  }
  return best;
}

}  // namespace fabrica::forecast
