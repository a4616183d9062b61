#include "jobs/place.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <utility>

#include "federation/decide.h"
#include "jobs/refusals.h"
#include "jobs/settle.h"

namespace fabrica::jobs {

namespace {

// Where its hold stands.
JobPlaced placed_where_it_is(JobId id, const Job& job, std::string_view policy,
                             std::string reasons) {
  return {id,        job.site,          job.partition,       job.account,
          job.units, job.hold_per_task, std::string(policy), std::move(reasons),
          false};
}

}  // namespace

JobPlaced placed(const Context& context, JobId id, const Offer& offer,
                 const PlacementAnswer& answer) {
  return {id,
          offer.site,
          offer.partition,
          offer.account,
          offer.units,
          offer.hold_per_task,
          std::string(context.policies.placement_name),
          answer.reasons,
          answer.tentative};
}

ledger::HoldPlaced hold_for(const Context& context, JobId id, const Offer& offer) {
  return {hold_of(id), offer.account, context.ledger.of_partition.at(offer.partition).usage,
          offer.cost};
}

void stay_together(const Context& context, const JobRequest& request, std::vector<Offer>& offers) {
  std::set<SiteId> sites;
  for (const Dependency& one : request.dependencies)
    sites.insert(context.jobs.jobs.at(one.job).site);
  const auto elsewhere = [&](const Offer& offer) { return !sites.contains(offer.site); };
  if (!std::ranges::all_of(offers, elsewhere)) std::erase_if(offers, elsewhere);
}

void place_awaited(const Context& context, const JobRequest& request, std::vector<Yield>& yields) {
  std::set<JobId> awaited;
  for (const Dependency& one : request.dependencies) awaited.insert(one.job);
  for (const JobId id : awaited) {
    const Job& job = context.jobs.jobs.at(id);
    if (!job.tentative || !federation::takes_jobs(context.federation, job.site)) continue;
    yields.emplace_back(Event{
        placed_where_it_is(id, job, context.policies.placement_name, "another job waits for it")});
  }
}

Result<std::vector<Yield>> place_job(const Context& context, const PlaceJob& command) {
  if (context.actor) {
    return refuse(fabrica::refusal::forbidden, "", "Only the system itself places jobs.");
  }
  std::vector<Yield> yields;
  const Job* job = context.jobs.jobs.find(command.job);
  if (job == nullptr || !job->tentative) return yields;
  const federation::Partition* partition = context.federation.partitions.find(command.partition);
  if (partition == nullptr || !federation::takes_jobs(context.federation, partition->site)) {
    return refuse(refusal::site_takes_no_jobs, "partition", "The site takes no jobs.");
  }
  const std::string_view policy = context.policies.placement_name;
  if (command.partition == job->partition) {
    yields.emplace_back(Event{placed_where_it_is(command.job, *job, policy, command.reasons)});
    return yields;
  }
  TRY(const std::vector<Offer> offers,
      offers_for({context.jobs, context.federation, context.ledger}, job->project, job->request));
  const auto offer = std::ranges::find(offers, command.partition, &Offer::partition);
  if (offer == offers.end()) {
    return refuse(refusal::does_not_fit, "partition",
                  fmt::format("{} cannot go to {}.", command.job, partition->slug));
  }
  release_all(context, command.job, *job, yields);
  yields.emplace_back(ledger::Event{hold_for(context, command.job, *offer)});
  yields.emplace_back(Event{placed(context, command.job, *offer, {0, command.reasons, false})});
  return yields;
}

}  // namespace fabrica::jobs
