#include "jobs/requests.h"

#include "base/limits.h"

namespace fabrica::jobs {

namespace {

SiteRequest start_request(JobId id, const Job& job) {
  if (job.submission == SubmissionState::unknown) return FindJob{id, job.attempt, job.submitted};
  return StartJob{id, job.attempt, job.project, job.owner, job.partition, job.request, job.account};
}

}  // namespace

KeepAccount account_for(AccountId id, const SiteAccount& account) {
  return {id, account.partition, account.limit, account.closing};
}

std::vector<SiteRequest> wanted(const State& state, SiteId site) {
  std::vector<SiteRequest> requests;
  const auto queue = state.sites.find(site);
  if (queue == state.sites.end()) return requests;
  for (const AccountId id : queue->second.to_keep) {
    if (requests.size() >= limits::site_requests_at_once) break;
    requests.emplace_back(account_for(id, state.site_accounts.at(id)));
  }
  const auto add = [&](const std::set<JobId>& jobs, auto request) {
    std::size_t room = limits::site_requests_at_once;
    for (auto id = jobs.begin(); id != jobs.end() && room > 0; ++id, --room)
      requests.push_back(request(*id, state.jobs.at(*id)));
  };
  add(queue->second.to_cancel, [](JobId id, const Job& job) -> SiteRequest {
    return StopJob{id, job.attempt, static_cast<std::uint32_t>(job.tasks.size()), job.binding,
                   job.recalled};
  });
  add(queue->second.to_release, [](JobId id, const Job& job) -> SiteRequest {
    return ReleaseJob{id, job.attempt, job.binding};
  });
  add(queue->second.to_start, start_request);
  return requests;
}

}  // namespace fabrica::jobs
