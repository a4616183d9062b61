#include "simulate/scheduling.h"

#include <fmt/core.h>

#include <utility>

#include "base/check.h"
#include "forecast/fleet.h"
#include "simulate/whole.h"

namespace fabrica::simulate {

namespace {

MadeSchedule made_of(forecast::FleetSchedule made, std::uint64_t events) {
  const Digest digest = forecast::digest_of(made);
  return {std::move(made.starts), std::move(made.sites), made.waiting_max, digest, events};
}

}  // namespace

std::string rules_text(const Machines& machines) {
  if (!machines.placement.empty()) {
    return machines.placement + (machines.whole ? ", the whole product" : "");
  }
  return fmt::format(
      "{}, {} order", name_of(machines.machine.scheduler),
      machines.machine.order == forecast::EventOrder::textbook ? "textbook" : "default");
}

Result<MadeSchedule> make_schedule(const Machines& machines, std::span<const forecast::Job> jobs) {
  if (machines.whole) {
    TRY(WholeRun run, run_whole({machines.widths, machines.placement}, jobs));
    return made_of(std::move(run.schedule), run.events);
  }
  if (!machines.placement.empty()) {
    forecast::Fleet fleet{machines.widths};
    CHECK(value_of(machines.placement, fleet.placement), "a placement that there is");
    return made_of(forecast::schedule(fleet, jobs), 0);
  }
  forecast::Machine machine = machines.machine;
  machine.width = machines.widths.front();
  if (machine.scheduler == forecast::Scheduler::priority &&
      machine.order == forecast::EventOrder::textbook) {
    return refuse(refusal::invalid, "order", "The scheduler priority goes with the default order.");
  }
  forecast::Schedule made = forecast::schedule(machine, jobs);
  const Digest digest = forecast::digest_of(made);
  return MadeSchedule{std::move(made.starts), {}, made.waiting_max, digest, 0,
                      std::move(made.lost)};
}

}  // namespace fabrica::simulate
