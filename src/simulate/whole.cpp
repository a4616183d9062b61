#include "simulate/whole.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "forecast/easy.h"
#include "forecast/fifo_queue.h"
#include "forecast/moments.h"
#include "kernel/archive.h"
#include "placement/dispatcher.h"
#include "policies/registry.h"
#include "simulate/whole_world.h"
#include "store/memory_log.h"

namespace fabrica::simulate {

namespace {

using forecast::JobIndex;
using jobs::JobId;

constexpr Time first_day{1'798'790'400'000};  // 2027-01-01T08:00:00Z

// Accepted, held, placed twice, started, ended, charged, released; at another site held once more.
constexpr std::size_t events_a_job = 11;

/// A site with a scheduler of its own, which knows of its jobs what their limits say.
using SiteQueue = forecast::Easy<forecast::FifoQueue>;

class Whole {
 public:
  Whole(const WholeOptions& options, Policies policies, std::span<const forecast::Job> jobs)
      : jobs_(jobs), engine_(log_, std::move(policies)) {
    log_.reserve(jobs.size() * events_a_job);
    std::set<std::uint32_t> users;
    for (const forecast::Job& job : jobs) users.insert(job.user);
    world_ = make_whole_world(engine_, first_day, options.sites,
                              std::vector<std::uint32_t>(users.begin(), users.end()));
    for (const std::int32_t width : options.sites) {
      queues_.emplace_back(forecast::Processors(width), jobs.data());
    }
    made_.starts.resize(jobs.size(), never);
    made_.sites.resize(jobs.size());
  }

  Result<WholeRun> run();

 private:
  Time next_arrival() const { return arrived_ < jobs_.size() ? at(jobs_[arrived_].submit) : never; }
  static Time at(Time of_trace) { return first_day + (of_trace - Time{}); }

  void say(federation::PersonId actor, jobs::Command command);
  Result<void> tell_engine();
  void end_those_due();
  void submit_those_due();
  Result<void> place();
  Result<void> start();
  void note_placed();
  WholeRun finish();

  std::span<const forecast::Job> jobs_;
  store::MemoryLog log_;
  Engine engine_;
  placement::Dispatcher dispatcher_;
  WholeWorld world_;
  std::vector<SiteQueue> queues_;
  forecast::Moments ends_;
  forecast::FleetSchedule made_;
  std::vector<Envelope> group_;
  std::vector<JobIndex> job_of_id_{0};  // ids count from 1
  std::size_t arrived_ = 0;
  std::uint64_t commands_ = 0;
  Time now_;
};

void Whole::say(federation::PersonId actor, jobs::Command command) {
  Envelope& envelope = group_.emplace_back();
  envelope.actor = actor;
  envelope.now = now_;
  envelope.command = std::move(command);
}

Result<void> Whole::tell_engine() {
  if (group_.empty()) return {};
  commands_ += group_.size();
  for (const Result<Reply>& reply : engine_.execute(group_))
    if (!reply) return std::unexpected(reply.error());
  group_.clear();
  dispatcher_.heard(engine_.state(), engine_.written());
  note_placed();
  return {};
}

// What a site is told of joins its queue.
void Whole::note_placed() {
  for (const Recorded& recorded : engine_.written()) {
    const auto* of_jobs = std::get_if<jobs::Event>(&recorded.event);
    const auto* placed = of_jobs == nullptr ? nullptr : std::get_if<jobs::JobPlaced>(of_jobs);
    if (placed == nullptr || placed->tentative) continue;
    const JobIndex job = job_of_id_[placed->job.value];
    const auto site = std::ranges::find(world_.sites, placed->site);
    made_.sites[job] = static_cast<std::uint32_t>(site - world_.sites.begin());
    queues_[made_.sites[job]].arrived(job);
  }
}

void Whole::end_those_due() {
  while (ends_.next_time() == now_) {
    const JobIndex job = ends_.pop().job;
    const Time began = at(made_.starts[job]);
    queues_[made_.sites[job]].ended(job, began + jobs_[job].limit);
    jobs::SiteEnded report;
    report.job = JobId{job + 1U};
    report.started = began;
    report.ended = now_;
    say({}, jobs::ReportFromSite{world_.sites[made_.sites[job]], report});
  }
}

void Whole::submit_those_due() {
  for (; next_arrival() == now_; ++arrived_) {
    const forecast::Job& job = jobs_[arrived_];
    const WholeWorld::Member& member = world_.members.at(job.user);
    jobs::JobRequest request;
    request.name = "job";
    request.nodes = static_cast<std::uint32_t>(job.width);
    request.tasks = request.nodes;
    request.time_limit = job.limit;
    job_of_id_.push_back(static_cast<JobIndex>(arrived_));
    say(member.person, jobs::SubmitJob{member.project, std::move(request)});
  }
}

Result<void> Whole::place() {
  for (jobs::PlaceJob& chosen : dispatcher_.place(engine_.state(), now_))
    say({}, std::move(chosen));
  return tell_engine();
}

Result<void> Whole::start() {
  for (std::size_t site = 0; site < queues_.size(); ++site) {
    queues_[site].pass([&](JobIndex job) {
      made_.starts[job] = Time{} + (now_ - first_day);
      ends_.push(now_ + jobs_[job].run, job);
      say({},
          jobs::ReportFromSite{world_.sites[site], jobs::SiteStarted{JobId{job + 1U}, 0, now_}});
    });
  }
  return tell_engine();
}

Result<WholeRun> Whole::run() {
  while (true) {
    now_ = std::min(ends_.next_time(), next_arrival());
    if (now_ == never) return finish();
    for (SiteQueue& queue : queues_) queue.advance(now_);
    end_those_due();
    submit_those_due();
    TRY_DONE(tell_engine());
    TRY_DONE(place());
    TRY_DONE(start());
    made_.waiting_max = std::max(made_.waiting_max, dispatcher_.waiting());
  }
}

WholeRun Whole::finish() {
  const State& state = engine_.state();
  CHECK(state.jobs.live == 0 && state.ledger.holds.empty(), "every job has ended and is settled");
  const std::string broken = broken_invariant(state);
  CHECK(broken.empty(), broken);
  WholeRun run;
  run.commands = commands_;
  run.events = state.last.value;
  run.state = digest(state);
  run.schedule = std::move(made_);
  return run;
}

}  // namespace

Result<WholeRun> run_whole(const WholeOptions& options, std::span<const forecast::Job> jobs) {
  CHECK(!options.sites.empty() && forecast::can_be_scheduled(jobs, std::ranges::max(options.sites)),
        "jobs are sorted by submit time, and each can run at some site");
  TRY(Policies policies, policies::choose({.placement = options.placement}));
  return Whole(options, std::move(policies), jobs).run();
}

}  // namespace fabrica::simulate
