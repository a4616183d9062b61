#include "calls/apply.h"

namespace fabrica::calls {

namespace {

void leave_queue(State& state, ProposalId id) {
  const auto queue = state.waiting.find(state.proposals.at(id).call);
  if (queue == state.waiting.end()) return;
  std::erase(queue->second, id);
  if (queue->second.empty()) state.waiting.erase(queue);
}

void apply_one(State& state, const ModeRegistered& event) {
  if (AccessMode* known = state.modes.find(event.id); known != nullptr) {
    *known = *event.mode;
    return;
  }
  state.modes.insert(event.id, *event.mode);
  state.mode_by_slug.emplace(event.mode->slug, event.id);
  state.last_mode = event.id.value;
}

void apply_one(State& state, const CallOpened& event) {
  state.calls.insert(event.id, event.call);
  state.last_call = event.id.value;
}

void apply_one(State& state, const ProposalSubmitted& event) {
  Proposal proposal;
  proposal.call = event.call;
  proposal.project = event.project;
  proposal.application = event.application;
  proposal.submitted_at = event.at;
  state.proposals.insert(event.id, std::move(proposal));
  state.last_proposal = event.id.value;
}

void apply_one(State& state, const EligibilityChecked& event) {
  Proposal& proposal = state.proposals.at(event.proposal);
  proposal.eligibility = event.verdicts;
  proposal.phase = event.eligible ? ProposalPhase::eligible : ProposalPhase::ineligible;
  if (event.eligible) state.waiting[proposal.call].push_back(event.proposal);
}

void apply_one(State& state, const ProposalAssessed& event) {
  Proposal& proposal = state.proposals.at(event.proposal);
  proposal.technical = event.verdicts;
  proposal.phase = event.suitable ? ProposalPhase::suitable : ProposalPhase::unsuitable;
  if (!event.suitable) leave_queue(state, event.proposal);
}

void apply_one(State& state, const AwardGranted& event) {
  Award award;
  award.proposal = event.proposal;
  award.project = event.project;
  award.partition = event.partition;
  award.account = event.account;
  award.amount = event.amount;
  award.months = event.months;
  award.accept_until = event.accept_until;
  state.awards.insert(event.id, award);
  state.last_award = event.id.value;
  state.deadlines.emplace(event.accept_until, event.id);
  state.proposals.at(event.proposal).phase = ProposalPhase::granted;
  leave_queue(state, event.proposal);
}

void apply_one(State& state, const AwardAccepted& event) {
  Award& award = state.awards.at(event.award);
  state.deadlines.erase({award.accept_until, event.award});
  award.phase = AwardPhase::active;
  award.starts = event.starts;
  award.ends = event.ends;
  state.deadlines.emplace(award.ends, event.award);
}

// The offer ends without the award ever being active.
void end_offer(State& state, AwardId id, AwardPhase phase) {
  Award& award = state.awards.at(id);
  state.deadlines.erase({award.accept_until, id});
  award.phase = phase;
}

void apply_one(State& state, const AwardDeclined& event) {
  end_offer(state, event.award, AwardPhase::declined);
}

void apply_one(State& state, const AwardLapsed& event) {
  end_offer(state, event.award, AwardPhase::lapsed);
}

void apply_one(State& state, const AwardExpired& event) {
  Award& award = state.awards.at(event.award);
  state.deadlines.erase({award.ends, event.award});
  award.phase = AwardPhase::expired;
}

}  // namespace

void apply(State& state, const Event& event) {
  std::visit([&](const auto& one) { apply_one(state, one); }, event);
}

}  // namespace fabrica::calls
