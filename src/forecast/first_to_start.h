#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"
#include "forecast/candidates.h"
#include "forecast/fleet_site.h"
#include "forecast/job.h"

namespace fabrica::forecast {

/// What Slurm's own federation does: a sibling of each job waits at every machine that is wide
/// enough, in the order of arrival, and the first that starts cancels the others. Each machine has
/// EASY backfill over all of them, so that the oldest has a reservation on each.
class FirstToStart {
 public:
  /// Which machine looks at the queue first when several could start a job.
  enum class Asks : std::uint8_t { in_order, fullest_first };

  /// Machines of these widths; `jobs` outlives this.
  FirstToStart(std::span<const std::int32_t> widths, const Job* jobs, Asks asks);

  std::size_t waiting() const { return candidates_.size(); }
  void advance(Time now) { now_ = now; }
  void arrived(JobIndex job) {
    candidates_.insert(job, jobs_[job].width, jobs_[job].limit);
    arrived_ = job + 1;
  }
  void ended(JobIndex job, std::uint32_t site, Time requested_end) {
    places_[site].site.ended(now_, jobs_[job], requested_end);
  }

  /// Calls `start(job, site)` for each job that starts now.
  template <class Start>
  void pass(Start&& start) {
    order_sites();
    for (const std::uint32_t number : order_) {
      Place& place = places_[number];
      while (place.site.free() > 0) {
        const JobIndex job = next_for(place);
        if (job == nobody) break;
        candidates_.erase(job);
        place.site.start(now_, jobs_[job]);
        start(job, number);
      }
    }
  }

 private:
  static constexpr JobIndex nobody = static_cast<JobIndex>(-1);

  struct Place {
    FleetSite site;
    JobIndex head = nobody;  // the oldest that waits and is not too wide
    JobIndex asked = 0;      // earlier ones have been asked since more was free
  };

  void order_sites();
  JobIndex next_for(Place& place);

  const Job* jobs_;
  Time now_;
  std::vector<Place> places_;
  std::vector<std::uint32_t> order_;
  Candidates<JobIndex> candidates_;
  JobIndex arrived_ = 0;
  Asks asks_;
};

}  // namespace fabrica::forecast
