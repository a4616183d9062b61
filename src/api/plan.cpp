#include "api/plan.h"

#include <fmt/core.h>

#include <variant>

#include "jobs/events.h"
#include "jobs/offers.h"
#include "jobs/refusals.h"
#include "live/writer.h"
#include "net/oneshot.h"

namespace fabrica::api {

namespace {

PlanRowView row_of(const State& state, const jobs::PlanRow& row) {
  const federation::Partition& partition = state.federation.partitions.at(row.partition);
  PlanRowView view;
  view.site = state.federation.sites.at(partition.site).slug;
  view.partition = partition.slug;
  view.possible = row.offer.has_value();
  view.reason = row.reason;
  view.unit = partition.unit;
  if (!row.offer) return view;
  view.units = fmt::format("{}/{}", row.offer->units.numerator, row.offer->units.denominator);
  view.cost = row.offer->cost;
  view.cost_hours = to_hours(row.offer->cost);
  view.account = row.offer->account;
  view.balance_after = row.offer->balance_after;
  view.balance_after_hours = to_hours(row.offer->balance_after);
  return view;
}

template <class Wanted>
const Wanted* first_of(const std::vector<Event>& events) {
  for (const Event& event : events) {
    const auto* of_jobs = std::get_if<jobs::Event>(&event);
    if (of_jobs == nullptr) continue;
    if (const auto* found = std::get_if<Wanted>(of_jobs)) return found;
  }
  return nullptr;
}

std::vector<jobs::JobId> awaited_by(const std::vector<Event>& events) {
  std::vector<jobs::JobId> awaited;
  const auto* accepted = first_of<jobs::JobAccepted>(events);
  if (accepted == nullptr) return awaited;
  for (const jobs::Dependency& one : accepted->request->dependencies) awaited.push_back(one.job);
  return awaited;
}

// The kernel's own decision says where the job would go; deciding changes nothing.
Answer<PlanView> plan_now(const State& state, const Policies& policies, federation::PersonId person,
                          const jobs::SubmitJob& command) {
  const Envelope envelope{{}, {}, person, live::now(), jobs::Command{command}, {}};
  const Result<std::vector<Event>> decided = decide(state, policies, envelope);
  if (!decided &&
      (decided.error().code == jobs::refusal::bad_request ||
       decided.error().code == refusal::invalid || decided.error().code == refusal::forbidden)) {
    return std::unexpected(decided.error());
  }
  const jobs::JobPlaced* placed = decided ? first_of<jobs::JobPlaced>(*decided) : nullptr;
  PlanView view;
  if (decided) {
    view.waits_for = awaited_by(*decided);
  } else {
    view.refusal = decided.error().text;
  }
  for (const jobs::PlanRow& row :
       jobs::plan({state.jobs, state.federation, state.ledger}, command.project, command.request)) {
    view.rows.push_back(row_of(state, row));
    if (placed == nullptr || placed->partition != row.partition) continue;
    view.rows.back().chosen = true;
    view.chosen = view.rows.back().partition;
  }
  return view;
}

}  // namespace

net::Awaitable<std::optional<Answer<PlanView>>> plan(Context* context, federation::PersonId person,
                                                     jobs::SubmitJob command) {
  const net::Oneshot<Answer<PlanView>> planned;
  const bool asked = context->writer().ask(
      [planned, context, person, command = std::move(command)](const State& state) {
        planned.complete(plan_now(state, context->policies(), person, command));
      });
  if (!asked) co_return std::nullopt;
  co_return co_await planned.wait();
}

}  // namespace fabrica::api
