#include "kernel/state.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "calls/apply.h"
#include "calls/decide.h"
#include "federation/apply.h"
#include "jobs/apply.h"
#include "jobs/settle.h"
#include "jobs/site_accounts.h"
#include "ledger/apply.h"

namespace fabrica {

namespace {

void apply_area(State& state, const federation::Event& event) {
  federation::apply(state.federation, event);
  if (const auto* site = std::get_if<federation::SiteRegistered>(&event))
    jobs::follow_site(state.jobs, {state.federation, state.ledger}, site->id);
}
void apply_area(State& state, const calls::Event& event) { calls::apply(state.calls, event); }
void apply_area(State& state, const jobs::Event& event) { jobs::apply(state.jobs, event); }

// A hold bears its job's number, so the jobs hear what the ledger did with it.
void apply_area(State& state, const ledger::Event& event) {
  ledger::apply(state.ledger, event);
  if (const auto* charged = std::get_if<ledger::UsageCharged>(&event))
    jobs::apply(state.jobs, *charged);
  if (const auto* released = std::get_if<ledger::HoldReleased>(&event))
    jobs::apply(state.jobs, *released);
  if (const auto* extended = std::get_if<ledger::HoldExtended>(&event))
    jobs::apply(state.jobs, *extended);
  jobs::follow(state.jobs, {state.federation, state.ledger}, event);
}

}  // namespace

void apply(State& state, const Recorded& recorded) {
  CHECK(recorded.seq.value == state.last.value + 1, "the log is dense");
  CHECK(recorded.at >= state.now, "log time never goes back");
  std::visit([&](const auto& event) { apply_area(state, event); }, recorded.event);
  state.last = recorded.seq;
  state.now = recorded.at;
}

std::optional<Time> next_deadline(const State& state) {
  const std::optional<Time> calls = calls::next_deadline(state.calls);
  const std::optional<Time> jobs = jobs::next_deadline(state.jobs);
  if (!calls || !jobs) return calls ? calls : jobs;
  return std::min(*calls, *jobs);
}

std::string broken_invariant(const State& state) {
  if (std::string broken = ledger::broken_invariant(state.ledger); !broken.empty()) return broken;
  std::string broken;
  std::uint64_t live = 0;
  state.jobs.jobs.for_each([&](jobs::JobId id, const jobs::Job& job) {
    const bool ended = job.phase == jobs::JobPhase::ended;
    live += ended ? 0 : 1;
    const ledger::Hold* hold = state.ledger.holds.find(jobs::hold_of(id));
    const auto needed = exchange(job.hold_per_task, {job.tasks_left == 0 ? 1 : job.tasks_left, 1});
    if (ended && hold != nullptr) broken = fmt::format("{} has ended and still holds", id);
    if (!ended && (hold == nullptr || !needed || hold->remaining != *needed)) {
      broken = fmt::format("{} is live and does not hold what its tasks may use", id);
    }
    const auto past = state.jobs.past_runs.find(id);
    const std::size_t runs =
        job.tasks.size() + (past == state.jobs.past_runs.end() ? 0 : past->second.size());
    // Above amount_max no such sum is told.
    const auto most = exchange(job.hold_per_task, {static_cast<std::int64_t>(runs), 1});
    if (most && job.charged > *most)
      broken = fmt::format("{} was charged more than its runs may cost", id);
  });
  if (live != state.jobs.live) broken = "the count of live jobs is wrong";
  return broken;
}

}  // namespace fabrica
