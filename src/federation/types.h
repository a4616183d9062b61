#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/amount.h"
#include "base/describe.h"
#include "base/id.h"
#include "base/table.h"

/// Who takes part: countries, sites with their systems and partitions, organisations, people,
/// projects and roles. People are ids here; names and addresses are personal data and live outside
/// the log.
namespace fabrica::federation {

struct SiteTag {
  static constexpr std::string_view prefix = "site";
};
struct SystemTag {
  static constexpr std::string_view prefix = "system";
};
struct PartitionTag {
  static constexpr std::string_view prefix = "partition";
};
struct OrganisationTag {
  static constexpr std::string_view prefix = "organisation";
};
struct PersonTag {
  static constexpr std::string_view prefix = "person";
};
struct ProjectTag {
  static constexpr std::string_view prefix = "project";
};
using SiteId = Id<SiteTag>;
using SystemId = Id<SystemTag>;
using PartitionId = Id<PartitionTag>;
using OrganisationId = Id<OrganisationTag>;
/// Zero is the system itself: the clock, a site's worker.
using PersonId = Id<PersonTag>;
using ProjectId = Id<ProjectTag>;

enum class CountryRole : std::uint8_t { member_state, participating_state };
FABRICA_DESCRIBE_ENUM(CountryRole, member_state, participating_state)

/// A country of the consortium, by its ISO 3166 code.
struct Country {
  std::string code;
  std::string name;
  CountryRole role = CountryRole::member_state;
  std::string source;

  friend bool operator==(const Country&, const Country&) = default;
};
FABRICA_DESCRIBE(Country, code, name, role, source)

/// How jobs reach a site. `none`: the site is known but not connected, so no job is placed there.
enum class Connection : std::uint8_t { none, local, simulated, slurm };
FABRICA_DESCRIBE_ENUM(Connection, none, local, simulated, slurm)

/// A site: one administrative world with its own machines, such as one AI factory. What is unknown
/// is absent; each fact has its source in the data files.
struct Site {
  std::string slug;
  std::string name;
  std::string host;
  std::string place;
  std::string country;
  std::vector<std::string> partners;
  std::string factory_kind;
  bool experimental_platform = false;
  Connection connection = Connection::none;
  std::string source;
  std::string date;
  std::string notes;
  bool keeps_accounts = false;  // one for each award, with a limit of its own

  friend bool operator==(const Site&, const Site&) = default;
};
FABRICA_DESCRIBE(Site, slug, name, host, place, country, partners, factory_kind,
                 experimental_platform, connection, source, date, notes, keeps_accounts)

struct System {
  std::string slug;
  std::string name;
  SiteId site;
  std::string status;
  std::string source;
  std::string date;
  std::string notes;

  friend bool operator==(const System&, const System&) = default;
};
FABRICA_DESCRIBE(System, slug, name, site, status, source, date, notes)

/// A partition and its unit shape. Counts of zero mean unknown, except gpus (zero: no GPUs). The
/// scheduler may see more devices than are billed: a LUMI-G node is 4 billed GPUs and 8 in Slurm.
struct Partition {
  std::string slug;
  std::string name;
  SystemId system;
  SiteId site;
  Unit unit = Unit::gpu;
  std::uint32_t nodes = 0;
  std::uint32_t gpus_per_node_billed = 0;
  std::uint32_t gpus_per_node_scheduled = 0;
  std::string gpu_kind;
  std::uint32_t cores_per_node = 0;
  std::uint64_t memory_mib_per_node = 0;
  bool whole_nodes = false;
  std::int64_t time_limit_ms_max = 0;
  std::string source;
  std::string date;
  std::string notes;

  friend bool operator==(const Partition&, const Partition&) = default;
};
FABRICA_DESCRIBE(Partition, slug, name, system, site, unit, nodes, gpus_per_node_billed,
                 gpus_per_node_scheduled, gpu_kind, cores_per_node, memory_mib_per_node,
                 whole_nodes, time_limit_ms_max, source, date, notes)

enum class OrganisationKind : std::uint8_t {
  start_up,
  sme,
  large_company,
  research,
  public_sector
};
FABRICA_DESCRIBE_ENUM(OrganisationKind, start_up, sme, large_company, research, public_sector)

/// A legal body. `country` is the ISO 3166 code of its seat.
struct Organisation {
  std::string name;
  std::string country;
  OrganisationKind kind = OrganisationKind::sme;

  friend bool operator==(const Organisation&, const Organisation&) = default;
};
FABRICA_DESCRIBE(Organisation, name, country, kind)

/// What a person may do. The site operator's role counts at the sites of `Person::operates` only;
/// project lead and member come from the project, not from here.
enum class Role : std::uint8_t { administrator, call_officer, reviewer, site_operator, auditor };
FABRICA_DESCRIBE_ENUM(Role, administrator, call_officer, reviewer, site_operator, auditor)

struct Person {
  OrganisationId organisation;
  std::vector<Role> roles;
  std::vector<SiteId> operates;

  friend bool operator==(const Person&, const Person&) = default;
};
FABRICA_DESCRIBE(Person, organisation, roles, operates)

/// A group of people with one purpose; awards are granted to projects.
struct Project {
  std::string title;
  OrganisationId organisation;
  PersonId lead;
  std::vector<PersonId> members;  // in order of joining; the lead is not among them

  friend bool operator==(const Project&, const Project&) = default;
};
FABRICA_DESCRIBE(Project, title, organisation, lead, members)

/// A site that does not answer. `jobs_ask`: its jobs begin nothing without asking the server.
struct Silence {
  bool jobs_ask = false;
};
FABRICA_DESCRIBE(Silence, jobs_ask)

struct State {
  std::map<std::string, Country> countries;
  Table<SiteId, Site> sites;
  Table<SystemId, System> systems;
  Table<PartitionId, Partition> partitions;
  Table<OrganisationId, Organisation> organisations;
  Table<PersonId, Person> people;
  Table<ProjectId, Project> projects;
  std::map<std::string, SiteId> site_by_slug;
  std::map<std::string, SystemId> system_by_slug;
  std::map<std::string, PartitionId> partition_by_slug;
  std::vector<SiteId> drained;  // sites that take no new jobs, ascending
  std::map<SiteId, Silence> silent;
  std::uint64_t last_site = 0;
  std::uint64_t last_system = 0;
  std::uint64_t last_partition = 0;
  std::uint64_t last_organisation = 0;
  std::uint64_t last_person = 0;
  std::uint64_t last_project = 0;
};
FABRICA_DESCRIBE(State, countries, sites, systems, partitions, organisations, people, projects,
                 site_by_slug, system_by_slug, partition_by_slug, drained, silent, last_site,
                 last_system, last_partition, last_organisation, last_person, last_project)

/// True for the system itself and for people with this role (an administrator may do all).
bool has_role(const State& state, PersonId person, Role role);

/// True when `person` operates `site`, or may do so as administrator or as the system itself.
bool operates(const State& state, PersonId person, SiteId site);

/// True for the project's lead and its members.
bool belongs_to(const Project& project, PersonId person);

/// True when the site is connected, answers and is not drained: new jobs may be placed there.
bool takes_jobs(const State& state, SiteId site);

}  // namespace fabrica::federation
