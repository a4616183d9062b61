#include "jobs/evacuate.h"

#include <fmt/core.h>

#include <algorithm>
#include <string>

#include "base/check.h"
#include "base/limits.h"
#include "jobs/offers.h"
#include "jobs/place.h"
#include "jobs/settle.h"

namespace fabrica::jobs {

namespace {

Result<std::vector<Offer>> offers_elsewhere(const Context& context, const Job& job) {
  TRY(std::vector<Offer> offers,
      offers_for({context.jobs, context.federation, context.ledger}, job.project, job.request));
  std::erase_if(offers, [&](const Offer& offer) { return offer.site == job.site; });
  return offers;
}

bool can_go(const Context& context, const Job& job) {
  const auto offers = offers_elsewhere(context, job);
  return offers && !offers->empty();
}

// A silent site whose jobs do not ask cannot give any back before it answers; then they may stay.
bool can_give_back(const Context& context, SiteId site) {
  const auto silence = context.federation.silent.find(site);
  return silence == context.federation.silent.end() || silence->second.jobs_ask ||
         std::ranges::binary_search(context.federation.drained, site);
}

std::string why_recalled(const Context& context, SiteId site) {
  const std::string& name = context.federation.sites.at(site).name;
  return context.federation.silent.contains(site)
             ? fmt::format("{} has not answered for some time.", name)
             : fmt::format("{} was drained.", name);
}

// Some of the site's jobs from `from` on.
std::vector<Yield> look_at(const Context& context, SiteId site, JobId from) {
  std::vector<Yield> yields;
  if (federation::takes_jobs(context.federation, site) || !can_give_back(context, site)) {
    yields.emplace_back(Event{EvacuationAdvanced{site, {}}});
    return yields;
  }
  const auto silence = context.federation.silent.find(site);
  const bool at_once = silence != context.federation.silent.end() && silence->second.jobs_ask;
  const JobId last{context.jobs.last_job};
  JobId next = from;
  for (std::size_t seen = 0; seen < limits::evacuated_at_once && next <= last; ++seen) {
    const Job* job = context.jobs.jobs.find(next);
    if (job != nullptr && job->site == site && may_move(context, next, *job) &&
        can_go(context, *job)) {
      yields.emplace_back(
          Event{JobRecalled{next, job->attempt, at_once, why_recalled(context, site)}});
    }
    next = JobId{next.value + 1};
  }
  yields.emplace_back(Event{EvacuationAdvanced{site, next <= last ? next : JobId{}}});
  return yields;
}

}  // namespace

std::vector<Yield> evacuate(SiteId site) {
  std::vector<Yield> yields;
  yields.emplace_back(Event{EvacuationAdvanced{site, JobId{1}}});
  return yields;
}

bool is_evacuating(const State& state) {
  return !state.evacuating.empty() || !state.to_move.empty();
}

std::vector<Yield> advance_evacuation(const Context& context) {
  std::vector<Yield> yields;
  if (!context.jobs.to_move.empty()) {
    const JobId id = *context.jobs.to_move.begin();
    const Job& job = context.jobs.jobs.at(id);
    move_or_stay(context, id, job, why_recalled(context, job.site), yields);
    return yields;
  }
  if (context.jobs.evacuating.empty()) return yields;
  const auto& [site, from] = *context.jobs.evacuating.begin();
  return look_at(context, site, from);
}

void move_or_stay(const Context& context, JobId id, const Job& job, std::string_view text,
                  std::vector<Yield>& yields) {
  if (!move(context, id, job, text, yields))
    yields.emplace_back(Event{JobRetried{id, job.attempt + 1, std::string(text)}});
}

bool has_begun(const State& state, JobId id, const Job& job) {
  return job.phase == JobPhase::running || job.tasks_left != job.tasks.size() ||
         std::ranges::any_of(job.tasks, [](const Task& task) { return task.started != Time{}; }) ||
         state.past_runs.contains(id);
}

bool may_move(const Context& context, JobId id, const Job& job) {
  const JobRequest& request = job.request;
  const bool at_a_site = job.phase == JobPhase::placed || job.phase == JobPhase::queued;
  if (!at_a_site || job.cancel_requested || job.recalled || has_begun(context.jobs, id, job))
    return false;
  if (request.site || request.partition || job.tasks.size() != 1) return false;
  if (!request.dependencies.empty() || !job.dependents.empty()) return false;
  if (job.attempt >= limits::attempts_before_move_max) return false;
  return context.policies.move({request, context.federation.silent.contains(job.site)});
}

bool move(const Context& context, JobId id, const Job& job, std::string_view text,
          std::vector<Yield>& yields) {
  const auto offers = offers_elsewhere(context, job);
  if (!offers || offers->empty()) return false;
  const PlacementAnswer answer = context.policies.placement({job.request, *offers});
  CHECK(answer.chosen < offers->size(), "a placement rule chooses one of the offers");
  const Offer& offer = (*offers)[answer.chosen];
  yields.emplace_back(Event{JobMoved{id, job.attempt + 1, std::string(text)}});
  release_all(context, id, job, yields);
  yields.emplace_back(ledger::Event{hold_for(context, id, offer)});
  yields.emplace_back(Event{placed(context, id, offer, answer)});
  return true;
}

}  // namespace fabrica::jobs
