#include "forecast/fleet.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "forecast/first_to_start.h"
#include "forecast/late_binding.h"
#include "forecast/simulation.h"

namespace fabrica::forecast {

namespace {

/// A placement as a discipline, which keeps where each job started.
template <class Policy>
class Placing {
 public:
  Placing(Policy policy, std::vector<std::uint32_t>& sites)
      : policy_(std::move(policy)), sites_(sites) {}

  std::size_t waiting() const { return policy_.waiting(); }
  Time next_start() const { return never; }
  void advance(Time now) { policy_.advance(now); }
  void arrived(JobIndex job) { policy_.arrived(job); }
  void ended(JobIndex job, Time requested_end) { policy_.ended(job, sites_[job], requested_end); }

  template <class Start>
  void pass(Start&& start) {
    policy_.pass([&](JobIndex job, std::uint32_t site) {
      sites_[job] = site;
      start(job);
    });
  }

 private:
  Policy policy_;
  std::vector<std::uint32_t>& sites_;
};

template <class Policy>
FleetSchedule run_fleet(Policy policy, std::span<const Job> jobs) {
  FleetSchedule made;
  made.sites.resize(jobs.size());
  Schedule schedule = Simulation(Placing(std::move(policy), made.sites), jobs).batched();
  made.starts = std::move(schedule.starts);
  made.waiting_max = schedule.waiting_max;
  return made;
}

}  // namespace

FleetSchedule schedule(const Fleet& fleet, std::span<const Job> jobs) {
  CHECK(!fleet.widths.empty() && std::ranges::min(fleet.widths) >= 1, "a fleet has machines");
  CHECK(can_be_scheduled(jobs, std::ranges::max(fleet.widths)),
        "jobs are sorted by submit time, and each can run on some machine");
  using Asks = FirstToStart::Asks;
  switch (fleet.placement) {
    case Placement::late_binding:
      return run_fleet(LateBinding(fleet.widths, jobs.data()), jobs);
    case Placement::federation:
      return run_fleet(FirstToStart(fleet.widths, jobs.data(), Asks::in_order), jobs);
    case Placement::fullest_first:
      return run_fleet(FirstToStart(fleet.widths, jobs.data(), Asks::fullest_first), jobs);
  }
  CHECK(false, "a placement that there is");
}

Digest digest_of(const FleetSchedule& schedule) {
  Hasher hasher;
  for (std::size_t job = 0; job < schedule.starts.size(); ++job) {
    hasher.add(static_cast<std::uint64_t>(schedule.starts[job].ms));
    hasher.add(std::uint64_t{schedule.sites[job]});
  }
  return hasher.finish();
}

}  // namespace fabrica::forecast
