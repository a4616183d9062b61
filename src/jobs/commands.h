#pragma once

#include <string>
#include <variant>

#include "jobs/types.h"

namespace fabrica::jobs {

/// Needs a member of the project. The hold is placed before any site is told.
struct SubmitJob {
  ProjectId project;
  Shared<JobRequest> request;
};
FABRICA_DESCRIBE(SubmitJob, project, request)

/// Needs a member of the job's project, or the operator of its site. Cancelling an ended job
/// changes nothing.
struct CancelJob {
  JobId job;
};
FABRICA_DESCRIBE(CancelJob, job)

/// Whether the site has this attempt cannot be told: the answer was lost, or the server restarted.
struct SiteUnknown {
  JobId job;
  std::uint32_t attempt = 1;
  std::string text;

  friend bool operator==(const SiteUnknown&, const SiteUnknown&) = default;
};
FABRICA_DESCRIBE(SiteUnknown, job, attempt, text)

/// The site holds this attempt, not yet let go. First as it was acknowledged, by its id alone; then
/// as the site shows it, with the time of its submission.
struct SiteBound {
  JobId job;
  std::uint32_t attempt = 1;
  std::string cluster;
  Binding binding;

  friend bool operator==(const SiteBound&, const SiteBound&) = default;
};
FABRICA_DESCRIBE(SiteBound, job, attempt, cluster, binding)

/// The site has no such attempt, and it will not come late. Where none of its tasks had begun the
/// next attempt follows; otherwise what they said themselves counts, and what did not is lost.
struct SiteAbsent {
  JobId job;
  std::uint32_t attempt = 1;
  std::string text;

  friend bool operator==(const SiteAbsent&, const SiteAbsent&) = default;
};
FABRICA_DESCRIBE(SiteAbsent, job, attempt, text)

// A report of another attempt than the job's own changes nothing.

/// The site has the job in its queue under `reference`.
struct SiteQueued {
  JobId job;
  std::string reference;
  std::uint32_t attempt = 1;

  friend bool operator==(const SiteQueued&, const SiteQueued&) = default;
};
FABRICA_DESCRIBE(SiteQueued, job, reference, attempt)

struct SiteStarted {
  JobId job;
  std::uint32_t task = 0;  // place in the array, from 0
  Time at;                 // by the site's clock
  std::uint32_t attempt = 1;

  friend bool operator==(const SiteStarted&, const SiteStarted&) = default;
};
FABRICA_DESCRIBE(SiteStarted, job, task, at, attempt)

/// A task has ended, or will never start (`started` is zero). Bears all that is known, so that it
/// stands alone when the start was never heard.
struct SiteEnded {
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
  std::uint32_t attempt = 1;
  bool says_start = false;  // its tasks begin nothing without having said so: BeginTask
  RunKey key = {};

  friend bool operator==(const SiteEnded&, const SiteEnded&) = default;
};
FABRICA_DESCRIBE(SiteEnded, job, task, started, ended, outcome, exit_code, signal, cpu_ms,
                 memory_bytes_peak, text, attempt, says_start, key)

/// The site ended a run of the task and begins, or began, it anew. May come after the task's end. A
/// run of a task is known by its start: `key.started` is not zero.
struct SiteRunEnded {
  JobId job;
  std::uint32_t task = 0;
  std::uint32_t attempt = 1;
  RunKey key = {};
  Time ended;
  Outcome outcome = Outcome::cancelled;
  std::string text;
  bool says_start = false;  // as in SiteEnded

  friend bool operator==(const SiteRunEnded&, const SiteRunEnded&) = default;
};
FABRICA_DESCRIBE(SiteRunEnded, job, task, attempt, key, ended, outcome, text, says_start)

/// The site has the award's account with this limit, or closed.
struct AccountKept {
  AccountId account;
  ComputeTime limit;
  bool closed = false;

  friend bool operator==(const AccountKept&, const AccountKept&) = default;
};
FABRICA_DESCRIBE(AccountKept, account, limit, closed)

/// The site did not make the account as it was told, and is told again.
struct AccountNotKept {
  AccountId account;
  std::string text;

  friend bool operator==(const AccountNotKept&, const AccountNotKept&) = default;
};
FABRICA_DESCRIBE(AccountNotKept, account, text)

/// Somebody at the site made the account other than it was told. `lessened`: it allows less.
struct AccountFoundAltered {
  AccountId account;
  bool lessened = false;
  std::string text;

  friend bool operator==(const AccountFoundAltered&, const AccountFoundAltered&) = default;
};
FABRICA_DESCRIBE(AccountFoundAltered, account, lessened, text)

using Report = std::variant<SiteQueued, SiteStarted, SiteEnded, SiteUnknown, SiteBound, SiteAbsent,
                            SiteRunEnded, AccountKept, AccountNotKept, AccountFoundAltered>;

/// Places a job that waits with us for good: there is, or will be, room for it. Its hold goes
/// along. Changes nothing when the job waits no more. Refused as a submission is when it cannot go
/// there now. Only the system itself says this.
struct PlaceJob {
  JobId job;
  PartitionId partition;
  std::string reasons;
};
FABRICA_DESCRIBE(PlaceJob, job, partition, reasons)

/// What a site's worker heard. May be repeated, late and out of order: what is known already
/// changes nothing. Only the system itself says this.
struct ReportFromSite {
  SiteId site;
  Report report;
};
FABRICA_DESCRIBE(ReportFromSite, site, report)

/// What a running task says of itself, in the name of the job: the system hands it on.
struct OwnWord {
  JobId job;
  std::uint32_t attempt = 1;
  std::uint32_t number = 0;   // of the task in its array; zero: no array
  std::uint64_t binding = 0;  // the id under which its site runs it
  std::uint32_t run = 0;      // how often its site began it anew
};
FABRICA_DESCRIBE(OwnWord, job, attempt, number, binding, run)

/// The task is about to run its script, and does so only when this is accepted. Refused for good
/// when it must not run (another attempt counts, it is a copy, it was cancelled): superseded.
/// Refused for now when the job is not bound yet: not_bound. Accepted again it changes nothing.
struct BeginTask {
  OwnWord word;
};
FABRICA_DESCRIBE(BeginTask, word)

/// The task's script has come to its end. Refused as BeginTask is.
struct ReturnTask {
  OwnWord word;
  std::int32_t exit_code = 0;
};
FABRICA_DESCRIBE(ReturnTask, word, exit_code)

/// Gives the site's accounts again what somebody there took from them. Needs the site's operator.
struct MendAccounts {
  SiteId site;
};
FABRICA_DESCRIBE(MendAccounts, site)

using Command = std::variant<SubmitJob, CancelJob, ReportFromSite, BeginTask, ReturnTask,
                             MendAccounts, PlaceJob>;

}  // namespace fabrica::jobs
