#include "federation/types.h"

#include <algorithm>

namespace fabrica::federation {

bool has_role(const State& state, PersonId person, Role role) {
  if (!person) return true;
  const Person* known = state.people.find(person);
  if (known == nullptr) return false;
  return std::ranges::any_of(known->roles,
                             [&](Role has) { return has == role || has == Role::administrator; });
}

bool operates(const State& state, PersonId person, SiteId site) {
  if (has_role(state, person, Role::administrator)) return true;
  const Person* known = state.people.find(person);
  return known != nullptr && has_role(state, person, Role::site_operator) &&
         std::ranges::find(known->operates, site) != known->operates.end();
}

bool belongs_to(const Project& project, PersonId person) {
  return project.lead == person ||
         std::ranges::find(project.members, person) != project.members.end();
}

bool takes_jobs(const State& state, SiteId site) {
  const Site* known = state.sites.find(site);
  return known != nullptr && known->connection != Connection::none &&
         !state.silent.contains(site) && !std::ranges::binary_search(state.drained, site);
}

}  // namespace fabrica::federation
