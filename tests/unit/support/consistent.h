#pragma once

#include <map>
#include <set>

#include "unit/support/world.h"

/// The parts of State that are kept beside the things themselves, counted again from the things.
namespace fabrica::test {

namespace detail {

/// What sites keep for awards, from the books and from what they said.
inline std::string inconsistent_accounts(const State& state) {
  std::map<SiteId, std::set<AccountId>> to_keep;
  std::string wrong;
  for (const auto& [id, kept] : state.jobs.site_accounts) {
    const ledger::Account& award = state.ledger.accounts.at(id);
    const bool idle = kept.standing == jobs::AccountStanding::idle;
    if (kept.standing == jobs::AccountStanding::wanted) to_keep[kept.site].insert(id);
    if (kept.limit < award.balance + kept.used)
      wrong = fmt::format("{} may use less at its site than it may spend", id);
    if (kept.closing != (award.closed && award.held == ComputeTime{}))
      wrong = fmt::format("{} takes jobs at its site and is over, or the reverse", id);
    if (idle && kept.usable) wrong = fmt::format("{} is used at a site that keeps none", id);
  }
  for (const auto& [site, queue] : state.jobs.sites) {
    if (queue.to_keep != to_keep[site])
      wrong = fmt::format("{} is told to keep the wrong accounts", site);
    to_keep.erase(site);
  }
  if (!to_keep.empty()) wrong = "a site is told of no account";
  state.federation.sites.for_each([&](SiteId site, const federation::Site& facts) {
    if (!facts.keeps_accounts) return;
    for (const auto& [project, accounts] : state.ledger.of_project) {
      for (const AccountId id : accounts) {
        const ledger::Account& award = state.ledger.accounts.at(id);
        const bool here = state.federation.partitions.at(award.partition).site == site;
        if (here && !award.closed && !award.locked && !state.jobs.site_accounts.contains(id))
          wrong = fmt::format("{} lacks its account at {}", id, site);
      }
    }
  });
  return wrong;
}

/// Queues to sites, the work on partitions and the counts of live jobs, from the jobs alone.
inline std::string inconsistent_jobs(const State& state) {
  std::map<SiteId, jobs::SiteQueue> queues;
  std::map<PartitionId, ComputeTime> work;
  std::map<ProjectId, std::uint64_t> live_of_project;
  std::size_t ended = 0;
  std::string wrong;
  state.jobs.jobs.for_each([&](JobId id, const jobs::Job& job) {
    std::uint32_t left = 0;
    for (const jobs::Task& task : job.tasks) left += task.outcome == jobs::Outcome::none ? 1 : 0;
    if (job.phase == jobs::JobPhase::ended) {
      ended += 1;
      if (job.outcome == jobs::Outcome::none)
        wrong = fmt::format("{} ended without an outcome", id);
      return;
    }
    if (left != job.tasks_left || left == 0)
      wrong = fmt::format("{} has the wrong number of tasks left", id);
    if ((job.phase == jobs::JobPhase::waiting) != (job.dependencies_left > 0 || job.tentative)) {
      wrong = fmt::format("{} waits for nothing or does not wait", id);
    }
    if (job.tentative && !job.request->dependencies.empty())
      wrong = fmt::format("{} waits for jobs and for room", id);
    if (job.dependencies_left > job.request->dependencies.size())
      wrong = fmt::format("{} waits for too many", id);
    work[job.partition] += state.ledger.holds.at(jobs::hold_of(id)).remaining;
    live_of_project[job.project] += 1;
    const bool at_once = state.jobs.to_move.contains(id);
    if (at_once && !job.recalled) wrong = fmt::format("{} moves and is not recalled", id);
    if (job.recalled && job.cancel_requested) wrong = fmt::format("{} ends and moves", id);
    if (job.cancel_requested || (job.recalled && !at_once)) {
      queues[job.site].to_cancel.insert(id);
    } else if (!job.recalled && job.phase == jobs::JobPhase::placed) {
      jobs::SiteQueue& queue = queues[job.site];
      const auto account = state.jobs.site_accounts.find(job.account);
      const bool lacks = job.submission == jobs::SubmissionState::none &&
                         account != state.jobs.site_accounts.end() &&
                         account->second.standing != jobs::AccountStanding::idle &&
                         !account->second.usable;
      if (job.submission == jobs::SubmissionState::bound)
        queue.to_release.insert(id);
      else
        (lacks ? queue.without_account : queue.to_start).insert(id);
    }
  });
  for (const auto& [site, queue] : state.jobs.sites) {
    const jobs::SiteQueue& counted = queues[site];
    if (queue.to_start != counted.to_start)
      wrong = fmt::format("{} is told to start the wrong jobs", site);
    if (queue.to_cancel != counted.to_cancel)
      wrong = fmt::format("{} is told to stop the wrong jobs", site);
    if (queue.to_release != counted.to_release)
      wrong = fmt::format("{} is told to let go the wrong jobs", site);
    if (queue.without_account != counted.without_account)
      wrong = fmt::format("{} holds back the wrong jobs", site);
    queues.erase(site);
  }
  if (!queues.empty()) wrong = "a site is told nothing";
  if (work != state.jobs.work) wrong = "the work on a partition is not what its jobs hold";
  if (live_of_project != state.jobs.live_of_project)
    wrong = "a project's count of live jobs is wrong";
  if (ended != state.jobs.ended.size()) wrong = "the list of ended jobs is wrong";
  for (const JobId id : state.jobs.doomed) {
    if (state.jobs.jobs.at(id).phase != jobs::JobPhase::waiting)
      wrong = fmt::format("{} is doomed, not waiting", id);
  }
  return wrong;
}

/// Deadlines, queues of calls and closed accounts, from the awards and proposals alone.
inline std::string inconsistent_calls(const State& state) {
  std::set<std::pair<Time, AwardId>> deadlines;
  std::map<CallId, std::set<ProposalId>> waiting;
  std::string wrong;
  state.calls.awards.for_each([&](AwardId id, const calls::Award& award) {
    const ledger::Account& account = state.ledger.accounts.at(award.account);
    const bool offered = award.phase == calls::AwardPhase::offered;
    const bool active = award.phase == calls::AwardPhase::active;
    if (offered) deadlines.emplace(award.accept_until, id);
    if (active) deadlines.emplace(award.ends, id);
    if (account.closed == (offered || active))
      wrong = fmt::format("{} is over and open, or the reverse", id);
    if (active && account.locked) wrong = fmt::format("{} is active and locked", id);
    if (account.closed && account.available() != ComputeTime{}) {
      wrong = fmt::format("{} is over and keeps {} ms", id, account.available().unit_ms());
    }
  });
  state.calls.proposals.for_each([&](ProposalId id, const calls::Proposal& proposal) {
    const auto phase = proposal.phase;
    if (phase == calls::ProposalPhase::eligible || phase == calls::ProposalPhase::suitable) {
      waiting[proposal.call].insert(id);
    }
  });
  if (deadlines != state.calls.deadlines) wrong = "the deadlines are not those of the awards";
  for (const auto& [call, queue] : state.calls.waiting) {
    const std::set<ProposalId> queued(queue.begin(), queue.end());
    if (!std::ranges::is_sorted(queue) || queued != waiting[call])
      wrong = fmt::format("{} has a wrong queue", call);
    waiting.erase(call);
  }
  std::erase_if(waiting, [](const auto& call) { return call.second.empty(); });
  if (!waiting.empty()) wrong = "a call lacks its queue";
  return wrong;
}

}  // namespace detail

/// Empty when all parts of State agree; otherwise a sentence about one that does not.
inline std::string inconsistency(const State& state) {
  if (std::string broken = broken_invariant(state); !broken.empty()) return broken;
  if (std::string wrong = detail::inconsistent_jobs(state); !wrong.empty()) return wrong;
  if (std::string wrong = detail::inconsistent_accounts(state); !wrong.empty()) return wrong;
  return detail::inconsistent_calls(state);
}

}  // namespace fabrica::test
