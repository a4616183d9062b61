#include "calls/decide.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "base/limits.h"
#include "federation/decide.h"
#include "ledger/decide.h"

namespace fabrica::calls {

namespace {

using federation::Role;
using Outcomes = Result<std::vector<Outcome>>;

template <class Table, class Id>
Result<void> need(const Table& things, Id id, std::string_view field) {
  if (things.find(id) != nullptr) return {};
  return refuse(fabrica::refusal::not_found, std::string(field),
                fmt::format("There is no {}.", id));
}

Outcomes one(Event event) {
  std::vector<Outcome> outcomes;
  outcomes.emplace_back(std::move(event));
  return outcomes;
}

Result<void> check_sizes(const AccessMode& mode) {
  for (const SizeRange& size : mode.sizes) {
    const std::string_view hours = hours_name(size.unit);
    if (size.min < ComputeTime{} || size.max <= ComputeTime{} || size.min > size.max ||
        size.max > amount_max) {
      return refuse(
          fabrica::refusal::invalid, "sizes",
          fmt::format(
              "No amount lies between the {} of this mode, {} to {}, so no proposal could ever "
              "pass; the largest amount is {}.",
              hours, to_hours(size.min), to_hours(size.max), to_hours(amount_max)));
    }
    if (std::ranges::count(mode.sizes, size.unit, &SizeRange::unit) > 1) {
      return refuse(fabrica::refusal::invalid, "sizes",
                    fmt::format("Give one range of {}, not several.", hours));
    }
  }
  return {};
}

Result<void> check_mode(const AccessMode& mode, const Policies& policies) {
  TRY_DONE(federation::need_text("slug", mode.slug, limits::name_bytes_max));
  TRY_DONE(federation::need_text("name", mode.name, limits::name_bytes_max));
  TRY_DONE(federation::need_short_texts("mode", mode));
  if (mode.eligibility.size() > limits::eligibility_rules_max) {
    return refuse(fabrica::refusal::too_many, "eligibility",
                  fmt::format("A mode has at most {} rules.", limits::eligibility_rules_max));
  }
  for (const RuleUse& use : mode.eligibility) {
    if (policies.eligibility.contains(use.rule)) continue;
    std::string known;
    for (const auto& [name, rule] : policies.eligibility)
      known += fmt::format("{}{}", known.empty() ? "" : ", ", name);
    return refuse(refusal::unknown_rule, "eligibility",
                  fmt::format("There is no rule \"{}\"; the rules are: {}.", use.rule, known));
  }
  TRY_DONE(check_sizes(mode));
  if (mode.months.empty()) {
    return refuse(fabrica::refusal::invalid, "months",
                  "A mode offers at least one duration in months.");
  }
  const auto too_long = [](std::uint32_t months) {
    return months == 0 || months > limits::award_months_max;
  };
  if (std::ranges::any_of(mode.months, too_long)) {
    return refuse(fabrica::refusal::invalid, "months",
                  fmt::format("A duration is 1 to {} months.", limits::award_months_max));
  }
  if (mode.days_to_accept == 0 || mode.days_to_accept > limits::days_to_accept_max) {
    return refuse(fabrica::refusal::invalid, "days_to_accept",
                  fmt::format("Give 1 to {} days to accept an offer.", limits::days_to_accept_max));
  }
  if (!std::ranges::is_sorted(mode.steps)) {
    return refuse(
        fabrica::refusal::invalid, "steps",
        "The steps come in this order: eligibility, technical_check, peer_review, ranking.");
  }
  return {};
}

Outcomes decide_one(const Context& context, const RegisterMode& command) {
  TRY_DONE(federation::need_role(context.federation, context.actor, Role::administrator,
                                 "register access modes"));
  TRY_DONE(check_mode(command.mode, context.policies));
  const auto known = context.calls.mode_by_slug.find(command.mode->slug);
  const bool is_new = known == context.calls.mode_by_slug.end();
  if (!is_new && context.calls.modes.at(known->second) == *command.mode)
    return std::vector<Outcome>{};
  return one(
      ModeRegistered{is_new ? ModeId{context.calls.last_mode + 1} : known->second, command.mode});
}

// False when each proposal for a partition of this unit would be refused for its size.
bool has_size_for(const AccessMode& mode, Unit unit) {
  return size_in(mode, unit) != nullptr || std::ranges::all_of(mode.sizes, &SizeRange::approximate);
}

Outcomes decide_one(const Context& context, const OpenCall& command) {
  TRY_DONE(
      federation::need_role(context.federation, context.actor, Role::call_officer, "open calls"));
  TRY_DONE(need(context.calls.modes, command.mode, "mode"));
  TRY_DONE(federation::need_text("title", command.title, limits::name_bytes_max));
  const AccessMode& mode = context.calls.modes.at(command.mode);
  if (mode.selection != Selection::fifo ||
      std::ranges::find(mode.steps, Step::peer_review) != mode.steps.end()) {
    return refuse(
        fabrica::refusal::invalid, "mode",
        fmt::format("Calls of mode {} need peer review or a ranking, which this version does not "
                    "run; open a call of a fifo mode.",
                    mode.slug));
  }
  std::vector<PartitionId> partitions = command.partitions;
  std::ranges::sort(partitions);
  for (const PartitionId id : partitions) {
    TRY_DONE(need(context.federation.partitions, id, "partitions"));
    const federation::Partition& partition = context.federation.partitions.at(id);
    if (!context.ledger.of_partition.contains(id)) {
      return refuse(
          fabrica::refusal::conflict, "partitions",
          fmt::format("Partition {} has no capacity yet; add capacity first.", partition.slug));
    }
    if (!has_size_for(mode, partition.unit)) {
      return refuse(fabrica::refusal::invalid, "partitions",
                    fmt::format("Partition {} is billed in {}, and mode {} states no size in them; "
                                "different units are "
                                "never compared.",
                                partition.slug, hours_name(partition.unit), mode.slug));
    }
  }
  if (partitions.empty() || std::ranges::adjacent_find(partitions) != partitions.end()) {
    return refuse(fabrica::refusal::invalid, "partitions",
                  "Name at least one partition, each once.");
  }
  if (command.closes <= context.now ||
      (command.closes > limits::latest_time && command.closes != never)) {
    return refuse(fabrica::refusal::invalid, "closes", "A call closes after now, or never.");
  }
  return one(CallOpened{
      CallId{context.calls.last_call + 1},
      Call{command.mode, command.title, std::move(partitions), context.now, command.closes}});
}

Result<void> check_application(const Context& context, const SubmitProposal& command) {
  const Application& application = command.application;
  TRY_DONE(federation::need_text("application/title", application.title, limits::name_bytes_max));
  TRY_DONE(need(context.federation.partitions, application.partition, "application/partition"));
  if (application.amount <= ComputeTime{} || application.amount > amount_max) {
    return refuse(fabrica::refusal::invalid, "application/amount", "Ask for an amount above zero.");
  }
  if (application.months == 0 || application.months > limits::award_months_max) {
    return refuse(fabrica::refusal::invalid, "application/months",
                  fmt::format("Ask for 1 to {} months.", limits::award_months_max));
  }
  const auto waiting = context.calls.waiting.find(command.call);
  if (waiting != context.calls.waiting.end() &&
      waiting->second.size() >= limits::proposals_per_call_max) {
    return refuse(
        fabrica::refusal::too_many, "call",
        fmt::format("{} proposals wait in this call already; submit again when some are answered.",
                    limits::proposals_per_call_max));
  }
  return {};
}

bool has_live_award(const State& state, ProjectId project, ModeId mode) {
  bool found = false;
  state.awards.for_each([&](AwardId, const Award& award) {
    const bool live = award.phase == AwardPhase::offered || award.phase == AwardPhase::active;
    found = found || (live && award.project == project &&
                      state.calls.at(state.proposals.at(award.proposal).call).mode == mode);
  });
  return found;
}

Outcomes decide_one(const Context& context, const SubmitProposal& command) {
  TRY_DONE(need(context.calls.calls, command.call, "call"));
  TRY_DONE(need(context.federation.projects, command.project, "project"));
  const federation::Project& project = context.federation.projects.at(command.project);
  if (project.lead != context.actor) {
    return refuse(fabrica::refusal::forbidden, "project",
                  "Only the project's lead may submit its proposals.");
  }
  const Call& call = context.calls.calls.at(command.call);
  if (context.now >= call.closes) {
    return refuse(refusal::call_closed, "call",
                  fmt::format("{} closed at {}.", command.call, to_string(call.closes)));
  }
  TRY_DONE(check_application(context, command));
  const AccessMode& mode = context.calls.modes.at(call.mode);
  const EligibilityQuestion question{
      context.federation.organisations.at(project.organisation),
      mode,
      call,
      command.application,
      context.federation.partitions.at(command.application.partition),
      has_live_award(context.calls, command.project, call.mode)};
  std::vector<Verdict> verdicts;
  for (const RuleUse& use : mode.eligibility) {
    verdicts.push_back(context.policies.eligibility.at(use.rule)(question, use));
  }
  bool eligible = std::ranges::all_of(verdicts, &Verdict::passed);
  // Whatever the mode's rules are, hours come only from a partition that the call offers.
  if (eligible && !std::ranges::binary_search(call.partitions, command.application.partition)) {
    verdicts.push_back({"partition_offered", false, "This call does not offer the partition."});
    eligible = false;
  }
  const ProposalId id{context.calls.last_proposal + 1};
  std::vector<Outcome> outcomes;
  outcomes.emplace_back(Event{
      ProposalSubmitted{id, command.call, command.project, command.application, context.now}});
  outcomes.emplace_back(Event{EligibilityChecked{id, eligible, std::move(verdicts)}});
  return outcomes;
}

Result<void> need_phase(const Proposal& proposal, ProposalId id, ProposalPhase phase) {
  if (proposal.phase == phase) return {};
  return refuse(refusal::wrong_phase, "proposal",
                fmt::format("{} is {}; this needs one that is {}.", id, name_of(proposal.phase),
                            name_of(phase)));
}

Outcomes decide_one(const Context& context, const AssessProposal& command) {
  TRY_DONE(need(context.calls.proposals, command.proposal, "proposal"));
  const Proposal& proposal = context.calls.proposals.at(command.proposal);
  const PartitionId partition_id = proposal.application.partition;
  const federation::Partition& partition = context.federation.partitions.at(partition_id);
  if (!federation::operates(context.federation, context.actor, partition.site)) {
    TRY_DONE(federation::need_role(context.federation, context.actor, Role::call_officer,
                                   "assess proposals"));
  }
  TRY_DONE(need_phase(proposal, command.proposal, ProposalPhase::eligible));
  const auto accounts = context.ledger.of_partition.find(partition_id);
  CHECK(accounts != context.ledger.of_partition.end(), "a call offers partitions with a pool");
  const TechnicalQuestion question{partition, proposal.application,
                                   federation::takes_jobs(context.federation, partition.site),
                                   context.ledger.accounts.at(accounts->second.pool).available()};
  std::vector<Verdict> verdicts = context.policies.technical(question);
  if (!command.text.empty() || !command.suitable) {
    TRY_DONE(federation::need_text("text", command.text, limits::text_bytes_max));
    verdicts.push_back({"assessor", command.suitable, command.text});
  }
  const bool suitable = std::ranges::all_of(verdicts, &Verdict::passed);
  return one(ProposalAssessed{command.proposal, suitable, std::move(verdicts)});
}

// In a fifo call no proposal overtakes an earlier one for the same partition that is ready too.
Result<void> need_turn(const Context& context, ProposalId id, const Proposal& proposal) {
  const auto waiting = context.calls.waiting.find(proposal.call);
  CHECK(waiting != context.calls.waiting.end(), "a suitable proposal waits in its call");
  for (const ProposalId earlier : waiting->second) {
    if (earlier == id) return {};
    const Proposal& other = context.calls.proposals.at(earlier);
    if (other.phase == ProposalPhase::suitable &&
        other.application.partition == proposal.application.partition) {
      return refuse(refusal::out_of_turn, "proposal",
                    fmt::format("{} came earlier and is ready; grant it first.", earlier));
    }
  }
  return {};
}

Outcomes decide_one(const Context& context, const GrantAward& command) {
  TRY_DONE(
      federation::need_role(context.federation, context.actor, Role::call_officer, "grant awards"));
  TRY_DONE(need(context.calls.proposals, command.proposal, "proposal"));
  const Proposal& proposal = context.calls.proposals.at(command.proposal);
  TRY_DONE(need_phase(proposal, command.proposal, ProposalPhase::suitable));
  TRY_DONE(need_turn(context, command.proposal, proposal));
  const Application& application = proposal.application;
  const AccountId pool = context.ledger.of_partition.at(application.partition).pool;
  TRY_DONE(ledger::need_available(context.ledger, pool, application.amount));
  const AccessMode& mode = context.calls.modes.at(context.calls.calls.at(proposal.call).mode);
  const AwardId id{context.calls.last_award + 1};
  const AccountId account{context.ledger.last_account + 1};
  const Time accept_until = context.now + days(mode.days_to_accept);
  std::vector<Outcome> outcomes;
  outcomes.emplace_back(
      Event{AwardGranted{id, command.proposal, proposal.project, application.partition, account,
                         application.amount, application.months, accept_until}});
  outcomes.emplace_back(ledger::Event{ledger::AccountOpened{
      account, ledger::AccountKind::award, context.ledger.accounts.at(pool).unit,
      application.partition, proposal.project, ComputeTime{}, true}});
  outcomes.emplace_back(
      ledger::Event{ledger::Transferred{pool, account, application.amount, to_string(id)}});
  return outcomes;
}

// What an account may still spend goes back to its partition's pool, and the account closes.
void return_to_pool(const Context& context, AwardId id, const Award& award,
                    std::vector<Outcome>& outcomes) {
  const ComputeTime left = context.ledger.accounts.at(award.account).available();
  if (left > ComputeTime{}) {
    const AccountId pool = context.ledger.of_partition.at(award.partition).pool;
    outcomes.emplace_back(
        ledger::Event{ledger::Transferred{award.account, pool, left, to_string(id)}});
  }
  outcomes.emplace_back(ledger::Event{ledger::AccountClosed{award.account}});
}

Outcomes decide_one(const Context& context, const AnswerAward& command) {
  TRY_DONE(need(context.calls.awards, command.award, "award"));
  const Award& award = context.calls.awards.at(command.award);
  if (context.federation.projects.at(award.project).lead != context.actor) {
    return refuse(fabrica::refusal::forbidden, "award",
                  "Only the project's lead may accept or decline its awards.");
  }
  if (award.phase == AwardPhase::lapsed ||
      (award.phase == AwardPhase::offered && context.now >= award.accept_until)) {
    return refuse(refusal::offer_lapsed, "award",
                  fmt::format("The offer lapsed at {}; submit the proposal again.",
                              to_string(award.accept_until)));
  }
  if (award.phase != AwardPhase::offered) {
    return refuse(refusal::wrong_phase, "award",
                  fmt::format("{} is {}; only an offer can be answered.", command.award,
                              name_of(award.phase)));
  }
  std::vector<Outcome> outcomes;
  if (command.accept) {
    outcomes.emplace_back(
        Event{AwardAccepted{command.award, context.now, add_months(context.now, award.months)}});
    outcomes.emplace_back(ledger::Event{ledger::AccountUnlocked{award.account}});
    return outcomes;
  }
  outcomes.emplace_back(Event{AwardDeclined{command.award}});
  return_to_pool(context, command.award, award, outcomes);
  return outcomes;
}

}  // namespace

Result<std::vector<Outcome>> decide(const Context& context, const Command& command) {
  return std::visit([&](const auto& one_command) { return decide_one(context, one_command); },
                    command);
}

std::vector<Outcome> pass_time(const Context& context) {
  std::vector<Outcome> outcomes;
  for (const auto& [time, id] : context.calls.deadlines) {
    if (time > context.now || outcomes.size() + 3 > limits::events_per_command_max) break;
    const Award& award = context.calls.awards.at(id);
    if (award.phase == AwardPhase::offered) {
      outcomes.emplace_back(Event{AwardLapsed{id}});
    } else {
      outcomes.emplace_back(Event{AwardExpired{id}});
    }
    return_to_pool(context, id, award, outcomes);
  }
  return outcomes;
}

std::optional<Time> next_deadline(const State& state) {
  if (state.deadlines.empty()) return std::nullopt;
  return state.deadlines.begin()->first;
}

}  // namespace fabrica::calls
