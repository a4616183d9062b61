#include "kernel/decide.h"

#include <algorithm>
#include <optional>

#include "calls/decide.h"
#include "federation/decide.h"
#include "jobs/decide.h"
#include "jobs/evacuate.h"
#include "jobs/settle.h"
#include "ledger/decide.h"

namespace fabrica {

namespace {

using Events = Result<std::vector<Event>>;

template <class AreaEvents>
void append(std::vector<Event>& events, AreaEvents&& more) {
  events.reserve(events.size() + more.size());
  for (auto& one : more) events.emplace_back(std::move(one));
}

// An area's batch holds its own events and those of the areas below it.
template <class Outcomes>
void append_outcomes(std::vector<Event>& events, Outcomes&& outcomes) {
  events.reserve(events.size() + outcomes.size());
  for (auto& outcome : outcomes) {
    std::visit([&](auto& event) { events.emplace_back(std::move(event)); }, outcome);
  }
}

// The site that takes no jobs any more after these events.
std::optional<federation::SiteId> closed_by(const std::vector<Event>& events) {
  for (const Event& event : events) {
    const auto* area = std::get_if<federation::Event>(&event);
    if (area == nullptr) continue;
    const auto* drained = std::get_if<federation::SiteDrained>(area);
    if (drained != nullptr && drained->drained) return drained->site;
    if (const auto* silent = std::get_if<federation::SiteFellSilent>(area)) return silent->site;
  }
  return std::nullopt;
}

struct Decider {
  const State& state;
  const Policies& policies;
  const Envelope& envelope;
  Time now;

  calls::Context for_calls() const {
    return {state.calls, state.federation, state.ledger, policies.calls, envelope.actor, now};
  }
  jobs::Context for_jobs() const {
    return {state.jobs, state.federation, state.ledger, policies.jobs, envelope.actor, now};
  }

  Events operator()(const federation::Command& command) const {
    TRY(auto decided, federation::decide(state.federation, envelope.actor, command));
    std::vector<Event> events;
    append(events, std::move(decided));
    if (const auto site = closed_by(events)) append_outcomes(events, jobs::evacuate(*site));
    return events;
  }
  Events operator()(const ledger::Command& command) const {
    TRY(auto decided, ledger::decide(state.ledger, state.federation, envelope.actor, command));
    std::vector<Event> events;
    append(events, std::move(decided));
    return events;
  }
  Events operator()(const calls::Command& command) const {
    TRY(auto decided, calls::decide(for_calls(), command));
    std::vector<Event> events;
    append_outcomes(events, std::move(decided));
    return events;
  }
  Events operator()(const jobs::Command& command) const {
    TRY(auto decided, jobs::decide(for_jobs(), command));
    std::vector<Event> events;
    append_outcomes(events, std::move(decided));
    return events;
  }
  Events operator()(const PassTime&) const {
    std::vector<Event> events;
    append_outcomes(events, calls::pass_time(for_calls()));
    // What a job gives back depends on whether its award is over, so each area decides on a State
    // of its own; the jobs' deadline stands until the next PassTime.
    if (events.empty()) append_outcomes(events, jobs::pass_time(for_jobs()));
    return events;
  }
};

}  // namespace

Result<std::vector<Event>> decide(const State& state, const Policies& policies,
                                  const Envelope& envelope) {
  return std::visit(Decider{state, policies, envelope, std::max(envelope.now, state.now)},
                    envelope.command);
}

}  // namespace fabrica
