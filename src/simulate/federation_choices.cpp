#include <fmt/core.h>

#include <string>

#include "simulate/drawing.h"

namespace fabrica::simulate {

namespace {

using federation::Role;

template <class C>
Wish ask_federation(PersonId actor, C command) {
  return {actor, Command{federation::Command{std::move(command)}}, {}};
}

Wish register_country(Drawing& d) {
  const std::vector<std::string> codes{"LU", "FI", "GR", "TR", "ES", "IT", "DE", "SE"};
  const std::string& code = d.one_of(codes);
  federation::Country country{code, "Country " + code, federation::CountryRole::member_state, ""};
  if (d.random.chance(1, 2)) country.source = fmt::format("source {}", d.random.below(4));
  return ask_federation(d.someone_with(Role::administrator), federation::RegisterCountry{country});
}

// New facts about a known site, or a new site that nobody is connected to.
Wish register_site(Drawing& d) {
  federation::Site site;
  const auto* known =
      d.state.federation.sites.find(d.any<federation::SiteId>(d.state.federation.last_site));
  if (known != nullptr && d.random.chance(2, 3)) {
    site = *known;
    site.notes = fmt::format("note {}", d.random.below(3));
    if (d.random.chance(1, 12)) site.keeps_accounts = !site.keeps_accounts;
    site.connection =
        d.random.chance(1, 20) ? federation::Connection::none : federation::Connection::simulated;
  } else {
    site.slug = fmt::format("far-{}", d.random.below(4));
    site.name = "Far site";
    site.country = d.random.chance(1, 4) ? "XX" : "FI";
  }
  return ask_federation(d.someone_with(Role::administrator), federation::RegisterSite{site});
}

Wish register_system(Drawing& d) {
  federation::System system;
  system.slug = fmt::format("system-{}", 1 + d.random.below(5));
  system.name = "System";
  system.site = d.any<federation::SiteId>(d.state.federation.last_site);
  system.status = d.random.chance(1, 2) ? "in operation" : "planned";
  return ask_federation(d.someone_with(Role::administrator), federation::RegisterSystem{system});
}

// New facts about a known partition, or a partition that its site will not know.
Wish register_partition(Drawing& d) {
  const auto& federation = d.state.federation;
  federation::Partition partition;
  const auto* known =
      federation.partitions.find(d.any<federation::PartitionId>(federation.last_partition));
  if (known != nullptr) partition = *known;
  switch (d.random.below(4)) {
    case 0:
      partition.slug = fmt::format("new-{}", d.random.below(3));
      partition.name = "New partition";
      partition.site = d.any<federation::SiteId>(federation.last_site);
      partition.system = d.any<federation::SystemId>(federation.last_system);
      break;
    case 1:
      partition.unit = Unit::core;
      break;
    case 2:
      partition.time_limit_ms_max = d.random.chance(1, 2) ? 0 : days(2).ms;
      break;
    default:
      partition.notes = fmt::format("note {}", d.random.below(3));
      break;
  }
  return ask_federation(d.someone_with(Role::administrator),
                        federation::RegisterPartition{partition});
}

Wish drain_site(Drawing& d) {
  const auto& drained = d.state.federation.drained;
  if (!drained.empty() && d.random.chance(9, 10)) {
    const federation::SiteId site = d.one_of(drained);
    return ask_federation(d.operator_of(site), federation::DrainSite{site, false});
  }
  const auto site = d.any<federation::SiteId>(d.state.federation.last_site);
  return ask_federation(d.operator_of(site), federation::DrainSite{site, d.random.chance(5, 6)});
}

Wish register_organisation(Drawing& d) {
  const std::vector<std::string> seats{"LU", "FI", "GR", "US", "TR"};
  federation::Organisation organisation;
  organisation.name = fmt::format("Newcomer {}", d.state.federation.last_organisation + 1);
  organisation.country = d.one_of(seats);
  organisation.kind = static_cast<federation::OrganisationKind>(d.random.below(5));
  return ask_federation(d.anyone(), federation::RegisterOrganisation{organisation});
}

std::vector<Role> drawn_roles(Drawing& d) {
  switch (d.random.below(6)) {
    case 0:
      return {Role::call_officer};
    case 1:
      return {Role::site_operator, Role::reviewer};
    case 2:
      return {Role::auditor};
    case 3:
      return {Role::administrator};
    default:
      return {};
  }
}

std::vector<federation::SiteId> drawn_sites(Drawing& d) {
  if (d.random.chance(1, 2)) return {};
  return {d.any<federation::SiteId>(d.state.federation.last_site)};
}

Wish register_person(Drawing& d) {
  federation::RegisterPerson command;
  if (d.random.chance(3, 4)) {
    command.organisation = d.any<federation::OrganisationId>(d.state.federation.last_organisation);
  }
  command.roles = drawn_roles(d);
  command.operates = drawn_sites(d);
  return ask_federation(d.someone_with(Role::administrator), command);
}

Wish assign_roles(Drawing& d) {
  const PersonId person = d.anyone();
  return ask_federation(d.someone_with(Role::administrator),
                        federation::AssignRoles{person, drawn_roles(d), drawn_sites(d)});
}

Wish open_project(Drawing& d) {
  const auto organisation = d.any<federation::OrganisationId>(d.state.federation.last_organisation);
  return ask_federation(d.anyone(), federation::OpenProject{"Another project", organisation});
}

Wish add_member(Drawing& d) {
  const auto project = d.any<federation::ProjectId>(d.state.federation.last_project);
  return ask_federation(d.lead_of(project), federation::AddMember{project, d.anyone()});
}

Wish remove_member(Drawing& d) {
  const auto project = d.any<federation::ProjectId>(d.state.federation.last_project);
  return ask_federation(d.lead_of(project),
                        federation::RemoveMember{project, d.member_of(project)});
}

}  // namespace

std::vector<Choice> federation_choices() {
  return {{1, register_country},   {2, register_site}, {1, register_system},
          {2, register_partition}, {2, drain_site},    {2, register_organisation},
          {2, register_person},    {1, assign_roles},  {2, open_project},
          {3, add_member},         {2, remove_member}};
}

}  // namespace fabrica::simulate
