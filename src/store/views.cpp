#include "store/views.h"

#include <algorithm>

namespace fabrica::store {

namespace {

std::optional<Time> if_set(Time time) {
  return time == Time{} || time == never ? std::nullopt : std::optional(time);
}

Unit unit_of(const State& state, federation::PartitionId id) {
  return state.federation.partitions.at(id).unit;
}

const std::string& slug_of(const State& state, federation::PartitionId id) {
  return state.federation.partitions.at(id).slug;
}

// What the mode says about the units of the call's partitions.
std::vector<calls::SizeRange> sizes_of(const State& state, const calls::Call& call) {
  std::vector<calls::SizeRange> sizes;
  for (const calls::SizeRange& size : state.calls.modes.at(call.mode).sizes) {
    const auto is_billed_so = [&](federation::PartitionId id) {
      return unit_of(state, id) == size.unit;
    };
    if (std::ranges::any_of(call.partitions, is_billed_so)) sizes.push_back(size);
  }
  return sizes;
}

}  // namespace

SiteView view_of(const State& state, federation::SiteId id) {
  const federation::Site& site = state.federation.sites.at(id);
  std::vector<SystemView> systems;
  state.federation.systems.for_each([&](federation::SystemId, const federation::System& system) {
    if (system.site == id)
      systems.push_back({system.slug, system.name, system.status, system.source, system.date});
  });
  return {id,
          site.slug,
          site.name,
          site.host,
          site.place,
          site.country,
          site.partners,
          site.factory_kind,
          site.experimental_platform,
          site.connection,
          std::ranges::binary_search(state.federation.drained, id),
          std::move(systems),
          site.source,
          site.date,
          site.notes};
}

PartitionView view_of(const State& state, federation::PartitionId id) {
  const federation::Partition& partition = state.federation.partitions.at(id);
  const auto accounts = state.ledger.of_partition.find(id);
  return {id,
          partition.slug,
          partition.name,
          state.federation.systems.at(partition.system).slug,
          state.federation.sites.at(partition.site).slug,
          partition.unit,
          partition.nodes,
          partition.gpus_per_node_billed,
          partition.gpus_per_node_scheduled,
          partition.gpu_kind,
          partition.cores_per_node,
          partition.memory_mib_per_node,
          partition.whole_nodes,
          Duration{partition.time_limit_ms_max},
          accounts == state.ledger.of_partition.end() ? std::nullopt
                                                      : std::optional(accounts->second.pool),
          partition.source,
          partition.date,
          partition.notes};
}

OrganisationView view_of(const State& state, federation::OrganisationId id) {
  const federation::Organisation& organisation = state.federation.organisations.at(id);
  return {id, organisation.name, organisation.country, organisation.kind};
}

PersonView view_of(const State& state, federation::PersonId id) {
  const federation::Person& person = state.federation.people.at(id);
  return {id, person.organisation, person.roles, person.operates};
}

ProjectView view_of(const State& state, federation::ProjectId id) {
  const federation::Project& project = state.federation.projects.at(id);
  return {id,
          project.title,
          project.organisation,
          state.federation.organisations.at(project.organisation).name,
          project.lead,
          project.members};
}

ModeView view_of(const State& state, calls::ModeId id) { return {id, state.calls.modes.at(id)}; }

CallView view_of(const State& state, calls::CallId id) {
  const calls::Call& call = state.calls.calls.at(id);
  const calls::AccessMode& mode = state.calls.modes.at(call.mode);
  std::vector<std::string> partitions;
  for (const federation::PartitionId partition : call.partitions)
    partitions.push_back(slug_of(state, partition));
  return {id,
          mode.slug,
          call.title,
          std::move(partitions),
          sizes_of(state, call),
          mode.months,
          mode.working_days_to_access,
          call.opens,
          if_set(call.closes)};
}

ProposalView view_of(const State& state, calls::ProposalId id) {
  const calls::Proposal& proposal = state.calls.proposals.at(id);
  const calls::Application& application = proposal.application;
  return {id,
          proposal.call,
          proposal.project,
          application.title,
          slug_of(state, application.partition),
          unit_of(state, application.partition),
          application.amount,
          application.months,
          proposal.phase,
          proposal.eligibility,
          proposal.technical,
          proposal.submitted_at,
          application.document};
}

AwardView view_of(const State& state, calls::AwardId id) {
  const calls::Award& award = state.calls.awards.at(id);
  return {id,
          award.proposal,
          award.project,
          slug_of(state, award.partition),
          award.account,
          unit_of(state, award.partition),
          award.amount,
          award.months,
          award.phase,
          award.accept_until,
          if_set(award.starts),
          if_set(award.ends)};
}

}  // namespace fabrica::store
