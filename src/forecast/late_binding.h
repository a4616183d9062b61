#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"
#include "forecast/candidates.h"
#include "forecast/fleet_site.h"
#include "forecast/job.h"
#include "forecast/run_times.h"

namespace fabrica::forecast {

/// Places jobs on the machines of a fleet as late as it can. A job waits in one queue for all of
/// them until some machine can start it, or until it is the one that a machine protects:
///
/// - A job's home is the narrowest machine that is wide enough for it. Each machine protects one
///   job, that which has waited longest of those at home there: nothing starts that would delay it
///   beyond its shadow time (EASY backfill).
/// - Protected jobs start as soon as they fit, at home or on any machine that can take them at
///   once, those that have waited longest first.
/// - What room is left goes to the other jobs in the order of expected run time over width, the
///   smallest first: the quick ones, which keep nobody waiting, and the wide ones, which find room
///   rarely. Each starts on the narrowest machine that can take it, so that wide room stays free
///   for who needs it.
///
/// So no job waits for ever, and a wide one never stands behind narrow ones on the machines that
/// it alone needs.
class LateBinding {
 public:
  /// Machines of these widths; `jobs` outlives this.
  LateBinding(std::span<const std::int32_t> widths, const Job* jobs);

  std::size_t waiting() const { return candidates_.size() + protected_count_; }
  void advance(Time now) { now_ = now; }
  void arrived(JobIndex job);
  void ended(JobIndex job, std::uint32_t site, Time requested_end);

  /// Calls `start(job, site)` for each job that starts now; sites are numbered as they were given.
  template <class Start>
  void pass(Start&& start) {
    // Where nothing has changed those who were refused are refused again.
    while (protect_next() && start_protected(start)) {
    }
    for (Place& place : places_) fill(place, start);
    fresh_.clear();
  }

 private:
  static constexpr JobIndex nobody = static_cast<JobIndex>(-1);

  // Expected run time over width, compared without dividing.
  struct Key {
    Duration run;
    std::int32_t width = 1;
    JobIndex job = 0;

    friend bool operator==(const Key&, const Key&) = default;
    friend std::strong_ordering operator<=>(const Key& a, const Key& b) {
      const auto order = a.run.ms * b.width <=> b.run.ms * a.width;
      return order != 0 ? order : a.job <=> b.job;
    }
  };
  struct Home {
    std::int32_t width = 0;
    std::vector<JobIndex> arrived;  // in that order, also some that wait no more
    std::size_t next = 0;
  };
  struct Place {
    FleetSite site;
    std::uint32_t number = 0;
    std::size_t home = 0;    // machines of one width share theirs
    JobIndex held = nobody;  // the protected job
    bool changed = false;    // since its room was last offered to the others
  };

  bool protect_next();
  void leave_queue(JobIndex job);
  Place* place_for(JobIndex job, Place& home);
  JobIndex next_for(Place& place, Key& from);
  JobIndex next_fresh(const Place& place) const;

  template <class Start>
  bool start_protected(Start& start);
  template <class Start>
  void fill(Place& place, Start& start);

  const Job* jobs_;
  Time now_;
  RunTimes run_times_;
  std::vector<Place> places_;  // narrow ones first
  std::vector<std::size_t> place_of_site_;
  std::vector<Home> homes_;  // likewise
  Candidates<Key> candidates_;
  std::vector<Duration> expected_;  // by job, when it came; zero: waits no more, or is protected
  std::vector<JobIndex> fresh_;     // arrivals since the last pass
  std::size_t protected_count_ = 0;
};

// The one that has waited longest of those that can start; true when there was one.
template <class Start>
bool LateBinding::start_protected(Start& start) {
  Place* home = nullptr;
  Place* there = nullptr;
  for (Place& place : places_) {
    if (place.held == nobody || (home != nullptr && place.held > home->held)) continue;
    Place* const found = place_for(place.held, place);
    if (found == nullptr) continue;
    home = &place;
    there = found;
  }
  if (home == nullptr) return false;
  const JobIndex job = home->held;
  home->held = nobody;
  home->site.protect(0);
  protected_count_ -= 1;
  there->site.start(now_, jobs_[job]);
  start(job, there->number);
  return true;
}

// Whom a machine refused before it refuses again, until more may fit there.
template <class Start>
void LateBinding::fill(Place& place, Start& start) {
  const bool all = place.changed;
  place.changed = false;
  Key from;
  while (place.site.free() > 0) {
    const JobIndex job = all ? next_for(place, from) : next_fresh(place);
    if (job == nobody) return;
    leave_queue(job);
    place.site.start(now_, jobs_[job]);
    start(job, place.number);
  }
}

}  // namespace fabrica::forecast
