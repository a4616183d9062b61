#include "jobs/requests.h"

#include "base/limits.h"

namespace fabrica::jobs {

namespace {

SiteRequest start_request(JobId id, const Job& job) {
  switch (job.submission) {
    case SubmissionState::none:
      break;
    case SubmissionState::unknown:
      return FindJob{id, job.attempt, job.submitted};
    case SubmissionState::bound:
      return ReleaseJob{id, job.attempt, job.binding};
  }
  return StartJob{id, job.attempt, job.project, job.owner, job.partition, job.request};
}

}  // namespace

std::vector<SiteRequest> wanted(const State& state, SiteId site) {
  std::vector<SiteRequest> requests;
  const auto queue = state.sites.find(site);
  if (queue == state.sites.end()) return requests;
  for (const JobId id : queue->second.to_cancel) {
    if (requests.size() >= limits::site_requests_at_once) return requests;
    const Job& job = state.jobs.at(id);
    requests.emplace_back(
        StopJob{id, job.attempt, static_cast<std::uint32_t>(job.tasks.size()), job.binding});
  }
  for (const JobId id : queue->second.to_start) {
    if (requests.size() >= limits::site_requests_at_once) return requests;
    requests.push_back(start_request(id, state.jobs.at(id)));
  }
  return requests;
}

}  // namespace fabrica::jobs
