#include "simulate/drawing.h"

#include <algorithm>

namespace fabrica::simulate {

PersonId Drawing::someone_with(federation::Role role) {
  std::vector<PersonId> exactly;
  state.federation.people.for_each([&](PersonId id, const federation::Person& person) {
    if (std::ranges::find(person.roles, role) != person.roles.end()) exactly.push_back(id);
  });
  return exactly.empty() ? PersonId{} : one_of(exactly);
}

PersonId Drawing::operator_of(federation::SiteId site) {
  std::vector<PersonId> operators;
  state.federation.people.for_each([&](PersonId id, const federation::Person&) {
    if (federation::operates(state.federation, id, site)) operators.push_back(id);
  });
  return operators.empty() ? PersonId{} : one_of(operators);
}

PersonId Drawing::lead_of(federation::ProjectId project) {
  const auto* known = state.federation.projects.find(project);
  return known == nullptr ? anyone() : known->lead;
}

PersonId Drawing::member_of(federation::ProjectId project) {
  const auto* known = state.federation.projects.find(project);
  if (known == nullptr) return anyone();
  if (known->members.empty() || random.chance(1, 2)) return known->lead;
  return one_of(known->members);
}

ComputeTime Drawing::unit_hours(std::int64_t least, std::int64_t most) {
  return compute_time(random.between(least, most), hours(1)).value_or(amount_max);
}

Document drawn_document(Random& random) {
  Document document;
  for (std::byte& byte : document.hash.bytes) byte = static_cast<std::byte>(random.below(256));
  document.bytes = "#!/bin/sh\n" + to_string(document.hash).substr(0, 8) + "\n";
  return document;
}

}  // namespace fabrica::simulate
