#pragma once

#include <string>
#include <variant>
#include <vector>

#include "jobs/types.h"
#include "ledger/events.h"

namespace fabrica::jobs {

struct JobAccepted {
  JobId id;
  ProjectId project;
  PersonId owner;
  Shared<JobRequest> request;
  std::uint32_t dependencies_left = 0;
  Time at;
};
FABRICA_DESCRIBE(JobAccepted, id, project, owner, request, dependencies_left, at)

/// Where the job goes, and why: `reasons` are kept as said then, never computed again. `tentative`:
/// it waits with us, its hold stands there, and another JobPlaced follows before a site is told.
struct JobPlaced {
  JobId job;
  SiteId site;
  PartitionId partition;
  AccountId account;
  Rational units;
  ComputeTime hold_per_task;
  std::string policy;
  std::string reasons;
  bool tentative = false;
};
FABRICA_DESCRIBE(JobPlaced, job, site, partition, account, units, hold_per_task, policy, reasons,
                 tentative)

struct JobQueued {
  JobId job;
  std::string reference;
};
FABRICA_DESCRIBE(JobQueued, job, reference)

/// Whether the site has this attempt is not known; it is searched for, never submitted blindly.
struct JobUnknown {
  JobId job;
  std::uint32_t attempt = 1;
  std::string text;
};
FABRICA_DESCRIBE(JobUnknown, job, attempt, text)

/// The site holds this attempt, under a name that is its own for good.
struct JobBound {
  JobId job;
  std::uint32_t attempt = 1;
  std::string cluster;
  Binding binding;
};
FABRICA_DESCRIBE(JobBound, job, attempt, cluster, binding)

/// The attempt before is not at the site and will not run there; this one begins.
struct JobRetried {
  JobId job;
  std::uint32_t attempt = 2;
  std::string text;
};
FABRICA_DESCRIBE(JobRetried, job, attempt, text)

/// `run` counts the times that its site began it anew, where the task itself says so.
struct TaskStarted {
  JobId job;
  std::uint32_t task = 0;
  Time at;
  std::uint32_t run = 0;
};
FABRICA_DESCRIBE(TaskStarted, job, task, at, run)

/// The task's own word that its script has come to its end. The site's word settles it; this one
/// counts where the site has forgotten.
struct TaskReturned {
  JobId job;
  std::uint32_t task = 0;
  Time at;
  std::int32_t exit_code = 0;
};
FABRICA_DESCRIBE(TaskReturned, job, task, at, exit_code)

struct TaskEnded {
  JobId job;
  std::uint32_t task = 0;
  Time started;
  Time ended;
  Outcome outcome = Outcome::completed;
  std::int32_t exit_code = 0;
  std::int32_t signal = 0;
  std::int64_t cpu_ms = 0;
  std::int64_t memory_bytes_peak = 0;
  std::string text;
  RunKey key = {};  // of its last run
};
FABRICA_DESCRIBE(TaskEnded, job, task, started, ended, outcome, exit_code, signal, cpu_ms,
                 memory_bytes_peak, text, key)

/// `by` nobody: the system itself, because the account cannot hold for another run.
struct JobCancelRequested {
  JobId job;
  PersonId by;
};
FABRICA_DESCRIBE(JobCancelRequested, job, by)

/// All tasks have ended, or the job will never run. Its hold is settled by the ledger's events in
/// the same batch.
struct JobEnded {
  JobId job;
  Outcome outcome = Outcome::completed;
};
FABRICA_DESCRIBE(JobEnded, job, outcome)

/// A site takes no jobs any more: those that wait there, from `from` on, are still to be looked at.
/// none: all have been.
struct EvacuationAdvanced {
  SiteId site;
  JobId from;
};
FABRICA_DESCRIBE(EvacuationAdvanced, site, from)

/// The job has not begun and shall run elsewhere. `at_once`: its site need not be asked, since it
/// lets nothing begin without asking the server.
struct JobRecalled {
  JobId job;
  std::uint32_t attempt = 1;
  bool at_once = false;
  std::string text;
};
FABRICA_DESCRIBE(JobRecalled, job, attempt, at_once, text)

/// The attempt before will never begin. The job leaves its site and its hold is released; where it
/// goes is said by a JobPlaced in the same batch, after its new hold.
struct JobMoved {
  JobId job;
  std::uint32_t attempt = 2;
  std::string text;
};
FABRICA_DESCRIBE(JobMoved, job, attempt, text)

/// The site ended a run of the task to begin it anew. It is charged as an end is, by the ledger's
/// events that follow; of its cost the account did not have `owed`.
struct RunEnded {
  JobId job;
  std::uint32_t task = 0;
  RunKey key = {};
  Time ended;
  Outcome outcome = Outcome::cancelled;
  ComputeTime owed;
  std::string text;
};
FABRICA_DESCRIBE(RunEnded, job, task, key, ended, outcome, owed, text)

/// The charge that follows is for an earlier run: what it owed is taken from what its task's hold
/// leaves.
struct OwedCharged {
  JobId job;
  std::uint32_t task = 0;
  Time started;  // of the earlier run, by the site's clock
  ComputeTime amount;
};
FABRICA_DESCRIBE(OwedCharged, job, task, started, amount)

/// The site has the award's account, with this limit on all that is used there.
struct AccountProvided {
  AccountId account;
  SiteId site;
  ComputeTime limit;
};
FABRICA_DESCRIBE(AccountProvided, account, site, limit)

/// The award is over, and its account at the site takes no more jobs.
struct AccountShut {
  AccountId account;
  SiteId site;
};
FABRICA_DESCRIBE(AccountShut, account, site)

/// The site does not take what it is told of the account; said once for each reason.
struct AccountRefused {
  AccountId account;
  SiteId site;
  std::string text;
};
FABRICA_DESCRIBE(AccountRefused, account, site, text)

/// Somebody at the site changed the account. What allows more is taken back by itself; what allows
/// less (`lessened`) stands until the site's operator has it mended.
struct AccountAltered {
  AccountId account;
  SiteId site;
  bool lessened = false;
  std::string text;
};
FABRICA_DESCRIBE(AccountAltered, account, site, lessened, text)

/// Accounts that were lessened at the site are to be there again as they were.
struct AccountsMended {
  SiteId site;
  PersonId by;
};
FABRICA_DESCRIBE(AccountsMended, site, by)

using Event =
    std::variant<JobAccepted, JobPlaced, JobQueued, TaskStarted, TaskEnded, JobCancelRequested,
                 JobEnded, JobUnknown, JobBound, JobRetried, TaskReturned, EvacuationAdvanced,
                 JobRecalled, JobMoved, RunEnded, OwedCharged, AccountProvided, AccountShut,
                 AccountRefused, AccountAltered, AccountsMended>;

/// What one of this area's decisions may yield: its own events and the ledger's.
using Yield = std::variant<ledger::Event, Event>;

}  // namespace fabrica::jobs
