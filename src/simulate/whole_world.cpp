#include "simulate/whole_world.h"

#include <fmt/core.h>

#include "base/check.h"
#include "base/limits.h"

namespace fabrica::simulate {

namespace {

using federation::OrganisationId;
using federation::Partition;
using federation::PartitionId;
using federation::PersonId;
using federation::ProjectId;
using federation::Role;
using federation::SiteId;
using federation::SystemId;

// Each project's award on each partition, the most that one may be: 277 million node-hours.
constexpr ComputeTime awarded = amount_max;
constexpr std::size_t users_a_project = limits::members_per_project_max;
constexpr std::uint32_t cores_per_node = 64;

/// Says commands that must be taken.
class Builder {
 public:
  Builder(Engine& engine, Time now) : engine_(engine), now_(now) {}

  void say(PersonId actor, Command command) {
    Envelope envelope;
    envelope.actor = actor;
    envelope.now = now_;
    envelope.command = std::move(command);
    const Result<Reply> reply = engine_.execute(envelope);
    CHECK(reply.has_value(), reply ? std::string() : reply.error().text);
  }

  const State& state() const { return engine_.state(); }

  PersonId person(OrganisationId organisation, std::vector<Role> roles) {
    say({}, federation::Command{federation::RegisterPerson{organisation, std::move(roles), {}}});
    return PersonId{state().federation.last_person};
  }

 private:
  Engine& engine_;
  Time now_;
};

Partition partition_of(SiteId site, SystemId system, const std::string& slug, std::int32_t nodes) {
  Partition partition;
  partition.slug = slug;
  partition.name = slug;
  partition.site = site;
  partition.system = system;
  partition.unit = Unit::node;
  partition.nodes = static_cast<std::uint32_t>(nodes);
  partition.cores_per_node = cores_per_node;
  partition.memory_mib_per_node = 1;
  return partition;
}

void add_site(Builder& builder, WholeWorld& world, std::int32_t nodes) {
  const std::string slug = fmt::format("site-{}", world.sites.size() + 1);
  federation::Site site;
  site.slug = slug;
  site.name = slug;
  site.country = "EU";
  site.connection = federation::Connection::simulated;
  builder.say({}, federation::Command{federation::RegisterSite{site}});
  const SiteId id{builder.state().federation.last_site};
  federation::System system;
  system.slug = slug;
  system.name = slug;
  system.site = id;
  builder.say({}, federation::Command{federation::RegisterSystem{system}});
  const SystemId system_id{builder.state().federation.last_system};
  builder.say({}, federation::Command{
                      federation::RegisterPartition{partition_of(id, system_id, slug, nodes)}});
  const PartitionId partition{builder.state().federation.last_partition};
  world.sites.push_back(id);
  world.partitions.push_back(partition);
}

calls::CallId open_to_all(Builder& builder, const WholeWorld& world, PersonId admin,
                          PersonId officer) {
  calls::AccessMode mode;
  mode.slug = "replay";
  mode.name = "Replay of a workload";
  mode.steps = {calls::Step::eligibility, calls::Step::technical_check};
  mode.months = {limits::award_months_max};
  builder.say(admin, calls::Command{calls::RegisterMode{mode}});
  const calls::ModeId id{builder.state().calls.last_mode};
  builder.say(officer, calls::Command{calls::OpenCall{id, "Replay", world.partitions}});
  return calls::CallId{builder.state().calls.last_call};
}

void award(Builder& builder, calls::CallId call, PersonId officer, PersonId lead, ProjectId project,
           PartitionId partition) {
  calls::Application application;
  application.title = "All the work of a trace";
  application.partition = partition;
  application.amount = awarded;
  application.months = limits::award_months_max;
  builder.say(lead, calls::Command{calls::SubmitProposal{call, project, application}});
  const calls::ProposalId proposal{builder.state().calls.last_proposal};
  builder.say(officer, calls::Command{calls::AssessProposal{proposal, true, ""}});
  builder.say(officer, calls::Command{calls::GrantAward{proposal}});
  const calls::AwardId granted{builder.state().calls.last_award};
  builder.say(lead, calls::Command{calls::AnswerAward{granted, true}});
}

}  // namespace

WholeWorld make_whole_world(Engine& engine, Time now, std::span<const std::int32_t> nodes,
                            std::span<const std::uint32_t> users) {
  Builder builder(engine, now);
  WholeWorld world;
  builder.say({}, federation::Command{federation::RegisterCountry{
                      {"EU", "Everywhere", federation::CountryRole::member_state, ""}}});
  builder.say({}, federation::Command{federation::RegisterOrganisation{
                      {"Users", "EU", federation::OrganisationKind::research}}});
  const PersonId admin = builder.person({}, {Role::administrator});
  const PersonId officer = builder.person({}, {Role::call_officer});
  for (const std::int32_t width : nodes) add_site(builder, world, width);
  for (std::size_t user = 0; user < users.size(); user += users_a_project) {
    for (const PartitionId partition : world.partitions)
      builder.say(admin, ledger::Command{ledger::AddCapacity{partition, awarded, "capacity"}});
  }
  const calls::CallId call = open_to_all(builder, world, admin, officer);
  const OrganisationId organisation{builder.state().federation.last_organisation};
  WholeWorld::Member lead;
  for (std::size_t user = 0; user < users.size(); ++user) {
    WholeWorld::Member& member = world.members[users[user]];
    member.person = builder.person(organisation, {});
    if (user % users_a_project == 0) {
      builder.say(member.person, federation::Command{federation::OpenProject{
                                     fmt::format("project {}", user), organisation}});
      lead = {member.person, ProjectId{builder.state().federation.last_project}};
      for (const PartitionId partition : world.partitions)
        award(builder, call, officer, lead.person, lead.project, partition);
    } else {
      builder.say(lead.person,
                  federation::Command{federation::AddMember{lead.project, member.person}});
    }
    member.project = lead.project;
  }
  return world;
}

}  // namespace fabrica::simulate
