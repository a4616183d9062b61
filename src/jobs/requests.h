#pragma once

#include <variant>
#include <vector>

#include "jobs/types.h"

namespace fabrica::jobs {

/// Run this job. Asked again until the site reports it queued, started or ended; the site knows it
/// by job and attempt, and takes each pair once.
struct StartJob {
  JobId job;
  std::uint32_t attempt = 1;
  ProjectId project;
  PersonId owner;
  PartitionId partition;
  Shared<JobRequest> request;
  AccountId account;  // the award's
};
FABRICA_DESCRIBE(StartJob, job, attempt, project, owner, partition, request, account)

/// Find out whether the site has this attempt. Asked again until the site reports it bound, queued,
/// started, ended or absent.
struct FindJob {
  JobId job;
  std::uint32_t attempt = 1;
  Time placed;  // it cannot be older than that, but for the site's clock
};
FABRICA_DESCRIBE(FindJob, job, attempt, placed)

/// Let the job that the site holds go. Asked again until the site reports it queued, started, ended
/// or absent.
struct ReleaseJob {
  JobId job;
  std::uint32_t attempt = 1;
  Binding binding;
};
FABRICA_DESCRIBE(ReleaseJob, job, attempt, binding)

/// Stop this job, or never start it. Asked again until each of its tasks is reported ended, or,
/// `unless_begun`, until a task is reported started: what has begun is then left alone. Such a job
/// has one task, and may also be reported absent.
struct StopJob {
  JobId job;
  std::uint32_t attempt = 1;
  std::uint32_t tasks = 1;
  Binding binding;  // blank: not known to be there
  bool unless_begun = false;
};
FABRICA_DESCRIBE(StopJob, job, attempt, tasks, binding, unless_begun)

/// Have an account for an award, with a limit on all that is used under it; or let it take no more
/// jobs. Asked again until the site reports that it has it so.
struct KeepAccount {
  AccountId account;
  PartitionId partition;  // whose unit the limit is in
  ComputeTime limit;
  bool closed = false;

  friend bool operator==(const KeepAccount&, const KeepAccount&) = default;
};
FABRICA_DESCRIBE(KeepAccount, account, partition, limit, closed)

using SiteRequest = std::variant<StartJob, StopJob, FindJob, ReleaseJob, KeepAccount>;

/// The job that a request or a report is about; none where it is about an account.
template <class... Kinds>
JobId job_of(const std::variant<Kinds...>& said) {
  return std::visit(
      [](const auto& one) {
        if constexpr (requires { one.job; })
          return one.job;
        else
          return JobId{};
      },
      said);
}

/// What the site should be told now: accounts, cancels, releases, then starts, each oldest first
/// and at most limits::site_requests_at_once. The same answer until it is reported done.
std::vector<SiteRequest> wanted(const State& state, SiteId site);

/// What the site is to have for an award, whether or not it has it so.
KeepAccount account_for(AccountId id, const SiteAccount& account);

}  // namespace fabrica::jobs
