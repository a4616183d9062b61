#pragma once

#include <string>
#include <variant>

#include "base/shared.h"
#include "federation/types.h"

namespace fabrica::federation {

/// The Register commands below are keyed by code or slug: the same facts again change nothing,
/// other facts replace the old ones. They need the administrator's role.
struct RegisterCountry {
  Country country;
};
FABRICA_DESCRIBE(RegisterCountry, country)

struct RegisterSite {
  Shared<Site> site;
};
FABRICA_DESCRIBE(RegisterSite, site)

struct RegisterSystem {
  Shared<System> system;
};
FABRICA_DESCRIBE(RegisterSystem, system)

/// The partition's unit never changes once registered: accounts hold amounts of it.
struct RegisterPartition {
  Shared<Partition> partition;
};
FABRICA_DESCRIBE(RegisterPartition, partition)

/// A drained site gets no new jobs; running ones go on. Needs the site's operator.
struct DrainSite {
  SiteId site;
  bool drained = true;
};
FABRICA_DESCRIBE(DrainSite, site, drained)

/// Whether the site answers, as its worker finds. One that has been silent for long gets no new
/// jobs. Only the system itself says this.
struct ReportSilence {
  SiteId site;
  bool silent = true;
  bool jobs_ask = false;  // its jobs begin nothing without asking the server
};
FABRICA_DESCRIBE(ReportSilence, site, silent, jobs_ask)

/// Anyone with an account here may register an organisation.
struct RegisterOrganisation {
  Organisation organisation;
};
FABRICA_DESCRIBE(RegisterOrganisation, organisation)

/// Mints a person; the name goes to the store of personal data, not here. Needs the administrator.
struct RegisterPerson {
  OrganisationId organisation;  // none for staff
  std::vector<Role> roles;
  std::vector<SiteId> operates;
};
FABRICA_DESCRIBE(RegisterPerson, organisation, roles, operates)

/// Replaces a person's roles. Needs the administrator.
struct AssignRoles {
  PersonId person;
  std::vector<Role> roles;
  std::vector<SiteId> operates;
};
FABRICA_DESCRIBE(AssignRoles, person, roles, operates)

/// The actor becomes the project's lead.
struct OpenProject {
  std::string title;
  OrganisationId organisation;
};
FABRICA_DESCRIBE(OpenProject, title, organisation)

/// Needs the project's lead or an administrator.
struct AddMember {
  ProjectId project;
  PersonId person;
};
FABRICA_DESCRIBE(AddMember, project, person)

struct RemoveMember {
  ProjectId project;
  PersonId person;
};
FABRICA_DESCRIBE(RemoveMember, project, person)

using Command = std::variant<RegisterCountry, RegisterSite, RegisterSystem, RegisterPartition,
                             DrainSite, RegisterOrganisation, RegisterPerson, AssignRoles,
                             OpenProject, AddMember, RemoveMember, ReportSilence>;

}  // namespace fabrica::federation
