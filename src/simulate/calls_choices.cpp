#include <fmt/core.h>

#include <optional>

#include "simulate/drawing.h"
#include "simulate/population.h"

namespace fabrica::simulate {

namespace {

using calls::AwardId;
using calls::CallId;
using calls::ProposalId;
using calls::ProposalPhase;
using federation::Role;
using ledger::AccountId;
using ledger::AccountKind;

template <class C>
Wish ask_calls(PersonId actor, C command) {
  return {actor, Command{calls::Command{std::move(command)}}, {}};
}

template <class C>
Wish ask_ledger(Drawing& d, C command) {
  return {d.someone_with(Role::administrator), Command{ledger::Command{std::move(command)}}, {}};
}

Wish register_mode(Drawing& d) {
  calls::AccessMode mode = d.random.chance(1, 2) ? strict_mode() : open_mode();
  if (d.random.chance(1, 2))
    mode.days_to_accept = static_cast<std::uint32_t>(d.random.between(1, 20));
  if (d.random.chance(1, 4)) mode.slug = "third";
  if (d.random.chance(1, 6)) mode.eligibility.push_back({"full_moon", {}, "The moon is not full."});
  if (d.random.chance(1, 6)) mode.steps.push_back(calls::Step::peer_review);
  return ask_calls(d.someone_with(Role::administrator), calls::RegisterMode{mode});
}

Wish open_call(Drawing& d) {
  calls::OpenCall command;
  command.mode = d.any<calls::ModeId>(d.state.calls.last_mode);
  command.title = "Another call";
  for (std::uint64_t i = 0; i < 1 + d.random.below(3); ++i) {
    command.partitions.push_back(d.any<federation::PartitionId>(d.state.federation.last_partition));
  }
  if (d.random.chance(1, 2)) command.closes = d.now + days(d.random.between(1, 60));
  return ask_calls(d.someone_with(Role::call_officer), command);
}

Wish submit_proposal(Drawing& d) {
  calls::SubmitProposal command;
  command.call = d.random.chance(3, 4) ? CallId{1 + d.random.below(2)}
                                       : d.any<CallId>(d.state.calls.last_call);
  command.project = d.any<federation::ProjectId>(d.state.federation.last_project);
  command.application.title = "Training a model";
  command.application.partition = d.any<federation::PartitionId>(d.state.federation.last_partition);
  const auto* partition = d.state.federation.partitions.find(command.application.partition);
  const std::int64_t cores = partition != nullptr && partition->unit == Unit::core ? 32 : 1;
  command.application.amount = d.unit_hours(cores * 50, cores * 3'000);
  command.application.months =
      static_cast<std::uint32_t>(d.random.between(1, d.random.chance(1, 8) ? 5 : 3));
  command.application.gpus_per_job = static_cast<std::uint32_t>(d.random.below(9));
  command.application.nodes_per_job = static_cast<std::uint32_t>(d.random.between(1, 4));
  command.application.civil_use = !d.random.chance(1, 12);
  command.application.open_research = !d.random.chance(1, 12);
  Document document = drawn_document(d.random);
  command.application.document = document.hash;
  return {d.lead_of(command.project), Command{calls::Command{command}}, {std::move(document)}};
}

// A waiting proposal of this phase, the first of its call more often than not; none when none
// waits. Now and then any proposal.
ProposalId waiting_in(Drawing& d, ProposalPhase phase) {
  if (d.random.chance(1, 12)) return d.recent<ProposalId>(d.state.calls.last_proposal, 20);
  for (const auto& [call, proposals] : d.state.calls.waiting) {
    if (d.random.chance(1, 4)) continue;
    for (const ProposalId id : proposals) {
      const bool wanted = d.state.calls.proposals.at(id).phase == phase;
      if (wanted && !d.random.chance(1, 8)) return id;
    }
  }
  return ProposalId{};
}

Wish assess_proposal(Drawing& d) {
  const ProposalId id = waiting_in(d, ProposalPhase::eligible);
  if (!id) return submit_proposal(d);
  const bool suitable = !d.random.chance(1, 8);
  return ask_calls(d.someone_with(Role::call_officer),
                   calls::AssessProposal{id, suitable, suitable ? "" : "The code does not scale."});
}

Wish grant_award(Drawing& d) {
  const ProposalId id = waiting_in(d, ProposalPhase::suitable);
  if (!id) return assess_proposal(d);
  return ask_calls(d.someone_with(Role::call_officer), calls::GrantAward{id});
}

// Some offers are left to lapse: nobody answers those of every fifth proposal.
Wish answer_award(Drawing& d) {
  AwardId id;
  if (d.random.chance(1, 12)) id = d.recent<AwardId>(d.state.calls.last_award, 10);
  for (const auto& [until, award] : d.state.calls.deadlines) {
    const bool offered = d.state.calls.awards.at(award).phase == calls::AwardPhase::offered;
    if (offered && award.value % 5 != 0) id = award;
  }
  if (!id) return grant_award(d);
  const auto* award = d.state.calls.awards.find(id);
  const PersonId actor = award == nullptr ? d.anyone() : d.lead_of(award->project);
  return ask_calls(actor, calls::AnswerAward{id, !d.random.chance(1, 8)});
}

Wish add_capacity(Drawing& d) {
  const auto partition = d.any<federation::PartitionId>(d.state.federation.last_partition);
  const ComputeTime amount = d.unit_hours(1, 30'000);
  return ask_ledger(
      d, ledger::AddCapacity{partition, d.random.chance(1, 3) ? -amount : amount, "quarter"});
}

// An account, of an award more often than not.
AccountId drawn_account(Drawing& d) {
  const auto& awards = d.state.calls.awards;
  if (!awards.empty() && d.random.chance(2, 3)) {
    const auto* award = awards.find(d.recent<AwardId>(d.state.calls.last_award, 10));
    if (award != nullptr) return award->account;
  }
  return d.any<AccountId>(d.state.ledger.last_account);
}

// The second account has the same unit as the first, or another one, as wanted; any when there is
// none.
AccountId partner_of(Drawing& d, AccountId first, bool same_unit) {
  const auto* account = d.state.ledger.accounts.find(first);
  for (int tried = 0; tried < 8 && account != nullptr; ++tried) {
    const auto id = d.any<AccountId>(d.state.ledger.last_account);
    const auto* other = d.state.ledger.accounts.find(id);
    if (other != nullptr && !other->closed && (other->unit == account->unit) == same_unit)
      return id;
  }
  return d.any<AccountId>(d.state.ledger.last_account);
}

Wish transfer(Drawing& d) {
  const AccountId from = drawn_account(d);
  return ask_ledger(d, ledger::Transfer{from, partner_of(d, from, !d.random.chance(1, 10)),
                                        d.unit_hours(1, 400), "moved"});
}

Wish exchange_units(Drawing& d) {
  const AccountId from = drawn_account(d);
  const Rational rate{d.random.between(1, 64), d.random.between(1, 8)};
  return ask_ledger(d, ledger::Exchange{from, partner_of(d, from, d.random.chance(1, 10)),
                                        d.unit_hours(1, 100), rate, "exchanged"});
}

Wish correct_charge(Drawing& d) {
  ledger::CorrectCharge command;
  command.account = drawn_account(d);
  command.amount = ComputeTime{d.random.between(1, 20 * hours(1).ms)};
  if (d.random.chance(1, 3)) command.amount = -command.amount;
  command.job = d.state.jobs.last_job;
  command.text = "the node was slow";
  const auto* account = d.state.ledger.accounts.find(command.account);
  const auto* partition =
      account == nullptr ? nullptr : d.state.federation.partitions.find(account->partition);
  const PersonId actor = partition == nullptr ? d.anyone() : d.operator_of(partition->site);
  return {actor, Command{ledger::Command{command}}, {}};
}

}  // namespace

std::vector<Choice> calls_choices() {
  return {{1, register_mode},   {1, open_call},   {4, submit_proposal},
          {5, assess_proposal}, {6, grant_award}, {8, answer_award}};
}

std::vector<Choice> ledger_choices() {
  return {{3, add_capacity}, {3, transfer}, {3, exchange_units}, {4, correct_charge}};
}

}  // namespace fabrica::simulate
