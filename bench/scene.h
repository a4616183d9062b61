#pragma once

#include "kernel/engine.h"
#include "policies/registry.h"

/// A small consortium with one project that has plenty of compute time, for benchmarks.
namespace fabrica::bench {

inline const Time start = *parse_time("2026-11-22T08:00:00Z");
inline constexpr federation::PersonId administrator{1};
inline constexpr federation::PersonId lead{2};
inline constexpr federation::ProjectId project{1};
inline constexpr ledger::AccountId pool{2};
inline constexpr ledger::AccountId award{4};

inline Envelope envelope(federation::PersonId actor, Command command) {
  Envelope made;
  made.actor = actor;
  made.now = start;
  made.command = std::move(command);
  return made;
}

/// The commands that set the scene, in order.
inline std::vector<Envelope> opening() {
  using namespace federation;
  Site site;
  site.slug = "site";
  site.name = "A site";
  site.connection = Connection::simulated;
  System system;
  system.slug = "system";
  system.name = "A system";
  system.site = SiteId{1};
  Partition partition;
  partition.slug = "gpu";
  partition.name = "A partition";
  partition.system = SystemId{1};
  partition.site = SiteId{1};
  partition.nodes = 100'000;
  partition.gpus_per_node_billed = 4;
  partition.gpus_per_node_scheduled = 4;
  calls::AccessMode mode;
  mode.slug = "mode";
  mode.name = "A mode";
  mode.steps = {calls::Step::eligibility};
  mode.sizes = {{Unit::gpu, ComputeTime{}, amount_max}};
  mode.months = {12};
  calls::Application application;
  application.title = "Work";
  application.partition = PartitionId{1};
  application.amount = ComputeTime{amount_max.unit_ms() / 2};
  application.months = 12;
  const PersonId system_itself{};
  return {
      envelope(system_itself, RegisterPerson{OrganisationId{}, {Role::administrator}, {}}),
      envelope(system_itself, RegisterPerson{}),
      envelope(system_itself, RegisterSite{site}),
      envelope(system_itself, RegisterSystem{system}),
      envelope(system_itself, RegisterPartition{partition}),
      envelope(system_itself, ledger::AddCapacity{PartitionId{1}, amount_max, "capacity"}),
      envelope(system_itself, RegisterOrganisation{{"Start-up", "PT", OrganisationKind::start_up}}),
      envelope(lead, OpenProject{"A project", OrganisationId{1}}),
      envelope(system_itself, calls::RegisterMode{mode}),
      envelope(administrator, calls::OpenCall{calls::ModeId{1}, "A call", {PartitionId{1}}}),
      envelope(lead, calls::SubmitProposal{calls::CallId{1}, project, application}),
      envelope(administrator, calls::AssessProposal{calls::ProposalId{1}, true, ""}),
      envelope(administrator, calls::GrantAward{calls::ProposalId{1}}),
      envelope(lead, calls::AnswerAward{calls::AwardId{1}, true})};
}

/// One unit-second back and forth between two accounts.
inline Envelope transfer(std::uint64_t number) {
  const bool forth = number % 2 == 0;
  return envelope(administrator, ledger::Transfer{forth ? pool : award, forth ? award : pool,
                                                  ComputeTime{1'000}, ""});
}

inline Envelope submit(std::uint64_t number) {
  jobs::JobRequest request;
  request.name = "job-" + std::to_string(number);
  request.gpus_per_node = 1;
  request.time_limit = seconds(1);
  return envelope(lead, jobs::SubmitJob{project, std::move(request)});
}

inline Envelope report(std::uint64_t job) {
  jobs::SiteEnded ended;
  ended.job = jobs::JobId{job};
  ended.started = start;
  ended.ended = start + milliseconds(500);
  return envelope(federation::PersonId{}, jobs::ReportFromSite{federation::SiteId{1}, ended});
}

/// Decides and applies, as an engine does, without a log.
inline void execute(State& state, const Policies& policies, const Envelope& asked,
                    std::vector<Recorded>* kept) {
  Result<std::vector<Event>> events = decide(state, policies, asked);
  CHECK(events.has_value(), events ? "" : events.error().text);
  for (Event& event : *events) {
    Recorded recorded{Seq{state.last.value + 1}, start, CommandId{}, asked.actor, std::move(event)};
    apply(state, recorded);
    if (kept != nullptr) kept->push_back(std::move(recorded));
  }
}

}  // namespace fabrica::bench
