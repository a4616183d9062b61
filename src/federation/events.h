#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/shared.h"
#include "federation/types.h"

namespace fabrica::federation {

struct CountryRegistered {
  Country country;
};
FABRICA_DESCRIBE(CountryRegistered, country)

struct SiteRegistered {
  SiteId id;
  Shared<Site> site;
};
FABRICA_DESCRIBE(SiteRegistered, id, site)

struct SystemRegistered {
  SystemId id;
  Shared<System> system;
};
FABRICA_DESCRIBE(SystemRegistered, id, system)

struct PartitionRegistered {
  PartitionId id;
  Shared<Partition> partition;
};
FABRICA_DESCRIBE(PartitionRegistered, id, partition)

struct SiteDrained {
  SiteId site;
  bool drained = true;
};
FABRICA_DESCRIBE(SiteDrained, site, drained)

struct OrganisationRegistered {
  OrganisationId id;
  Organisation organisation;
};
FABRICA_DESCRIBE(OrganisationRegistered, id, organisation)

struct PersonRegistered {
  PersonId id;
  Person person;
};
FABRICA_DESCRIBE(PersonRegistered, id, person)

struct RolesAssigned {
  PersonId person;
  std::vector<Role> roles;
  std::vector<SiteId> operates;
};
FABRICA_DESCRIBE(RolesAssigned, person, roles, operates)

struct ProjectOpened {
  ProjectId id;
  Project project;
};
FABRICA_DESCRIBE(ProjectOpened, id, project)

struct MemberAdded {
  ProjectId project;
  PersonId person;
};
FABRICA_DESCRIBE(MemberAdded, project, person)

struct MemberRemoved {
  ProjectId project;
  PersonId person;
};
FABRICA_DESCRIBE(MemberRemoved, project, person)

struct SiteFellSilent {
  SiteId site;
  bool jobs_ask = false;
};
FABRICA_DESCRIBE(SiteFellSilent, site, jobs_ask)

struct SiteAnswered {
  SiteId site;
};
FABRICA_DESCRIBE(SiteAnswered, site)

using Event = std::variant<CountryRegistered, SiteRegistered, SystemRegistered, PartitionRegistered,
                           SiteDrained, OrganisationRegistered, PersonRegistered, RolesAssigned,
                           ProjectOpened, MemberAdded, MemberRemoved, SiteFellSilent, SiteAnswered>;

}  // namespace fabrica::federation
