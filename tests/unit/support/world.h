#pragma once

#include <algorithm>
#include <span>

#include "base/archive.h"
#include "base/check.h"
#include "kernel/decide.h"
#include "policies/registry.h"
#include "unit/support/cases.h"

/// A small consortium to decide in. Ids are minted in order, so the things below have known ones.
namespace fabrica::test {

using calls::AwardId;
using calls::CallId;
using calls::ModeId;
using calls::ProposalId;
using federation::OrganisationId;
using federation::PartitionId;
using federation::ProjectId;
using federation::SiteId;
using federation::SystemId;
using jobs::JobId;
using jobs::JobRequest;
using ledger::AccountId;

// People. The lead and the member belong to `project`, the rival leads `other_project`.
inline constexpr PersonId the_system{0}, admin{1}, officer{2}, north_operator{3}, south_operator{4},
    lead{5}, member{6}, rival{7}, nobody{99};
inline constexpr OrganisationId start_up{1}, university{2}, far_company{3};
inline constexpr ProjectId project{1}, other_project{2};

// Sites: two that take jobs and one that is known but not connected.
inline constexpr SiteId north{1}, south{2}, dark{3};
inline constexpr SystemId north_system{1}, south_system{2}, dark_system{3};

// Partitions, billed by GPU, by core, by GPU with two scheduled halves each (as LUMI-G), by node.
inline constexpr PartitionId gpu{1}, cpu{2}, lumi{3}, nodes{4}, dark_gpu{5};

// The accounts that each of the first four gets with its capacity, in the order of partitions.
inline constexpr AccountId gpu_capacity{1}, gpu_pool{2}, gpu_usage{3}, cpu_capacity{4}, cpu_pool{5},
    cpu_usage{6}, lumi_capacity{7}, lumi_pool{8}, lumi_usage{9}, nodes_capacity{10}, nodes_pool{11},
    nodes_usage{12};

inline const Time day_one = *parse_time("2026-11-22T08:00:00Z");

/// A kernel without an engine: decides and applies at once, keeps the log, and checks around each
/// command that the decision changed nothing and that no invariant broke.
/// Jobs go to a site at once, unless a test wants them to wait for room.
struct World {
  State state;
  Policies policies = *policies::choose({.placement = "least_work"});
  Time now = day_one;
  std::vector<Recorded> log;

  Result<std::vector<Event>> decide_only(PersonId actor, const Command& command) {
    return decide(state, policies, Envelope{CommandId{}, Digest{}, actor, now, command, {}});
  }

  /// The answer in words; an accepted command is applied.
  std::string ask(PersonId actor, const Command& command) {
    const Digest before = digest(state);
    const Result<std::vector<Event>> events = decide_only(actor, command);
    EXPECT_EQ(to_string(digest(state)), to_string(before)) << "decide changed State";
    if (events) apply_all(actor, *events);
    EXPECT_EQ(broken_invariant(state), "");
    return answer_of(events);
  }

  /// For set-up: ends the test run when the command is refused.
  void must(PersonId actor, const Command& command) {
    const Result<std::vector<Event>> events = decide_only(actor, command);
    CHECK(events.has_value(),
          events ? std::string() : answer_of(events.error()) + ": " + events.error().text);
    apply_all(actor, *events);
  }

  void apply_all(PersonId actor, const std::vector<Event>& events) {
    for (const Event& event : events) {
      log.push_back(
          Recorded{Seq{state.last.value + 1}, std::max(now, state.now), CommandId{}, actor, event});
      apply(state, log.back());
    }
  }

  bool something_is_due() const {
    const std::optional<Time> deadline = next_deadline(state);
    return deadline && *deadline <= now;
  }

  /// Sends the clock's command as a driver does, until nothing is due; says how often.
  int pass_time() {
    int sent = 0;
    while (something_is_due()) {
      CHECK(++sent <= 1'000, "the clock's command gets on");
      must(the_system, PassTime{});
    }
    return sent;
  }

  /// "12" or, of an account where something is held, "12-3": the balance less what is held.
  std::string balance(AccountId id) const {
    const ledger::Account& account = state.ledger.accounts.at(id);
    const std::string held = account.held == ComputeTime{} ? "" : "-" + in_hours(account.held);
    return in_hours(account.balance) + held;
  }

  template <class... Ids>
  std::string balances(Ids... ids) const {
    std::string text;
    ((text += fmt::format("{}{}", text.empty() ? "" : " ", balance(ids))), ...);
    return text;
  }

  const jobs::Job& job(JobId id) const { return state.jobs.jobs.at(id); }
};

/// One line of a table: who asks for what, and the answer.
struct Case {
  std::string_view what;
  PersonId actor;
  Command command;
  std::string_view answer;
  std::source_location where = std::source_location::current();
};

/// Asks in order, each line in the world that the lines before it have made.
inline void check(World& world, std::initializer_list<Case> cases) {
  for (const Case& one : cases)
    expect_answer(world.ask(one.actor, one.command), one.answer, one.what, one.where);
}

inline federation::Site site_of(std::string slug, federation::Connection connection,
                                std::string country = "PT") {
  federation::Site site;
  site.slug = std::move(slug);
  site.name = "A site";
  site.country = std::move(country);
  site.connection = connection;
  return site;
}

inline federation::System system_of(std::string slug, SiteId site) {
  federation::System system;
  system.slug = std::move(slug);
  system.name = "A system";
  system.site = site;
  return system;
}

inline federation::Partition partition_of(std::string slug, SiteId site, SystemId system,
                                          Unit unit) {
  federation::Partition partition;
  partition.slug = std::move(slug);
  partition.name = "A partition";
  partition.site = site;
  partition.system = system;
  partition.unit = unit;
  partition.nodes = 4;
  partition.cores_per_node = 32;
  partition.memory_mib_per_node = 262'144;
  partition.time_limit_ms_max = days(2).ms;
  if (unit == Unit::gpu) {
    partition.gpus_per_node_billed = 4;
    partition.gpus_per_node_scheduled = 4;
    partition.gpu_kind = "h100-80";
  }
  return partition;
}

/// A node of LUMI-G: billed as 4 GPUs, its scheduler sees 8 halves.
inline federation::Partition lumi_partition() {
  return with(partition_of("south-lumi", south, south_system, Unit::gpu),
              &federation::Partition::gpus_per_node_scheduled, 8, &federation::Partition::gpu_kind,
              "mi250x-gcd", &federation::Partition::cores_per_node, 64);
}

/// Sites, partitions, people and projects, nothing else.
inline World consortium() {
  using namespace federation;
  World world;
  const auto tell = [&](const fabrica::Command& command) { world.must(the_system, command); };
  tell(RegisterCountry{{"PT", "Portugal", CountryRole::member_state, "a source"}});
  tell(RegisterCountry{{"ES", "Spain", CountryRole::member_state, "a source"}});
  tell(RegisterSite{site_of("north", Connection::local)});
  tell(RegisterSite{site_of("south", Connection::simulated, "ES")});
  tell(RegisterSite{site_of("dark", Connection::none)});
  tell(RegisterSystem{system_of("north-system", north)});
  tell(RegisterSystem{system_of("south-system", south)});
  tell(RegisterSystem{system_of("dark-system", dark)});
  tell(RegisterPartition{partition_of("north-gpu", north, north_system, Unit::gpu)});
  tell(RegisterPartition{partition_of("north-cpu", north, north_system, Unit::core)});
  tell(RegisterPartition{lumi_partition()});
  tell(RegisterPartition{partition_of("south-nodes", south, south_system, Unit::node)});
  tell(RegisterPartition{partition_of("dark-gpu", dark, dark_system, Unit::gpu)});
  tell(RegisterOrganisation{{"Start-up", "PT", OrganisationKind::start_up}});
  tell(RegisterOrganisation{{"University", "ES", OrganisationKind::research}});
  tell(RegisterOrganisation{{"Far company", "US", OrganisationKind::sme}});
  tell(RegisterPerson{OrganisationId{}, {Role::administrator}, {}});
  tell(RegisterPerson{OrganisationId{}, {Role::call_officer}, {}});
  tell(RegisterPerson{OrganisationId{}, {Role::site_operator}, {north}});
  tell(RegisterPerson{OrganisationId{}, {Role::site_operator}, {south}});
  tell(RegisterPerson{start_up, {}, {}});
  tell(RegisterPerson{start_up, {}, {}});
  tell(RegisterPerson{university, {}, {}});
  world.must(lead, OpenProject{"A project", start_up});
  world.must(lead, AddMember{project, member});
  world.must(rival, OpenProject{"Another project", university});
  return world;
}

/// A consortium with 1,000 unit-hours in the pool of each of the first four partitions.
inline World with_capacity() {
  World world = consortium();
  for (const PartitionId id : {gpu, cpu, lumi, nodes}) {
    world.must(admin, ledger::AddCapacity{id, unit_hours(1'000), "first capacity"});
  }
  return world;
}

/// A mode that anyone may use, for any amount of any unit.
inline calls::AccessMode plain_mode() {
  calls::AccessMode mode;
  mode.slug = "plain";
  mode.name = "A plain mode";
  mode.steps = {calls::Step::eligibility, calls::Step::technical_check};
  mode.months = {1, 3};
  return mode;
}

/// A mode like the Playground: a fixed package for enterprises, every rule in use, each with its
/// own reason.
inline calls::AccessMode playground() {
  calls::AccessMode mode;
  mode.slug = "playground";
  mode.name = "Playground";
  mode.steps = {calls::Step::eligibility, calls::Step::technical_check};
  mode.eligibility = {{"organisation_kind", {"start_up", "sme"}, "It is for enterprises."},
                      {"seat", {"PT", "ES"}, "The seat must be in the consortium."},
                      {"size_within", {}, "Ask for the package."},
                      {"duration_allowed", {}, "Choose 1, 2 or 3 months."},
                      {"partition_offered", {}, "Choose a partition of the call."},
                      {"civil_use", {}, "Confirm civil use."},
                      {"open_research", {}, "Confirm open research."},
                      {"one_live_award", {}, "One award at a time."}};
  mode.sizes = {{Unit::gpu, unit_hours(10), unit_hours(10), false}};
  mode.months = {1, 2, 3};
  return mode;
}

/// What the start-up asks the Playground for; eligible.
inline calls::Application application() {
  calls::Application application;
  application.title = "A first model";
  application.partition = gpu;
  application.amount = unit_hours(10);
  application.months = 1;
  application.gpus_per_job = 4;
  application.civil_use = true;
  application.open_research = true;
  return application;
}

inline constexpr ModeId playground_mode{1};
inline constexpr CallId playground_call{1};

/// Capacity, and an open Playground call for both partitions billed by GPU.
inline World with_call() {
  World world = with_capacity();
  world.must(admin, calls::RegisterMode{playground()});
  world.must(officer, calls::OpenCall{playground_mode, "Playground", {lumi, gpu}});
  return world;
}

/// The way of a project to `amount` of a partition, from the mode to the offer.
inline AwardId offer_award(World& world, PersonId who, ProjectId for_project, PartitionId partition,
                           ComputeTime amount) {
  world.must(admin, calls::RegisterMode{plain_mode()});
  const ModeId mode = world.state.calls.mode_by_slug.at(plain_mode().slug);
  world.must(officer, calls::OpenCall{mode, "A plain call", {partition}});
  calls::Application application;
  application.title = "Some work";
  application.partition = partition;
  application.amount = amount;
  application.months = 3;
  world.must(who,
             calls::SubmitProposal{CallId{world.state.calls.last_call}, for_project, application});
  const ProposalId proposal{world.state.calls.last_proposal};
  world.must(officer, calls::AssessProposal{proposal, true, ""});
  world.must(officer, calls::GrantAward{proposal});
  return AwardId{world.state.calls.last_award};
}

/// The same up to an accepted award; its account.
inline AccountId give_award(World& world, PersonId who, ProjectId for_project,
                            PartitionId partition, ComputeTime amount) {
  const AwardId award = offer_award(world, who, for_project, partition, amount);
  world.must(who, calls::AnswerAward{award, true});
  return world.state.calls.awards.at(award).account;
}

// The project's accounts in the world below.
inline constexpr AccountId gpu_award{13}, cpu_award{14}, lumi_award{15}, nodes_award{16};

/// Capacity, and an accepted award of 100 unit-hours for `project` on each of the four partitions.
inline World with_awards() {
  World world = with_capacity();
  for (const PartitionId id : {gpu, cpu, lumi, nodes})
    give_award(world, lead, project, id, unit_hours(100));
  return world;
}

/// A job of one GPU for one hour.
inline JobRequest train() {
  JobRequest request;
  request.name = "train";
  request.cpus_per_node = 4;
  request.gpus_per_node = 1;
  request.time_limit = hours(1);
  return request;
}

/// The same on the partition billed by GPU, so that it is no one else's offer.
inline JobRequest train_on_gpu() { return with(train(), &JobRequest::partition, gpu); }

inline jobs::ReportFromSite queued(JobId job, SiteId site = north) {
  return {site, jobs::SiteQueued{job, "4711"}};
}
inline jobs::ReportFromSite started(JobId job, Time at, std::uint32_t task = 0,
                                    SiteId site = north) {
  return {site, jobs::SiteStarted{job, task, at}};
}
inline jobs::SiteEnded ended_report(JobId job, Time from, Time to, jobs::Outcome outcome,
                                    std::uint32_t task = 0) {
  jobs::SiteEnded report;
  report.job = job;
  report.task = task;
  report.started = from;
  report.ended = to;
  report.outcome = outcome;
  return report;
}
inline jobs::ReportFromSite ended(JobId job, Time from, Time to,
                                  jobs::Outcome outcome = jobs::Outcome::completed,
                                  std::uint32_t task = 0, SiteId site = north) {
  return {site, ended_report(job, from, to, outcome, task)};
}

}  // namespace fabrica::test
