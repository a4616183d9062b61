#include "jobs/apply.h"

#include <algorithm>

#include "base/check.h"
#include "base/limits.h"
#include "jobs/site_accounts.h"

namespace fabrica::jobs {

namespace {

// The site has it, or will never have it.
void is_started(SiteQueue& queue, JobId id) {
  leave_start(queue, id);
  queue.to_release.erase(id);
}

// It has begun, ended, or gone elsewhere.
void not_recalled(State& state, JobId id, Job& job) {
  if (!job.recalled) return;
  job.recalled = false;
  state.to_move.erase(id);
  if (!job.cancel_requested) state.sites[job.site].to_cancel.erase(id);
}

void apply_one(State& state, const JobAccepted& event) {
  Job job;
  job.project = event.project;
  job.owner = event.owner;
  job.submitted = event.at;
  job.request = event.request;
  job.dependencies_left = event.dependencies_left;
  job.tasks.resize(std::max<std::size_t>(1, event.request->array.size()));
  job.tasks_left = static_cast<std::uint32_t>(job.tasks.size());
  state.jobs.insert(event.id, std::move(job));
  state.last_job = event.id.value;
  state.live += 1;
  state.live_of_project[event.project] += 1;
  // Once for each job, however many of the dependencies name it: meet() looks at all of them.
  for (const Dependency& dependency : event.request->dependencies) {
    std::vector<JobId>& dependents = state.jobs.at(dependency.job).dependents;
    if (dependents.empty() || dependents.back() != event.id) dependents.push_back(event.id);
  }
}

void apply_one(State& state, const JobPlaced& event) {
  Job& job = state.jobs.at(event.job);
  const bool holds_there = job.tentative && job.account == event.account;
  job.site = event.site;
  job.partition = event.partition;
  job.account = event.account;
  job.units = event.units;
  job.hold_per_task = event.hold_per_task;
  job.tentative = event.tentative;
  if (!holds_there) {
    state.work[event.partition] +=
        *exchange(event.hold_per_task, {static_cast<std::int64_t>(job.tasks.size()), 1});
  }
  if (job.tentative || job.dependencies_left > 0) return;
  job.phase = JobPhase::placed;
  await_start(state, event.job, job);
}

void apply_one(State& state, const JobUnknown& event) {
  Job& job = state.jobs.at(event.job);
  job.submission = SubmissionState::unknown;
  job.binding = {};
  SiteQueue& queue = state.sites[job.site];
  const bool awaited = leave_start(queue, event.job);
  if (queue.to_release.erase(event.job) > 0 || awaited) await_start(state, event.job, job);
}

void apply_one(State& state, const JobBound& event) {
  Job& job = state.jobs.at(event.job);
  job.submission = SubmissionState::bound;
  job.binding = event.binding;
  SiteQueue& queue = state.sites[job.site];
  if (leave_start(queue, event.job)) queue.to_release.insert(event.job);
}

void apply_one(State& state, const JobRetried& event) {
  Job& job = state.jobs.at(event.job);
  job.attempt = event.attempt;
  job.submission = SubmissionState::none;
  job.binding = {};
  job.phase = JobPhase::placed;
  SiteQueue& queue = state.sites[job.site];
  queue.to_release.erase(event.job);
  not_recalled(state, event.job, job);
  await_start(state, event.job, job);
}

void apply_one(State& state, const EvacuationAdvanced& event) {
  if (event.from) {
    state.evacuating.insert_or_assign(event.site, event.from);
  } else {
    state.evacuating.erase(event.site);
  }
}

void apply_one(State& state, const JobRecalled& event) {
  Job& job = state.jobs.at(event.job);
  job.recalled = true;
  SiteQueue& queue = state.sites[job.site];
  is_started(queue, event.job);
  if (event.at_once) {
    state.to_move.insert(event.job);
  } else {
    queue.to_cancel.insert(event.job);
  }
}

// It is at no site until its JobPlaced, in the same batch.
void apply_one(State& state, const JobMoved& event) {
  Job& job = state.jobs.at(event.job);
  job.attempt = event.attempt;
  job.submission = SubmissionState::none;
  job.binding = {};
  job.phase = JobPhase::waiting;
  is_started(state.sites[job.site], event.job);
  not_recalled(state, event.job, job);
}

void apply_one(State& state, const JobQueued& event) {
  Job& job = state.jobs.at(event.job);
  job.phase = JobPhase::queued;
  is_started(state.sites[job.site], event.job);
}

// Takes what has happened to job `id` off the jobs that wait for it: `begun` meets the dependencies
// on its beginning, otherwise its end meets the others or dooms them. A job with none left is
// placed.
void meet(State& state, JobId id, const Job& job, bool begun) {
  for (const JobId waiting_id : job.dependents) {
    Job* waiting = state.jobs.find(waiting_id);
    if (waiting == nullptr || waiting->phase != JobPhase::waiting) continue;
    for (const Dependency& dependency : waiting->request->dependencies) {
      if (dependency.job != id || (dependency.kind == DependencyKind::after) != begun) continue;
      if (!begun && never_met(dependency.kind, job.outcome)) {
        state.doomed.insert(waiting_id);
      } else {
        waiting->dependencies_left -= 1;
      }
    }
    if (waiting->dependencies_left > 0) continue;
    waiting->phase = JobPhase::placed;
    await_start(state, waiting_id, *waiting);
  }
}

void apply_one(State& state, const TaskStarted& event) {
  Job& job = state.jobs.at(event.job);
  Task& task = job.tasks[event.task];
  task.started = event.at;
  task.run = event.run;
  task.returned = {};
  task.exit_code = 0;
  is_started(state.sites[job.site], event.job);
  not_recalled(state, event.job, job);
  const bool first = job.phase != JobPhase::running;
  job.phase = JobPhase::running;
  if (first) meet(state, event.job, job, true);
}

void apply_one(State& state, const TaskReturned& event) {
  Task& task = state.jobs.at(event.job).tasks[event.task];
  task.returned = event.at;
  task.exit_code = event.exit_code;
}

// Where the run is, or belongs, among the settled ones of its job.
std::vector<PastRun>::iterator place_of(std::vector<PastRun>& runs, std::uint32_t task,
                                        Time started) {
  return std::ranges::lower_bound(runs, std::pair(task, started), {}, [](const PastRun& run) {
    return std::pair(run.task, run.started);
  });
}

// What is known of an earlier run of this task may come later, and this one is none.
void keep_last_run(State& state, const TaskEnded& event) {
  const bool requeued = event.key.restarts > 0 || state.past_runs.contains(event.job);
  if (!requeued || event.key.started == Time{}) return;
  std::vector<PastRun>& runs = state.past_runs[event.job];
  const auto place = place_of(runs, event.task, event.key.started);
  const bool there =
      place != runs.end() && place->task == event.task && place->started == event.key.started;
  if (!there) runs.insert(place, {event.task, event.key.started, {}});
}

void apply_one(State& state, const TaskEnded& event) {
  Job& job = state.jobs.at(event.job);
  Task& task = job.tasks[event.task];
  task.outcome = event.outcome;
  task.exit_code = event.exit_code;
  task.signal = event.signal;
  task.started = event.started;
  task.ended = event.ended;
  task.run = std::max(task.run, event.key.restarts);
  keep_last_run(state, event);
  CHECK(job.tasks_left > 0, "each task ends once");
  job.tasks_left -= 1;
  if (job.phase == JobPhase::placed) job.phase = JobPhase::queued;
  is_started(state.sites[job.site], event.job);
  note_overrun(state, job, event);
}

void apply_one(State& state, const JobCancelRequested& event) {
  Job& job = state.jobs.at(event.job);
  not_recalled(state, event.job, job);
  job.cancel_requested = true;
  if (job.phase == JobPhase::waiting) return;
  SiteQueue& queue = state.sites[job.site];
  is_started(queue, event.job);
  queue.to_cancel.insert(event.job);
}

void apply_one(State& state, const JobEnded& event) {
  Job& job = state.jobs.at(event.job);
  CHECK(job.phase != JobPhase::ended, "each job ends once");
  const bool had_begun = job.phase == JobPhase::running;
  job.phase = JobPhase::ended;
  job.tentative = false;
  job.outcome = event.outcome;
  SiteQueue& queue = state.sites[job.site];
  is_started(queue, event.job);
  queue.to_cancel.erase(event.job);
  not_recalled(state, event.job, job);
  state.doomed.erase(event.job);
  state.live -= 1;
  const auto live = state.live_of_project.find(job.project);
  live->second -= 1;
  if (live->second == 0) state.live_of_project.erase(live);
  if (!had_begun) meet(state, event.job, job, true);
  meet(state, event.job, job, false);
  job.dependents.clear();
  state.ended.push_back(event.job);
  if (state.ended.size() > limits::ended_jobs_kept) {
    state.jobs.erase(state.ended.front());
    state.past_runs.erase(state.ended.front());
    state.ended.pop_front();
  }
}

void apply_one(State& state, const RunEnded& event) {
  std::vector<PastRun>& runs = state.past_runs[event.job];
  runs.insert(place_of(runs, event.task, event.key.started),
              {event.task, event.key.started, event.owed});
  note_owed(state, state.jobs.at(event.job), event.owed);
}

void apply_one(State& state, const OwedCharged& event) {
  const auto run = place_of(state.past_runs.at(event.job), event.task, event.started);
  CHECK(run->task == event.task && run->started == event.started && run->owed >= event.amount,
        "what is charged later was owed");
  run->owed -= event.amount;
}

void less_work(State& state, const Job& job, ComputeTime amount) {
  const auto work = state.work.find(job.partition);
  CHECK(work != state.work.end() && work->second >= amount,
        "a partition's work is what its jobs hold");
  work->second -= amount;
  if (work->second == ComputeTime{}) state.work.erase(work);
}

void apply_one(State& state, const AccountProvided& event) { apply_account(state, event); }
void apply_one(State& state, const AccountShut& event) { apply_account(state, event); }
void apply_one(State& state, const AccountRefused& event) { apply_account(state, event); }
void apply_one(State& state, const AccountAltered& event) { apply_account(state, event); }
void apply_one(State& state, const AccountsMended& event) { apply_account(state, event); }

}  // namespace

void apply(State& state, const Event& event) {
  std::visit([&](const auto& one) { apply_one(state, one); }, event);
}

void apply(State& state, const ledger::UsageCharged& event) {
  Job& job = state.jobs.at(JobId{event.hold.value});
  job.charged += event.amount;
  less_work(state, job, event.amount);
}

void apply(State& state, const ledger::HoldExtended& event) {
  state.work[state.jobs.at(JobId{event.hold.value}).partition] += event.amount;
}

void apply(State& state, const ledger::HoldReleased& event) {
  less_work(state, state.jobs.at(JobId{event.hold.value}), event.amount);
}

}  // namespace fabrica::jobs
