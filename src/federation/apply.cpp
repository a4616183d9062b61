#include "federation/apply.h"

#include <algorithm>

namespace fabrica::federation {

namespace {

// Registers a thing under its slug: the same id again replaces the facts.
template <class Id, class Thing>
void put(Table<Id, Thing>& things, std::map<std::string, Id>& by_slug, std::uint64_t& last, Id id,
         const Thing& thing) {
  if (Thing* known = things.find(id); known != nullptr) {
    *known = thing;
    return;
  }
  things.insert(id, thing);
  by_slug.emplace(thing.slug, id);
  last = id.value;
}

void apply_one(State& state, const CountryRegistered& event) {
  state.countries.insert_or_assign(event.country.code, event.country);
}

void apply_one(State& state, const SiteRegistered& event) {
  put(state.sites, state.site_by_slug, state.last_site, event.id, *event.site);
}

void apply_one(State& state, const SystemRegistered& event) {
  put(state.systems, state.system_by_slug, state.last_system, event.id, *event.system);
}

void apply_one(State& state, const PartitionRegistered& event) {
  put(state.partitions, state.partition_by_slug, state.last_partition, event.id, *event.partition);
}

void apply_one(State& state, const SiteDrained& event) {
  std::erase(state.drained, event.site);
  if (event.drained) {
    state.drained.insert(std::ranges::upper_bound(state.drained, event.site), event.site);
  }
}

void apply_one(State& state, const SiteFellSilent& event) {
  state.silent.insert_or_assign(event.site, Silence{event.jobs_ask});
}

void apply_one(State& state, const SiteAnswered& event) { state.silent.erase(event.site); }

void apply_one(State& state, const OrganisationRegistered& event) {
  state.organisations.insert(event.id, event.organisation);
  state.last_organisation = event.id.value;
}

void apply_one(State& state, const PersonRegistered& event) {
  state.people.insert(event.id, event.person);
  state.last_person = event.id.value;
}

void apply_one(State& state, const RolesAssigned& event) {
  Person& person = state.people.at(event.person);
  person.roles = event.roles;
  person.operates = event.operates;
}

void apply_one(State& state, const ProjectOpened& event) {
  state.projects.insert(event.id, event.project);
  state.last_project = event.id.value;
}

void apply_one(State& state, const MemberAdded& event) {
  state.projects.at(event.project).members.push_back(event.person);
}

void apply_one(State& state, const MemberRemoved& event) {
  std::erase(state.projects.at(event.project).members, event.person);
}

}  // namespace

void apply(State& state, const Event& event) {
  std::visit([&](const auto& one) { apply_one(state, one); }, event);
}

}  // namespace fabrica::federation
