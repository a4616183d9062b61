#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/amount.h"
#include "base/describe.h"
#include "base/digest.h"
#include "base/shared.h"
#include "base/table.h"
#include "federation/types.h"
#include "ledger/types.h"

/// Jobs: what is asked for, where it is placed, what its tasks did. A job is one submission; an
/// array has many tasks, any other job has one.
namespace fabrica::jobs {

using federation::PartitionId;
using federation::PersonId;
using federation::ProjectId;
using federation::SiteId;
using ledger::AccountId;
using ledger::HoldId;

struct JobTag {
  static constexpr std::string_view prefix = "job";
};
using JobId = Id<JobTag>;

/// Slurm's kinds: after (has begun), after_any (has ended), after_ok (ended well), after_not_ok
/// (did not).
enum class DependencyKind : std::uint8_t { after, after_any, after_ok, after_not_ok };
FABRICA_DESCRIBE_ENUM(DependencyKind, after, after_any, after_ok, after_not_ok)

struct Dependency {
  DependencyKind kind = DependencyKind::after_any;
  JobId job;
};
FABRICA_DESCRIBE(Dependency, kind, job)

/// What the scheduling and the billing of a job depend on, normalised from its sbatch script. The
/// script itself and what only the site needs (`document`) are kept outside the log by their
/// hashes.
struct JobRequest {
  std::string name;
  Sha256 script;
  Sha256 document;
  SiteId site;            // none: placement chooses
  PartitionId partition;  // none: placement chooses
  std::uint32_t nodes = 1;
  std::uint32_t tasks = 1;
  std::uint32_t cpus_per_node = 1;
  std::uint32_t gpus_per_node = 0;        // as the site's scheduler counts them
  std::uint64_t memory_mib_per_node = 0;  // zero: not stated
  bool whole_nodes = false;
  std::string gpu_kind;  // empty: any
  Duration time_limit;
  std::vector<std::uint32_t> array;  // task numbers, ascending; empty: no array
  std::uint32_t array_at_once = 0;   // zero: as many as fit
  std::vector<Dependency> dependencies;
  std::vector<PartitionId> unsuitable;  // ascending: do not know what the script asks for by name
};
FABRICA_DESCRIBE(JobRequest, name, script, document, site, partition, nodes, tasks, cpus_per_node,
                 gpus_per_node, memory_mib_per_node, whole_nodes, gpu_kind, time_limit, array,
                 array_at_once, dependencies, unsuitable)

/// How a task ended. `lost`: the site lost sight of it and says so.
enum class Outcome : std::uint8_t {
  none,
  completed,
  failed,
  timeout,
  out_of_memory,
  cancelled,
  launch_failed,
  lost,
  dependency_failed,
  refused
};
FABRICA_DESCRIBE_ENUM(Outcome, none, completed, failed, timeout, out_of_memory, cancelled,
                      launch_failed, lost, dependency_failed, refused)

struct Task {
  Outcome outcome = Outcome::none;
  std::int32_t exit_code = 0;  // while there is no outcome: what it said itself when it returned
  std::int32_t signal = 0;
  std::uint32_t run = 0;  // the last that it said it began, of an ended task the last that there
                          // was: its site's count of restarts
  Time started;           // zero: not yet
  Time ended;             // zero: not yet
  Time returned;          // when it said that its script had come to its end; zero: it did not
};
FABRICA_DESCRIBE(Task, outcome, exit_code, signal, started, ended, run, returned)

/// What is known of a placed job's submission, where a site may answer so that one cannot tell.
/// none: nothing that would contradict a submission now. unknown: it was or may have been
/// submitted, and the site is searched for it. bound: the site holds it under `binding`, and it may
/// be let go.
enum class SubmissionState : std::uint8_t { none, unknown, bound };
FABRICA_DESCRIBE_ENUM(SubmissionState, none, unknown, bound)

/// What names a job at its site for good: ids alone come again after a controller's crash. With an
/// id alone it was acknowledged, and the site has not shown it yet.
struct Binding {
  std::uint64_t id = 0;
  Time submitted;  // by the site's clock; zero: acknowledged only

  friend bool operator==(const Binding&, const Binding&) = default;
};
FABRICA_DESCRIBE(Binding, id, submitted)

/// What names one run of a task in its site's own books for good, all by the site's clock: a
/// requeue gives the same id another submission and start. Blank where a site keeps no such books.
struct RunKey {
  std::uint64_t id = 0;  // of the task, where those of an array have ids of their own
  Time submitted;
  Time started;                // zero: it never had a node
  std::uint32_t restarts = 0;  // runs that the site ended before this one

  friend bool operator==(const RunKey&, const RunKey&) = default;
};
FABRICA_DESCRIBE(RunKey, id, submitted, started, restarts)

/// A run of a requeued task that is settled, known by when it began. Among them is, once the task
/// has ended, its last.
struct PastRun {
  std::uint32_t task = 0;
  Time started;      // by the site's clock
  ComputeTime owed;  // of its cost, what the account did not have
};
FABRICA_DESCRIBE(PastRun, task, started, owed)

/// waiting: for other jobs, or with us until there is room at a site; placed: the site is to be
/// told; queued: the site has it; running: a task has begun; ended: all tasks have, and the hold is
/// settled.
enum class JobPhase : std::uint8_t { waiting, placed, queued, running, ended };
FABRICA_DESCRIBE_ENUM(JobPhase, waiting, placed, queued, running, ended)

struct Job {
  ProjectId project;
  PersonId owner;
  AccountId account;
  PartitionId partition;
  SiteId site;
  JobPhase phase = JobPhase::waiting;
  bool cancel_requested = false;
  bool recalled = false;   // to be taken back from its site, unless it has begun, and placed anew
  bool tentative = false;  // its site has not been told, and it may yet be placed elsewhere
  Outcome outcome = Outcome::none;
  std::uint32_t attempt = 1;
  std::uint32_t tasks_left = 1;
  std::uint32_t dependencies_left = 0;
  Time submitted;
  Rational units;             // billed units that one task occupies
  ComputeTime hold_per_task;  // units for the whole time limit, rounded up
  ComputeTime charged;
  Shared<JobRequest> request;
  std::vector<Task> tasks;
  std::vector<JobId> dependents;
  SubmissionState submission = SubmissionState::none;
  Binding binding;
};
FABRICA_DESCRIBE(Job, project, owner, account, partition, site, phase, cancel_requested, recalled,
                 tentative, outcome, attempt, tasks_left, dependencies_left, submitted, units,
                 hold_per_task, charged, request, tasks, dependents, submission, binding)

/// What one site is still to be told, oldest job first.
struct SiteQueue {
  std::set<JobId> to_start;
  std::set<JobId> to_cancel;
  std::set<JobId> to_release;       // bound, and not let go yet
  std::set<AccountId> to_keep;      // accounts that the site is to have otherwise than it has
  std::set<JobId> without_account;  // placed, and to be started once their account is there

  bool wants_anything() const {
    return !to_start.empty() || !to_cancel.empty() || !to_release.empty() || !to_keep.empty();
  }
};
FABRICA_DESCRIBE(SiteQueue, to_start, to_cancel, to_release, to_keep, without_account)

/// How an award's account stands at a site that keeps one for it. wanted: the site is to be told;
/// kept: it has it so; altered: somebody there took away what we gave, and the site is not told
/// again until its operator wants it so; idle: the site has stopped to keep accounts.
enum class AccountStanding : std::uint8_t { wanted, kept, altered, idle };
FABRICA_DESCRIBE_ENUM(AccountStanding, wanted, kept, altered, idle)

/// What a site that keeps accounts shall have for an award; the account bears the number of the
/// award's. See site_accounts.h for the limit.
struct SiteAccount {
  SiteId site;
  PartitionId partition;
  AccountStanding standing = AccountStanding::wanted;
  bool usable = false;   // the site has it: jobs may be sent there
  bool closing = false;  // the award is over and holds nothing: the account takes no more jobs
  ComputeTime limit;     // on all that is used there, from the first day
  ComputeTime used;      // by our jobs there
  std::string trouble;   // why the site has it otherwise
};
FABRICA_DESCRIBE(SiteAccount, site, partition, standing, usable, closing, limit, used, trouble)

struct State {
  Table<JobId, Job> jobs;  // live ones, and the last limits::ended_jobs_kept that ended
  std::map<SiteId, SiteQueue> sites;
  std::map<ProjectId, std::uint64_t> live_of_project;
  std::map<PartitionId, ComputeTime> work;  // held by live jobs
  std::deque<JobId> ended;                  // oldest first
  std::set<JobId> doomed;  // waiting for what can never happen; pass_time ends them
  // Sites that take no jobs any more, and from which job on theirs are still to be looked at.
  std::map<SiteId, JobId> evacuating;
  std::set<JobId> to_move;  // recalled from sites that need not be asked; pass_time moves them
  std::uint64_t live = 0;
  std::uint64_t last_job = 0;
  // Of known jobs that were requeued, by task and start; at most limits::past_runs_max a job.
  std::map<JobId, std::vector<PastRun>> past_runs;
  std::map<AccountId, SiteAccount> site_accounts;  // of awards that have had any
};
FABRICA_DESCRIBE(State, jobs, sites, live_of_project, work, ended, doomed, evacuating, to_move,
                 live, last_job, past_runs, site_accounts)

/// True when a dependency of this kind on a job that ended so can never be met.
bool never_met(DependencyKind kind, Outcome outcome);

/// What `units` cost for `duration`, rounded up to a whole unit-millisecond; nothing when above
/// amount_max.
std::optional<ComputeTime> cost(Rational units, Duration duration);

/// The hold that a job's tasks which have not ended still need.
inline HoldId hold_of(JobId job) { return HoldId{job.value}; }

}  // namespace fabrica::jobs
