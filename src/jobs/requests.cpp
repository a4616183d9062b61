#include "jobs/requests.h"

#include "base/limits.h"

namespace fabrica::jobs {

std::vector<SiteRequest> wanted(const State& state, SiteId site) {
  std::vector<SiteRequest> requests;
  const auto queue = state.sites.find(site);
  if (queue == state.sites.end()) return requests;
  for (const JobId id : queue->second.to_cancel) {
    if (requests.size() >= limits::site_requests_at_once) return requests;
    const Job& job = state.jobs.at(id);
    requests.emplace_back(StopJob{id, job.attempt, static_cast<std::uint32_t>(job.tasks.size())});
  }
  for (const JobId id : queue->second.to_start) {
    if (requests.size() >= limits::site_requests_at_once) return requests;
    const Job& job = state.jobs.at(id);
    requests.emplace_back(
        StartJob{id, job.attempt, job.project, job.owner, job.partition, job.request});
  }
  return requests;
}

}  // namespace fabrica::jobs
