#include "forecast/fleet.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "forecast/first_to_start.h"
#include "forecast/late_binding.h"
#include "forecast/moments.h"

namespace fabrica::forecast {

namespace {

template <class Policy>
FleetSchedule run_fleet(Policy policy, std::span<const Job> jobs) {
  FleetSchedule made;
  made.starts.resize(jobs.size());
  made.sites.resize(jobs.size());
  Moments ends;
  JobIndex arrived = 0;
  const auto next_arrival = [&] { return arrived < jobs.size() ? jobs[arrived].submit : never; };
  const auto next = [&] { return std::min(ends.next_time(), next_arrival()); };
  for (Time now = next(); now != never; now = next()) {
    policy.advance(now);
    while (ends.next_time() == now) {
      const JobIndex job = ends.pop().job;
      policy.ended(job, made.sites[job], made.starts[job] + jobs[job].limit);
    }
    while (next_arrival() == now) policy.arrived(arrived++);
    policy.pass([&](JobIndex job, std::uint32_t site) {
      made.starts[job] = now;
      made.sites[job] = site;
      ends.push(now + jobs[job].run, job);
    });
    made.waiting_max = std::max(made.waiting_max, policy.waiting());
  }
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
