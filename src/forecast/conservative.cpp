#include "forecast/conservative.h"

#include <algorithm>

namespace fabrica::forecast {

Time Conservative::next_start() const {
  while (!promised_.empty()) {
    const Moments::Entry& next = promised_.next();
    if (starts_[next.job] == next.at) return next.at;
    promised_.pop();
  }
  return never;
}

void Conservative::promise(JobIndex job) {
  const Job& properties = jobs_[job];
  const Time start = profile_.earliest(properties.width, properties.limit);
  profile_.take(start, start + properties.limit, properties.width);
  if (job >= starts_.size()) starts_.resize(std::size_t{job} + 1 + starts_.size() / 2, never);
  starts_[job] = start;
  queue_.push_back(job);
  promised_.push(start, job);
}

void Conservative::failed(const Outage& outage) {
  std::vector<JobIndex> again;
  for (const JobIndex job : queue_) {
    const Time planned = starts_[job];
    if (planned == never) continue;
    profile_.give_back(planned, planned + jobs_[job].limit, jobs_[job].width);
    starts_[job] = never;
    again.push_back(job);
  }
  fresh_.insert(fresh_.begin(), again.begin(), again.end());
  queue_.clear();
  outages_.add(outage, profile_);
}

void Conservative::move_ahead() {
  std::size_t kept = 0;
  std::size_t asked = 0;
  for (const JobIndex job : queue_) {
    const Time planned = starts_[job];
    if (planned == never) continue;
    queue_[kept++] = job;
    if (planned <= now_ || asked++ >= depth_) continue;
    const Job& properties = jobs_[job];
    const Time start = profile_.earliest(properties.width, properties.limit, planned);
    if (start == planned) continue;
    profile_.give_back(planned, planned + properties.limit, properties.width);
    profile_.take(start, start + properties.limit, properties.width);
    starts_[job] = start;
    promised_.push(start, job);
  }
  queue_.resize(kept);
}

}  // namespace fabrica::forecast
