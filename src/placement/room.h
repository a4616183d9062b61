#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/time.h"
#include "federation/types.h"
#include "forecast/fleet_site.h"
#include "jobs/types.h"

namespace fabrica::placement {

/// What jobs take and a partition has is counted in these parts of a billed unit, rounded up:
/// halves to sixths of a node are exact.
inline constexpr std::int64_t parts_of_a_unit = 60;
std::int32_t width_of(Rational units, std::size_t tasks = 1);
std::int32_t width_of(const federation::Partition& partition);

/// One partition as its jobs leave it: what runs there, and the site's own queue of those that it
/// was told of and that have not begun. That queue is taken for EASY backfill: what fits has as
/// good as begun, and nothing that comes later may delay the first that does not.
class Room {
 public:
  explicit Room(std::int32_t width) : site_(width) {}

  std::int32_t free() const { return site_.free(); }

  /// What a job must be to start now, told after all that the site has; only after settle().
  forecast::Gap gap(Time now) const { return site_.gap(now); }

  /// True when somebody waits at the site who does not fit.
  bool has_queue() const { return !queued_.empty(); }

  /// The job, which is not there, takes so much until then.
  void take(Time now, jobs::JobId job, std::int32_t width, Time until);

  /// The job, which is not there, stands at the end of the site's queue and would take so much for
  /// so long.
  void queue(jobs::JobId job, std::int32_t width, Duration length);

  /// What it took or would take, if it is there, is free.
  void leave(Time now, jobs::JobId job);

  /// The job takes so much (as long as that is above zero) until then, and it may have been in the
  /// queue; unless it is not there.
  void change(Time now, jobs::JobId job, std::int32_t width, Time until);

  /// Nobody may delay one of this width that waits with us, once nobody waits at the site; zero:
  /// none.
  void protect(std::int32_t width) {
    ours_ = width;
    protected_ = unknown;
  }

  /// Lets the site's queue have what is free. True when more may fit than when this was last asked.
  bool settle(Time now);

  /// Those of the site's queue that settle() let begin since this was last forgotten.
  const std::vector<jobs::JobId>& begun() const { return begun_; }
  void forget_begun() { begun_.clear(); }

  /// True when the job runs there as far as is known.
  bool runs(jobs::JobId job) const { return taken_.contains(job); }

  /// Who is there at his planned end is not gone: what ends until then is planned to end twice as
  /// much later.
  void extend(Time now, Duration by);

 private:
  static constexpr std::int32_t unknown = -1;

  struct Taken {
    std::int32_t width = 0;
    Time until;
  };
  struct Queued {
    jobs::JobId job;
    std::int32_t width = 0;
    Duration length;
  };

  bool leave_queue(jobs::JobId job);
  void begin(Time now, std::size_t place);
  std::int32_t first_width() const;

  forecast::FleetSite site_;
  std::map<jobs::JobId, Taken> taken_;
  std::set<std::pair<Time, jobs::JobId>> ends_;  // planned
  std::vector<Queued> queued_;                   // in the order in which the site was told
  std::vector<jobs::JobId> begun_;
  bool more_queued_ = false;    // since settle()
  std::int32_t ours_ = 0;       // to be protected where nobody is queued
  std::int32_t protected_ = 0;  // by site_, as of settle()
};

}  // namespace fabrica::placement
