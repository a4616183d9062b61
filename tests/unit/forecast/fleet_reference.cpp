#include "unit/forecast/fleet_reference.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "forecast/gap.h"

namespace fabrica::forecast {

namespace {

using Site = std::uint32_t;

/// A fleet over time, plainly.
class PlainFleet {
 public:
  PlainFleet(const Fleet& fleet, const std::vector<Job>& jobs) : fleet_(fleet), jobs_(jobs) {
    made_.starts.assign(jobs.size(), never);
    made_.sites.assign(jobs.size(), 0);
    for (Site site = 0; site < fleet.widths.size(); ++site) narrow_first_.push_back(site);
    std::sort(narrow_first_.begin(), narrow_first_.end(), [&](Site a, Site b) {
      return std::pair(fleet.widths[a], a) < std::pair(fleet.widths[b], b);
    });
  }

  FleetSchedule run() && {
    for (now_ = next_moment(); now_ != never; now_ = next_moment()) {
      learn_from_ends();
      for (; arrived_ < jobs_.size() && jobs_[arrived_].submit == now_; ++arrived_) {
        waiting_.push_back(arrived_);
        expected_[arrived_] = expected(arrived_);
      }
      fleet_.placement == Placement::late_binding ? pass_late() : pass_first_to_start();
      made_.waiting_max = std::max(made_.waiting_max, waiting_.size());
    }
    return std::move(made_);
  }

 private:
  Time next_moment() const {
    Time next = never;
    if (arrived_ < jobs_.size()) next = jobs_[arrived_].submit;
    for (const JobIndex job : started_) {
      if (!ended_.contains(job)) next = std::min(next, made_.starts[job] + jobs_[job].run);
    }
    return next;
  }

  // In the order in which they started, as they are told where several end at one moment.
  void learn_from_ends() {
    for (const JobIndex job : started_) {
      if (ended_.contains(job) || made_.starts[job] + jobs_[job].run > now_) continue;
      ended_[job] = true;
      runs_of_[jobs_[job].user].push_back(jobs_[job].run.ms);
    }
  }

  Duration expected(JobIndex job) {
    const auto& runs = runs_of_[jobs_[job].user];
    if (runs.empty()) return jobs_[job].limit;
    const std::int64_t last = runs.back();
    const std::int64_t mean = runs.size() == 1 ? last : last + (runs[runs.size() - 2] - last) / 2;
    return milliseconds(std::clamp<std::int64_t>(mean, 1, jobs_[job].limit.ms));
  }

  std::int32_t free_at(Site site) const {
    std::int32_t free = fleet_.widths[site];
    for (const JobIndex job : started_) {
      if (made_.sites[job] == site && !ended_.contains(job)) free -= jobs_[job].width;
    }
    return free;
  }

  // What may start there now without delaying `head`.
  Gap gap_at(Site site, std::optional<JobIndex> head) const {
    std::int32_t free = free_at(site);
    Gap gap{free, free, Duration{never.ms}};
    if (!head || jobs_[*head].width <= free) {
      if (head) gap = {free, free - jobs_[*head].width, {}};
      return gap;
    }
    std::map<Time, std::int32_t> ends;
    for (const JobIndex job : started_) {
      if (made_.sites[job] == site && !ended_.contains(job))
        ends[made_.starts[job] + jobs_[job].limit] += jobs_[job].width;
    }
    for (const auto& [end, width] : ends) {
      free += width;
      gap.window = end - now_;
      if (free >= jobs_[*head].width) break;
    }
    gap.spare = std::min(gap.free, free - jobs_[*head].width);
    return gap;
  }

  void start(JobIndex job, Site site) {
    std::erase(waiting_, job);
    made_.starts[job] = now_;
    made_.sites[job] = site;
    started_.push_back(job);
  }

  bool admits(Site site, JobIndex job) const {
    const auto head = protected_.find(site);
    return gap_at(site, head == protected_.end() ? std::nullopt : std::optional(head->second))
        .admits(jobs_[job].width, jobs_[job].limit);
  }

  std::int32_t home_width(JobIndex job) const {
    std::int32_t home = 0;
    for (const Site site : narrow_first_) {
      home = fleet_.widths[site];
      if (home >= jobs_[job].width) break;
    }
    return home;
  }

  bool is_protected(JobIndex job) const {
    return std::any_of(protected_.begin(), protected_.end(),
                       [&](const auto& item) { return item.second == job; });
  }

  void protect() {
    for (const Site site : narrow_first_) {
      if (protected_.contains(site)) continue;
      for (const JobIndex job : waiting_) {
        if (is_protected(job) || home_width(job) != fleet_.widths[site]) continue;
        protected_[site] = job;
        break;
      }
    }
  }

  bool start_a_protected_one() {
    std::map<JobIndex, Site> oldest_first;
    for (const auto& [site, job] : protected_) oldest_first[job] = site;
    for (const auto& [job, home] : oldest_first) {
      std::optional<Site> there;
      if (jobs_[job].width <= free_at(home)) there = home;
      bool past_home = false;
      for (const Site site : narrow_first_) {
        if (!there && past_home && admits(site, job)) there = site;
        past_home |= site == home;
      }
      if (!there) continue;
      protected_.erase(home);
      start(job, *there);
      return true;
    }
    return false;
  }

  void pass_late() {
    do {
      protect();
    } while (start_a_protected_one());
    std::vector<JobIndex> others;
    for (const JobIndex job : waiting_) {
      if (!is_protected(job)) others.push_back(job);
    }
    std::sort(others.begin(), others.end(), [&](JobIndex a, JobIndex b) {
      const std::int64_t left = expected_[a].ms * jobs_[b].width;
      const std::int64_t right = expected_[b].ms * jobs_[a].width;
      return left != right ? left < right : a < b;
    });
    for (const JobIndex job : others) {
      const auto site = std::find_if(narrow_first_.begin(), narrow_first_.end(),
                                     [&](Site one) { return admits(one, job); });
      if (site != narrow_first_.end()) start(job, *site);
    }
  }

  void pass_first_to_start() {
    std::vector<Site> order;
    for (Site site = 0; site < fleet_.widths.size(); ++site) order.push_back(site);
    if (fleet_.placement == Placement::fullest_first) {
      std::sort(order.begin(), order.end(), [&](Site a, Site b) {
        return std::pair(free_at(a), a) < std::pair(free_at(b), b);
      });
    }
    for (const Site site : order) {
      std::optional<JobIndex> head;
      for (const JobIndex job : std::vector<JobIndex>(waiting_)) {
        if (jobs_[job].width > fleet_.widths[site]) continue;
        if (gap_at(site, head).admits(jobs_[job].width, jobs_[job].limit)) {
          start(job, site);
        } else if (!head) {
          head = job;
        }
      }
    }
  }

  const Fleet& fleet_;
  const std::vector<Job>& jobs_;
  FleetSchedule made_;
  std::vector<Site> narrow_first_;
  JobIndex arrived_ = 0;
  std::vector<JobIndex> waiting_;
  std::vector<JobIndex> started_;
  std::map<JobIndex, bool> ended_;
  std::map<JobIndex, Duration> expected_;
  std::map<std::uint32_t, std::vector<std::int64_t>> runs_of_;
  std::map<Site, JobIndex> protected_;
  Time now_{-1};
};

}  // namespace

FleetSchedule reference_schedule(const Fleet& fleet, const std::vector<Job>& jobs) {
  return PlainFleet(fleet, jobs).run();
}

}  // namespace fabrica::forecast
