#include "federation/decide.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"
#include "base/utf8.h"

namespace fabrica::federation {

namespace {

using Events = Result<std::vector<Event>>;

Events nothing() { return std::vector<Event>{}; }

template <class E>
Events one(E event) {
  std::vector<Event> events;
  events.emplace_back(std::move(event));
  return events;
}

template <class Id, class Things>
Result<void> need(const Things& things, Id id, std::string_view field) {
  if (things.find(id) != nullptr) return {};
  return refuse(refusal::not_found, std::string(field), fmt::format("There is no {}.", id));
}

Result<void> need_slug(std::string_view slug) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  if (!slug.empty() && slug.size() <= limits::name_bytes_max &&
      std::ranges::all_of(slug, allowed)) {
    return {};
  }
  return refuse(
      refusal::invalid, "slug",
      "A short name is made of lower-case letters, digits, '-' and '_', 1 to 200 of them.");
}

// Two capital letters, as in ISO 3166; whether such a country is, the data says.
bool is_country_code(std::string_view code) {
  return code.size() == 2 && std::ranges::all_of(code, [](char c) { return c >= 'A' && c <= 'Z'; });
}

// The id that `slug` has, or the next one.
template <class Id>
Id id_for(const std::map<std::string, Id>& known, const std::string& slug, std::uint64_t last) {
  const auto found = known.find(slug);
  return found != known.end() ? found->second : Id{last + 1};
}

Events decide_one(const State& state, PersonId actor, const RegisterCountry& command) {
  TRY_DONE(need_role(state, actor, Role::administrator, "register countries"));
  const Country& country = command.country;
  if (!is_country_code(country.code)) {
    return refuse(refusal::invalid, "code",
                  "A country's code has the two capital letters of ISO 3166.");
  }
  TRY_DONE(need_text("name", country.name, limits::name_bytes_max));
  TRY_DONE(need_short_texts("country", country));
  const auto known = state.countries.find(country.code);
  if (known != state.countries.end() && known->second == country) return nothing();
  return one(CountryRegistered{country});
}

Events decide_one(const State& state, PersonId actor, const RegisterSite& command) {
  TRY_DONE(need_role(state, actor, Role::administrator, "register sites"));
  const Site& site = command.site;
  TRY_DONE(need_slug(site.slug));
  TRY_DONE(need_text("name", site.name, limits::name_bytes_max));
  TRY_DONE(need_short_texts("site", site));
  if (!site.country.empty() && !state.countries.contains(site.country)) {
    return refuse(refusal::invalid, "country",
                  fmt::format("Country {} is not registered; register it first.", site.country));
  }
  const SiteId id = id_for(state.site_by_slug, site.slug, state.last_site);
  const Site* known = state.sites.find(id);
  if (known != nullptr && *known == site) return nothing();
  if (known == nullptr && state.sites.size() >= limits::sites_max) {
    return refuse(refusal::too_many, "site", fmt::format("At most {} sites.", limits::sites_max));
  }
  return one(SiteRegistered{id, command.site});
}

Events decide_one(const State& state, PersonId actor, const RegisterSystem& command) {
  TRY_DONE(need_role(state, actor, Role::administrator, "register systems"));
  const System& system = command.system;
  TRY_DONE(need_slug(system.slug));
  TRY_DONE(need_text("name", system.name, limits::name_bytes_max));
  TRY_DONE(need_short_texts("system", system));
  TRY_DONE(need(state.sites, system.site, "site"));
  const SystemId id = id_for(state.system_by_slug, system.slug, state.last_system);
  const System* known = state.systems.find(id);
  if (known != nullptr && *known == system) return nothing();
  if (known == nullptr && state.systems.size() >= limits::systems_max) {
    return refuse(refusal::too_many, "system",
                  fmt::format("At most {} systems.", limits::systems_max));
  }
  return one(SystemRegistered{id, command.system});
}

Result<void> need_at_most(std::string_view field, std::uint64_t value, std::uint64_t most) {
  if (value <= most) return {};
  return refuse(refusal::invalid, std::string(field),
                fmt::format("{} is at most {}.", field, most));
}

Result<void> check_shape(const Partition& partition) {
  TRY_DONE(need_at_most("nodes", partition.nodes, limits::nodes_max));
  TRY_DONE(need_at_most("gpus_per_node_billed", partition.gpus_per_node_billed,
                        limits::gpus_per_node_max));
  TRY_DONE(need_at_most("gpus_per_node_scheduled", partition.gpus_per_node_scheduled,
                        limits::gpus_per_node_max));
  TRY_DONE(need_at_most("cores_per_node", partition.cores_per_node, limits::cores_per_node_max));
  TRY_DONE(need_at_most("memory_mib_per_node", partition.memory_mib_per_node,
                        limits::memory_mib_per_node_max));
  if (partition.time_limit_ms_max < 0) {
    return refuse(refusal::invalid, "time_limit_ms_max",
                  "A partition's longest time limit is zero (unknown) or more.");
  }
  if (partition.unit == Unit::core && partition.cores_per_node == 0) {
    return refuse(refusal::invalid, "cores_per_node",
                  "A partition billed in core-hours needs the number of cores per node.");
  }
  if (partition.unit == Unit::gpu && partition.gpus_per_node_billed == 0) {
    return refuse(refusal::invalid, "gpus_per_node_billed",
                  "A partition billed in GPU-hours needs the number of billed GPUs per node.");
  }
  if ((partition.gpus_per_node_billed == 0) != (partition.gpus_per_node_scheduled == 0)) {
    return refuse(refusal::invalid, "gpus_per_node_scheduled",
                  "Say both how many GPUs a node is billed as and how many its scheduler sees.");
  }
  return {};
}

Events decide_one(const State& state, PersonId actor, const RegisterPartition& command) {
  TRY_DONE(need_role(state, actor, Role::administrator, "register partitions"));
  const Partition& partition = command.partition;
  TRY_DONE(need_slug(partition.slug));
  TRY_DONE(need_text("name", partition.name, limits::name_bytes_max));
  TRY_DONE(need_short_texts("partition", partition));
  TRY_DONE(need(state.sites, partition.site, "site"));
  TRY_DONE(need(state.systems, partition.system, "system"));
  if (state.systems.at(partition.system).site != partition.site) {
    return refuse(refusal::invalid, "system",
                  fmt::format("{} does not stand at {}; name the site of the partition's system.",
                              partition.system, partition.site));
  }
  TRY_DONE(check_shape(partition));
  const PartitionId id = id_for(state.partition_by_slug, partition.slug, state.last_partition);
  const Partition* known = state.partitions.find(id);
  if (known != nullptr && *known == partition) return nothing();
  if (known != nullptr && known->unit != partition.unit) {
    return refuse(
        refusal::conflict, "unit",
        "A partition's billing unit cannot change: its accounts hold amounts of it. Register a "
        "new partition and exchange the hours.");
  }
  if (known == nullptr && state.partitions.size() >= limits::partitions_max) {
    return refuse(refusal::too_many, "partition",
                  fmt::format("At most {} partitions.", limits::partitions_max));
  }
  return one(PartitionRegistered{id, command.partition});
}

Events decide_one(const State& state, PersonId actor, const DrainSite& command) {
  TRY_DONE(need(state.sites, command.site, "site"));
  if (!operates(state, actor, command.site)) {
    return refuse(refusal::forbidden, "site", "Only the site's operator may drain or resume it.");
  }
  const bool drained = std::ranges::binary_search(state.drained, command.site);
  if (drained == command.drained) return nothing();
  return one(SiteDrained{command.site, command.drained});
}

Events decide_one(const State& state, PersonId actor, const ReportSilence& command) {
  if (actor) {
    return refuse(refusal::forbidden, "", "Only the worker of a site says whether it answers.");
  }
  TRY_DONE(need(state.sites, command.site, "site"));
  if (state.silent.contains(command.site) == command.silent) return nothing();
  if (command.silent) return one(SiteFellSilent{command.site, command.jobs_ask});
  return one(SiteAnswered{command.site});
}

Events decide_one(const State& state, PersonId actor, const RegisterOrganisation& command) {
  if (actor) TRY_DONE(need(state.people, actor, "actor"));
  TRY_DONE(need_text("name", command.organisation.name, limits::name_bytes_max));
  if (!is_country_code(command.organisation.country)) {
    return refuse(refusal::invalid, "country",
                  "Give the seat as the two capital letters of ISO 3166, such as PT.");
  }
  return one(
      OrganisationRegistered{OrganisationId{state.last_organisation + 1}, command.organisation});
}

Events decide_one(const State& state, PersonId actor, const RegisterPerson& command) {
  // The first person of a fresh log is registered by the system itself.
  TRY_DONE(need_role(state, actor, Role::administrator, "register people"));
  TRY_DONE(need_short_texts("person", command));
  if (command.organisation)
    TRY_DONE(need(state.organisations, command.organisation, "organisation"));
  for (const SiteId site : command.operates) TRY_DONE(need(state.sites, site, "operates"));
  return one(PersonRegistered{PersonId{state.last_person + 1},
                              Person{command.organisation, command.roles, command.operates}});
}

Events decide_one(const State& state, PersonId actor, const AssignRoles& command) {
  TRY_DONE(need_role(state, actor, Role::administrator, "assign roles"));
  TRY_DONE(need_short_texts("person", command));
  TRY_DONE(need(state.people, command.person, "person"));
  for (const SiteId site : command.operates) TRY_DONE(need(state.sites, site, "operates"));
  const Person& known = state.people.at(command.person);
  if (known.roles == command.roles && known.operates == command.operates) return nothing();
  return one(RolesAssigned{command.person, command.roles, command.operates});
}

Events decide_one(const State& state, PersonId actor, const OpenProject& command) {
  TRY_DONE(need_text("title", command.title, limits::name_bytes_max));
  TRY_DONE(need(state.organisations, command.organisation, "organisation"));
  TRY_DONE(need(state.people, actor, "actor"));
  return one(ProjectOpened{ProjectId{state.last_project + 1},
                           Project{command.title, command.organisation, actor, {}}});
}

Result<void> need_lead(const State& state, PersonId actor, ProjectId project) {
  TRY_DONE(need(state.projects, project, "project"));
  if (state.projects.at(project).lead == actor || has_role(state, actor, Role::administrator))
    return {};
  return refuse(refusal::forbidden, "project", "Only the project's lead may change its members.");
}

Events decide_one(const State& state, PersonId actor, const AddMember& command) {
  TRY_DONE(need_lead(state, actor, command.project));
  TRY_DONE(need(state.people, command.person, "person"));
  const Project& project = state.projects.at(command.project);
  if (belongs_to(project, command.person)) return nothing();
  if (project.members.size() >= limits::members_per_project_max) {
    return refuse(
        refusal::too_many, "person",
        fmt::format("A project has at most {} members.", limits::members_per_project_max));
  }
  return one(MemberAdded{command.project, command.person});
}

Events decide_one(const State& state, PersonId actor, const RemoveMember& command) {
  TRY_DONE(need_lead(state, actor, command.project));
  const Project& project = state.projects.at(command.project);
  if (project.lead == command.person) {
    return refuse(refusal::conflict, "person",
                  "The lead cannot leave the project; open a new one instead.");
  }
  if (!belongs_to(project, command.person)) return nothing();
  return one(MemberRemoved{command.project, command.person});
}

}  // namespace

Result<void> need_role(const State& state, PersonId person, Role role, std::string_view act) {
  if (has_role(state, person, role)) return {};
  std::string who(name_of(role));
  std::ranges::replace(who, '_', ' ');
  return refuse(refusal::forbidden, "",
                fmt::format("Only a person with the role {} may {}.", who, act));
}

Result<void> need_text(std::string_view field, std::string_view text, std::size_t bytes_max) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (!text.empty() && text.size() <= bytes_max && std::ranges::none_of(text, control) &&
      is_utf8(text)) {
    return {};
  }
  return refuse(
      refusal::invalid, std::string(field),
      fmt::format("{} needs 1 to {} bytes of text on one line, in UTF-8.", field, bytes_max));
}

Result<void> need_short_text(std::string_view field, std::string_view text) {
  if (text.size() <= limits::text_bytes_max && is_utf8(text)) return {};
  return refuse(
      refusal::invalid, std::string(field),
      fmt::format("{} has at most {} bytes of text, in UTF-8.", field, limits::text_bytes_max));
}

Result<std::vector<Event>> decide(const State& state, PersonId actor, const Command& command) {
  return std::visit([&](const auto& one_command) { return decide_one(state, actor, one_command); },
                    command);
}

}  // namespace fabrica::federation
