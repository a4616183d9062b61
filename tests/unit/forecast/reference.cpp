#include "unit/forecast/reference.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "unit/forecast/reference_priority.h"

namespace fabrica::forecast {

namespace {

/// A span of time in which a job takes its width.
struct Span {
  JobIndex job = 0;
  Time from;
  Time until;
};

class Reference {
 public:
  Reference(const Machine& machine, const std::vector<Job>& jobs)
      : machine_(machine),
        jobs_(jobs),
        starts_(jobs.size()),
        outages_(machine.maintenance),
        priority_(machine.rules, machine.width, jobs),
        queued_(jobs.size()) {}

  Schedule run() {
    while (const auto moment = next()) {
      now_ = *moment;
      priority_.advance(now_);
      machine_.order == EventOrder::batched ? all_at_once() : one_by_one();
    }
    return {starts_, 0, lost_};
  }

 private:
  bool plans() const { return machine_.scheduler == Scheduler::conservative; }
  Time requested_end(JobIndex job) const { return starts_[job] + jobs_[job].limit; }
  Time real_end(JobIndex job) const { return starts_[job] + jobs_[job].run; }

  std::optional<Time> next() const {
    std::optional<Time> least;
    const auto offer = [&](Time at) {
      if (!least || at < *least) least = at;
    };
    if (arrived_ < jobs_.size()) offer(jobs_[arrived_].submit);
    for (const JobIndex job : running_) offer(real_end(job));
    for (const Span& plan : plans_) offer(plan.from);
    for (const Outage& outage : outages_) {
      if (outage.until > now_) offer(outage.until);
    }
    if (failed_ < machine_.failures.size()) offer(machine_.failures[failed_].from);
    return least;
  }

  void all_at_once() {
    bool early = false;
    while (end_one(early)) {
    }
    if (plans() && early) ask_all();
    while (failed_ < machine_.failures.size() && machine_.failures[failed_].from == now_)
      fail(machine_.failures[failed_++]);
    while (arrived_ < jobs_.size() && jobs_[arrived_].submit == now_) arrive();
    pass();
  }

  void one_by_one() {
    bool early = false;
    if (arrived_ < jobs_.size() && jobs_[arrived_].submit == now_) {
      const JobIndex job = arrived_;
      arrive();
      if (plans() || jobs_[job].width <= free_at(now_)) pass();
    } else {
      if (end_one(early) && plans()) ask_all();
      pass();
    }
  }

  // Those that run are listed in the order of their starts.
  bool end_one(bool& early) {
    for (auto at = running_.begin(); at != running_.end(); ++at) {
      if (real_end(*at) != now_) continue;
      early |= requested_end(*at) > now_;
      priority_.ended(*at, now_);
      running_.erase(at);
      return true;
    }
    return false;
  }

  void arrive() { take_in(arrived_++); }

  void take_in(JobIndex job) {
    queued_[job] = {now_, arrivals_++};
    waiting_.push_back(job);
    if (plans()) plan(job);
  }

  // Of those that run, the last to have started go until enough have; all others plan anew.
  void fail(const Outage& outage) {
    outages_.push_back(outage);
    plans_.clear();
    std::vector<JobIndex> lost;
    for (std::int64_t taken = 0; !running_.empty() && (taken < outage.width || overrun());) {
      const auto last = std::ranges::max_element(
          running_, {}, [&](JobIndex job) { return std::pair(starts_[job], job); });
      const JobIndex job = *last;
      running_.erase(last);
      priority_.ended(job, now_);
      taken += jobs_[job].width;
      lost.push_back(job);
      lost_.push_back({job, starts_[job], now_});
    }
    if (plans()) {
      for (const JobIndex job : waiting_) plan(job);
    }
    std::sort(lost.begin(), lost.end());
    for (const JobIndex job : lost) take_in(job);
  }

  bool overrun() const {
    return std::any_of(outages_.begin(), outages_.end(), [&](const Outage& outage) {
      return outage.until > now_ && free_at(std::max(now_, outage.from)) < 0;
    });
  }

  void start(JobIndex job) {
    starts_[job] = now_;
    running_.push_back(job);
    priority_.started(job, now_);
    waiting_.erase(std::find(waiting_.begin(), waiting_.end(), job));
  }

  void pass() {
    switch (machine_.scheduler) {
      case Scheduler::fcfs:
        return start_heads();
      case Scheduler::priority:
        sort_by_priority();
        [[fallthrough]];
      case Scheduler::easy:
      case Scheduler::sjbf:
        start_heads();
        return backfill();
      case Scheduler::conservative:
        return start_planned();
    }
  }

  void sort_by_priority() {
    std::ranges::sort(waiting_, {}, [&](JobIndex job) {
      return std::pair(-priority_.of(job, queued_[job].at), queued_[job].number);
    });
  }

  // What is free at a moment if nothing else is started.
  std::int32_t free_at(Time moment) const {
    std::int32_t out = 0;
    for (const Outage& outage : outages_) {
      if (outage.from <= moment && moment < outage.until) out += outage.width;
    }
    std::int32_t free = machine_.width - std::min(out, machine_.width);
    for (const JobIndex job : running_) {
      // First come, first served knows no requested ends, but for what will be out.
      const bool until_end = machine_.scheduler == Scheduler::fcfs && moment == now_;
      if (until_end || requested_end(job) > moment) free -= jobs_[job].width;
    }
    for (const Span& plan : plans_) {
      if (plan.from <= moment && moment < plan.until) free -= jobs_[plan.job].width;
    }
    return free;
  }

  // Whether a job has room from then on for as long as it asks.
  bool room(const Job& job, Time from) const {
    std::vector<Time> moments{from};
    for (const Span& plan : plans_) moments.push_back(plan.from);
    for (const Outage& outage : outages_) moments.push_back(outage.from);
    return std::all_of(moments.begin(), moments.end(), [&](Time moment) {
      return moment < from || moment >= from + job.limit || free_at(moment) >= job.width;
    });
  }

  // The first moment from now on at which it has.
  Time earliest(const Job& job) const {
    std::vector<Time> moments{now_};
    for (const JobIndex one : running_) moments.push_back(requested_end(one));
    for (const Span& plan : plans_) moments.push_back(plan.until);
    for (const Outage& outage : outages_) moments.push_back(outage.until);
    std::sort(moments.begin(), moments.end());
    for (const Time from : moments) {
      if (from >= now_ && room(job, from)) return from;
    }
    return never;
  }

  void start_heads() {
    while (!waiting_.empty() && room(jobs_[waiting_.front()], now_)) start(waiting_.front());
  }

  // When the head could start if only what runs now ran, each to its requested end.
  Time shadow() const { return earliest(jobs_[waiting_.front()]); }

  // All but the head, as they are asked; of equal ones the earlier arrival first, which for one
  // that was lost is its second.
  std::vector<JobIndex> others() const {
    std::vector<JobIndex> others(waiting_.begin() + 1, waiting_.end());
    if (machine_.scheduler != Scheduler::sjbf) return others;
    const auto place = [&](JobIndex job) { return std::ranges::find(waiting_, job); };
    std::sort(others.begin(), others.end(), [&](JobIndex a, JobIndex b) {
      return jobs_[a].limit != jobs_[b].limit ? jobs_[a].limit < jobs_[b].limit
                                              : place(a) < place(b);
    });
    return others;
  }

  // Whoever fits now and does not make the head's shadow later starts.
  void backfill() {
    if (waiting_.empty()) return;
    for (const JobIndex job : others()) {
      if (!room(jobs_[job], now_)) continue;
      const Time before = shadow();
      starts_[job] = now_;
      running_.push_back(job);
      const bool delays = shadow() > before;
      running_.pop_back();
      if (!delays) start(job);
    }
  }

  void plan(JobIndex job) {
    const Time from = earliest(jobs_[job]);
    plans_.push_back({job, from, from + jobs_[job].limit});
  }

  // Each waiting job is taken out and planned anew. Who is due now only has yet to be started.
  void ask_all() {
    std::size_t asked = 0;
    for (const JobIndex job : waiting_) {
      const auto own = std::find_if(plans_.begin(), plans_.end(),
                                    [&](const Span& plan) { return plan.job == job; });
      if (own->from <= now_ || asked++ >= machine_.depth) continue;
      plans_.erase(own);
      plan(job);
    }
  }

  void start_planned() {
    for (std::size_t at = 0; at < plans_.size();) {
      const Span plan = plans_[at];
      if (plan.from > now_) {
        at += 1;
        continue;
      }
      plans_.erase(plans_.begin() + static_cast<std::ptrdiff_t>(at));
      start(plan.job);
    }
  }

  const Machine& machine_;
  const std::vector<Job>& jobs_;
  std::vector<Time> starts_;
  std::vector<JobIndex> waiting_;
  std::vector<JobIndex> running_;
  std::vector<Span> plans_;
  std::vector<Outage> outages_;  // that are known by now
  std::vector<LostRun> lost_;
  struct Queued {
    Time at;
    std::size_t number = 0;
  };
  ReferencePriority priority_;
  std::vector<Queued> queued_;  // by job: its last arrival
  std::size_t arrivals_ = 0;
  std::size_t failed_ = 0;
  JobIndex arrived_ = 0;
  Time now_{std::numeric_limits<std::int64_t>::min()};
};

}  // namespace

Schedule reference_schedule(const Machine& machine, const std::vector<Job>& jobs) {
  return Reference(machine, jobs).run();
}

}  // namespace fabrica::forecast
