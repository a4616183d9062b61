#include "simulate/auditor.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace fabrica::simulate {

namespace {

using jobs::JobId;
using ledger::AccountId;

}  // namespace

void Auditor::must(bool holds, const Recorded& recorded, std::string_view what) {
  if (holds || !broken_.empty()) return;
  broken_ = fmt::format("event {}: {}", recorded.seq.value, what);
}

void Auditor::read(const std::vector<Recorded>& log) {
  for (; seen_ < log.size() && broken_.empty(); ++seen_) see(log[seen_]);
}

void Auditor::see(const Recorded& recorded) {
  check_cause(recorded);
  std::visit(
      [&](const auto& area) {
        std::visit([&](const auto& event) { note(recorded, event); }, area);
      },
      recorded.event);
  due_ = std::exchange(next_due_, std::nullopt);
  if (broken_.empty()) apply(state_, recorded);
}

// A command is done once: its events stand together, and nowhere else.
void Auditor::check_cause(const Recorded& recorded) {
  if (recorded.cause != cause_ && recorded.cause) {
    must(causes_.insert(recorded.cause).second, recorded, "a command was done twice");
  }
  cause_ = recorded.cause;
}

bool Auditor::is_usage(AccountId account) const {
  const ledger::Account* known = state_.ledger.accounts.find(account);
  return known != nullptr && known->kind == ledger::AccountKind::usage;
}

void Auditor::note(const Recorded& recorded, const jobs::JobAccepted& event) {
  must(!jobs_.contains(event.id), recorded, "a job was accepted twice");
  jobs_[event.id].dependencies = event.request->dependencies;
  if (!recorded.cause) jobs_without_cause_ += 1;
}

void Auditor::note(const Recorded& recorded, const ledger::HoldPlaced& event) {
  JobBook& job = jobs_[JobId{event.hold.value}];
  must(job.held == job.released && job.charged == ComputeTime{} && !job.ended, recorded,
       "a live job has one hold at a time");
  job.held += event.amount;
}

void Auditor::note(const Recorded& recorded, const jobs::JobMoved& event) {
  must(!jobs_[event.job].begun, recorded, "a job that has begun was moved");
}

void Auditor::note(const Recorded& recorded, const jobs::JobPlaced& event) {
  must(federation::takes_jobs(state_.federation, event.site), recorded,
       "a job was placed at a site that takes none");
}

bool Auditor::is_met(const jobs::Dependency& dependency) const {
  const auto found = jobs_.find(dependency.job);
  if (found == jobs_.end()) return false;
  const JobBook& other = found->second;
  switch (dependency.kind) {
    case jobs::DependencyKind::after:
      return other.begun || other.ended;
    case jobs::DependencyKind::after_any:
      return other.ended;
    case jobs::DependencyKind::after_ok:
      return other.ended && other.outcome == jobs::Outcome::completed;
    case jobs::DependencyKind::after_not_ok:
      return other.ended && other.outcome != jobs::Outcome::completed;
  }
  return false;
}

std::string Auditor::why_not_start(JobId id) const {
  const auto found = jobs_.find(id);
  if (found == jobs_.end())
    return fmt::format("a site is told to start {}, which the log does not know", id);
  const JobBook& job = found->second;
  if (job.ended || state_.ledger.holds.find(jobs::hold_of(id)) == nullptr) {
    return fmt::format("a site is told to start {}, for which no hold stands", id);
  }
  const jobs::Job& known = state_.jobs.jobs.at(id);
  if (known.tentative) return fmt::format("a site is told to start {}, which waits with us", id);
  const auto account = state_.jobs.site_accounts.find(known.account);
  if (account != state_.jobs.site_accounts.end() && account->second.site == known.site &&
      account->second.standing != jobs::AccountStanding::idle && !account->second.usable) {
    return fmt::format("a site is told to start {} before it has the account for it", id);
  }
  for (const jobs::Dependency& dependency : job.dependencies) {
    if (is_met(dependency)) continue;
    return fmt::format("a site is told to start {} before its dependency {} on {} is met", id,
                       name_of(dependency.kind), dependency.job);
  }
  return {};
}

void Auditor::note(const Recorded& recorded, const jobs::TaskStarted& event) {
  JobBook& job = jobs_[event.job];
  if (!job.begun && !job.dependencies.empty()) dependencies_met_ += 1;
  job.begun = true;
  must(!job.ended && !ended_.contains({event.job, event.task}), recorded,
       "a task began after its end");
}

void Auditor::note(const Recorded& recorded, const jobs::TaskEnded& event) {
  must(ended_.emplace(TaskOfJob{event.job, event.task}, event).second, recorded,
       "a task ended twice");
  const ComputeTime cost = cost_of(event.job, event.started, event.ended);
  must(cost == ComputeTime{} || !past_runs_.contains({event.job, event.task, event.key.started}),
       recorded, "a run was charged as an earlier one, and as the last");
  next_due_ = Due{event.job, cost};
}

void Auditor::note(const Recorded& recorded, const jobs::RunEnded& event) {
  must(past_runs_.emplace(event.job, event.task, event.key.started).second, recorded,
       "an earlier run ended twice");
  const auto end = ended_.find({event.job, event.task});
  must(end == ended_.end() || end->second.key.started != event.key.started, recorded,
       "the last run of a task ended as an earlier one");
  const ComputeTime cost = cost_of(event.job, event.key.started, event.ended);
  must(event.owed <= cost, recorded, "a run owes more than it cost");
  next_due_ = Due{event.job, cost - event.owed};
}

void Auditor::note(const Recorded& recorded, const jobs::OwedCharged& event) {
  must(past_runs_.contains({event.job, event.task, event.started}), recorded,
       "a run owed that did not end");
  next_due_ = Due{event.job, event.amount};
}

// What a run costs: units times time, rounded up, never above the task's part of the hold.
ComputeTime Auditor::cost_of(JobId id, Time started, Time ended) const {
  const jobs::Job* job = state_.jobs.jobs.find(id);
  if (job == nullptr || started == Time{} || ended <= started) return {};
  __extension__ using Wide = __int128;
  const Wide exact = static_cast<Wide>(job->units.numerator) * (ended.ms - started.ms);
  const Wide up = (exact + job->units.denominator - 1) / job->units.denominator;
  const Wide most = std::min(up, static_cast<Wide>(job->hold_per_task.unit_ms()));
  return ComputeTime{static_cast<std::int64_t>(most)};
}

void Auditor::note(const Recorded& recorded, const jobs::JobEnded& event) {
  JobBook& job = jobs_[event.job];
  must(!job.ended, recorded, "a job ended twice");
  must(job.charged + job.released == job.held, recorded, "a job ended and its hold is not settled");
  job.ended = true;
  job.outcome = event.outcome;
}

// A charge follows the end it is for, and is what that end costs.
void Auditor::note(const Recorded& recorded, const ledger::UsageCharged& event) {
  const JobId id{event.hold.value};
  JobBook& job = jobs_[id];
  job.charged += event.amount;
  must(job.charged + job.released <= job.held, recorded, "a job was charged more than its hold");
  job.last_charge = event.amount;
  job.charges += 1;
  const jobs::Job* known = state_.jobs.jobs.find(id);
  must(known != nullptr && due_ && due_->job == id, recorded, "a charge without an end");
  if (known == nullptr || !due_) return;
  must(event.amount > ComputeTime{} && event.amount == due_->amount, recorded,
       "a charge is not what its run used");
  const ledger::AccountId usage = state_.ledger.of_partition.at(known->partition).usage;
  must(event.account == known->account && event.usage == usage, recorded,
       "a charge moves between other accounts than its job's");
  usage_[usage] += event.amount;
}

void Auditor::note(const Recorded& recorded, const ledger::HoldReleased& event) {
  JobBook& job = jobs_[JobId{event.hold.value}];
  job.released += event.amount;
  must(job.charged + job.released <= job.held, recorded, "more was released than held");
  const ledger::Account* account = state_.ledger.accounts.find(event.account);
  if (account != nullptr && account->closed) passed_on_to_pool_ += 1;
}

void Auditor::note(const Recorded& recorded, const ledger::HoldExtended& event) {
  JobBook& job = jobs_[JobId{event.hold.value}];
  must(!job.ended && event.amount == job.last_charge, recorded,
       "a hold grows by what an earlier run took of it");
  job.held += event.amount;
}

// A run that became known late is charged by the correction that follows.
void Auditor::note(const Recorded& recorded, const ledger::ChargeCorrected& event) {
  usage_[event.usage] -= event.amount;
  if (event.amount > ComputeTime{} || !due_) return;
  must(-event.amount <= due_->amount, recorded, "a late charge is more than its run used");
  JobBook& job = jobs_[due_->job];
  job.charged_late += -event.amount;
  job.charges += 1;
}

void Auditor::note(const Recorded&, const ledger::Transferred& event) {
  if (is_usage(event.from)) usage_[event.from] -= event.amount;
  if (is_usage(event.to)) usage_[event.to] += event.amount;
}

void Auditor::note(const Recorded&, const ledger::Exchanged& event) {
  if (is_usage(event.from)) usage_[event.from] -= event.amount_out;
  if (is_usage(event.to)) usage_[event.to] += event.amount_in;
}

void Auditor::note(const Recorded& recorded, const calls::AwardGranted& event) {
  const calls::Proposal* proposal = state_.calls.proposals.find(event.proposal);
  must(proposal != nullptr && proposal->phase == calls::ProposalPhase::suitable, recorded,
       "an award was granted for a proposal that is not found suitable");
}

void Auditor::note(const Recorded& recorded, const calls::AwardExpired& event) {
  const calls::Award* award = state_.calls.awards.find(event.award);
  must(award != nullptr && award->phase == calls::AwardPhase::active && award->ends <= recorded.at,
       recorded, "an award expired that was not active, or before its end");
  if (award == nullptr) return;
  if (state_.ledger.accounts.at(award->account).held > ComputeTime{}) expired_with_holds_ += 1;
}

void Auditor::check_books() {
  if (broken_.empty()) check_accounts();
  if (broken_.empty()) check_awards();
  if (broken_.empty()) check_live_jobs();
}

void Auditor::check_accounts() {
  state_.ledger.accounts.for_each([&](AccountId id, const ledger::Account& account) {
    if (account.closed && account.available() != ComputeTime{}) {
      broken_ =
          fmt::format("{} is closed and {} ms lie idle on it", id, account.available().unit_ms());
    }
    if (account.kind == ledger::AccountKind::usage && account.balance != usage_[id]) {
      broken_ = fmt::format("{} holds {} ms; charges, corrections and transfers give {}", id,
                            account.balance.unit_ms(), usage_[id].unit_ms());
    }
  });
}

// An account can be spent from while its award is active, and at no other time.
void Auditor::check_awards() {
  state_.calls.awards.for_each([&](calls::AwardId id, const calls::Award& award) {
    const ledger::Account& account = state_.ledger.accounts.at(award.account);
    const bool is_over =
        award.phase != calls::AwardPhase::offered && award.phase != calls::AwardPhase::active;
    if (account.closed != is_over)
      broken_ = fmt::format("{} and its {} are not over together", id, award.account);
    const bool is_offered = award.phase == calls::AwardPhase::offered;
    if (!is_over && account.locked != is_offered)
      broken_ = fmt::format("{} can be spent before it is accepted", id);
  });
}

void Auditor::check_live_jobs() {
  std::map<federation::ProjectId, std::uint64_t> live;
  std::map<federation::PartitionId, ComputeTime> work;
  state_.jobs.jobs.for_each([&](JobId id, const jobs::Job& job) {
    if (job.phase == jobs::JobPhase::ended) return;
    live[job.project] += 1;
    const ledger::Hold* hold = state_.ledger.holds.find(jobs::hold_of(id));
    if (hold != nullptr) work[job.partition] += hold->remaining;
  });
  for (const auto& [project, count] : state_.jobs.live_of_project) {
    if (live[project] != count)
      broken_ = fmt::format("the live jobs of {} are miscounted", project);
  }
  for (const auto& [partition, held] : work) {
    const auto known = state_.jobs.work.find(partition);
    if (known == state_.jobs.work.end() || known->second != held) {
      broken_ = fmt::format("the work on {} is not what its jobs hold", partition);
    }
  }
}

void Auditor::check_charges(federation::SiteId site, const std::map<JobId, Duration>& ran_for) {
  if (!broken_.empty()) return;
  for (const auto& [id, book] : jobs_) {
    const jobs::Job* job = state_.jobs.jobs.find(id);
    if (job == nullptr || job->site != site) continue;
    const auto ran = ran_for.find(id);
    const auto most =
        ran == ran_for.end() ? std::optional(ComputeTime{}) : jobs::cost(job->units, ran->second);
    const ComputeTime charged = book.charged + book.charged_late;
    // Each run is rounded up by itself.
    if (most && charged > *most + ComputeTime{book.charges})
      broken_ = fmt::format("{} was charged {} ms and ran for {} ms of its units", id,
                            charged.unit_ms(), most->unit_ms());
  }
}

void Auditor::check_runs(const std::map<TaskOfJob, std::uint64_t>& runs) {
  if (!broken_.empty()) return;
  for (const auto& [task, count] : runs) {
    const bool known = jobs_.contains(task.first) && ended_.contains(task);
    if (!known)
      broken_ =
          fmt::format("{} task {} ran and the log knows no end of it", task.first, task.second);
  }
  for (const auto& [task, end] : ended_) {
    if (end.started != Time{} && !runs.contains(task)) {
      broken_ = fmt::format("{} task {} is said to have run and did not", task.first, task.second);
    }
  }
}

}  // namespace fabrica::simulate
