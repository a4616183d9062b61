#include "jobs/settle.h"

#include <algorithm>
#include <span>

#include "base/check.h"
#include "base/limits.h"
#include "jobs/charges.h"
#include "jobs/evacuate.h"
#include "jobs/runs.h"

namespace fabrica::jobs {

namespace {

// The job of a report when it is live at this site; a stranger's, an ended or a forgotten job
// otherwise.
const Job* live_job(const Context& context, SiteId site, JobId id) {
  const Job* job = context.jobs.jobs.find(id);
  return job != nullptr && job->site == site && job->phase != JobPhase::ended &&
                 job->phase != JobPhase::waiting
             ? job
             : nullptr;
}

// As live_job, when the report speaks of the attempt that counts.
template <class R>
const Job* live_attempt(const Context& context, SiteId site, const R& report) {
  const Job* job = live_job(context, site, report.job);
  return job != nullptr && job->attempt == report.attempt ? job : nullptr;
}

// It was recalled, or its site takes no jobs any more and lost it.
bool shall_leave(const Context& context, JobId id, const Job& job) {
  return job.recalled ||
         (!federation::takes_jobs(context.federation, job.site) && may_move(context, id, job));
}

// No task has begun and the site will start none: all of the hold goes back.
void end_unstarted(const Context& context, JobId id, const Job& job, Outcome outcome,
                   std::vector<Yield>& yields) {
  for (std::uint32_t task = 0; task < job.tasks.size(); ++task) {
    TaskEnded ended;
    ended.job = id;
    ended.task = task;
    ended.ended = context.now;
    ended.outcome = outcome;
    yields.emplace_back(Event{std::move(ended)});
  }
  release_all(context, id, job, yields);
  yields.emplace_back(Event{JobEnded{id, outcome}});
}

// The job's outcome with what ends now: that of the first task in order that did not complete.
Outcome outcome_with(const Job& job, std::span<const TaskEnded> ends) {
  auto next = ends.begin();
  for (std::uint32_t task = 0; task < job.tasks.size(); ++task) {
    const bool now = next != ends.end() && next->task == task;
    const Outcome outcome = now ? (next++)->outcome : job.tasks[task].outcome;
    if (outcome != Outcome::completed) return outcome;
  }
  return Outcome::completed;
}

// Settles what ends now, in the order of the tasks, and with the last of them the job.
void settle(const Context& context, JobId id, const Job& job, std::span<const TaskEnded> ends,
            std::vector<Yield>& yields) {
  for (const TaskEnded& end : ends) {
    yields.emplace_back(Event{end});
    const ComputeTime used = cost_of_run(job, end.started, end.ended);
    charge(context, job, id, used, yields);
    if (used > ComputeTime{} && refund_is_due(context, job, end.outcome)) {
      yields.emplace_back(given_back(context, job, id, end.outcome, used));
      pass_on_if_over(context, job, used, yields);
    }
    const ComputeTime left = job.hold_per_task - used;
    release(context, job, id, left - charge_owed(context, id, job, end.task, left, yields), yields);
  }
  if (job.tasks_left == ends.size())
    yields.emplace_back(Event{JobEnded{id, outcome_with(job, ends)}});
}

TaskEnded end_of(const SiteEnded& report) {
  return {report.job,
          report.task,
          writable(report.started),
          writable(report.ended),
          report.outcome,
          report.exit_code,
          report.signal,
          report.cpu_ms,
          report.memory_bytes_peak,
          short_text(report.text),
          {report.key.id, writable(report.key.submitted), writable(report.key.started),
           report.key.restarts}};
}

// What the task said itself of its end. It says nothing when it was ended from outside, so its word
// counts where the site says that it did that, or lost sight of it.
bool gives_way_to_own_word(Outcome outcome) {
  return outcome == Outcome::lost || outcome == Outcome::timeout || outcome == Outcome::cancelled;
}

void take_own_word(const Task& task, TaskEnded& end) {
  if (task.returned == Time{}) return;
  end.started = task.started;
  end.ended = task.returned;
  end.outcome = task.exit_code == 0 ? Outcome::completed : Outcome::failed;
  end.exit_code = task.exit_code;
}

// Where tasks say that they begin, one that never did has not run its script.
void mark_unbegun(const Task& task, TaskEnded& end) {
  if (task.started != Time{}) return;
  end.started = {};
  if (end.outcome == Outcome::completed || end.outcome == Outcome::failed)
    end.outcome = Outcome::launch_failed;
}

// A recalled job's only task ended before it began, because its site was asked to give it back.
bool is_given_back(const TaskEnded& end) {
  return end.started == Time{} &&
         (end.outcome == Outcome::cancelled || end.outcome == Outcome::launch_failed);
}

// The site has forgotten a job of which some task had begun.
void end_forgotten(const Context& context, JobId id, const Job& job, const std::string& text,
                   std::vector<Yield>& yields) {
  std::vector<TaskEnded> ends;
  for (std::uint32_t task = 0; task < job.tasks.size(); ++task) {
    if (job.tasks[task].outcome != Outcome::none) continue;
    TaskEnded end;
    end.job = id;
    end.task = task;
    end.ended = context.now;
    end.outcome = job.cancel_requested ? Outcome::cancelled : Outcome::lost;
    end.text = short_text(text);
    end.key = {job.binding.id, job.binding.submitted, {}, job.tasks[task].run};
    take_own_word(job.tasks[task], end);
    ends.push_back(std::move(end));
  }
  settle(context, id, job, ends, yields);
}

}  // namespace

std::vector<Yield> heard(const Context& context, SiteId site, const SiteQueued& report) {
  const Job* job = live_attempt(context, site, report);
  if (job == nullptr || job->phase != JobPhase::placed) return {};
  std::vector<Yield> yields;
  yields.emplace_back(Event{JobQueued{report.job, short_text(report.reference)}});
  return yields;
}

std::vector<Yield> heard(const Context& context, SiteId site, const SiteUnknown& report) {
  const Job* job = live_attempt(context, site, report);
  if (job == nullptr || job->phase != JobPhase::placed) return {};
  // An acknowledgement alone can be doubted.
  const bool shown = job->binding.submitted != Time{};
  if (job->submission == SubmissionState::unknown || shown) return {};
  std::vector<Yield> yields;
  yields.emplace_back(Event{JobUnknown{report.job, report.attempt, short_text(report.text)}});
  return yields;
}

std::vector<Yield> heard(const Context& context, SiteId site, const SiteBound& report) {
  const Job* job = live_attempt(context, site, report);
  if (job == nullptr || report.binding.id == 0) return {};
  const bool now_shown = report.binding.id == job->binding.id && job->binding.submitted == Time{} &&
                         report.binding.submitted != Time{};
  const bool first = job->phase == JobPhase::placed && job->submission != SubmissionState::bound;
  if (!first && !now_shown) return {};
  std::vector<Yield> yields;
  yields.emplace_back(Event{JobBound{report.job,
                                     report.attempt,
                                     short_text(report.cluster),
                                     {report.binding.id, writable(report.binding.submitted)}}});
  return yields;
}

std::vector<Yield> heard(const Context& context, SiteId site, const SiteAbsent& report) {
  const Job* job = live_attempt(context, site, report);
  if (job == nullptr) return {};
  std::vector<Yield> yields;
  if (has_begun(context.jobs, report.job, *job)) {
    end_forgotten(context, report.job, *job, report.text, yields);
    return yields;
  }
  if (job->cancel_requested) {
    end_unstarted(context, report.job, *job, Outcome::cancelled, yields);
  } else if (shall_leave(context, report.job, *job)) {
    move_or_stay(context, report.job, *job, short_text(report.text), yields);
  } else if (job->attempt >= limits::attempts_max) {
    end_unstarted(context, report.job, *job, Outcome::launch_failed, yields);
  } else {
    yields.emplace_back(Event{JobRetried{report.job, job->attempt + 1, short_text(report.text)}});
  }
  return yields;
}

std::vector<Yield> heard(const Context& context, SiteId site, const SiteStarted& report) {
  const Job* job = live_attempt(context, site, report);
  if (job == nullptr || report.task >= job->tasks.size() || report.at <= Time{}) return {};
  const Task& task = job->tasks[report.task];
  if (task.outcome != Outcome::none || task.started != Time{}) return {};
  std::vector<Yield> yields;
  yields.emplace_back(Event{TaskStarted{report.job, report.task, writable(report.at)}});
  return yields;
}

std::vector<Yield> heard(const Context& context, SiteId site, const SiteEnded& report) {
  const Job* job = live_attempt(context, site, report);
  if (job == nullptr || report.task >= job->tasks.size() || report.outcome == Outcome::none)
    return {};
  const Task& task = job->tasks[report.task];
  if (task.outcome != Outcome::none) return {};
  TaskEnded end = end_of(report);
  if (gives_way_to_own_word(end.outcome)) take_own_word(task, end);
  if (report.says_start) mark_unbegun(task, end);
  // What was charged as an earlier run is not charged as the last.
  if (is_settled(context.jobs, report.job, report.task, end.key.started))
    end.started = end.key.started = {};
  std::vector<Yield> yields;
  yields.reserve(4);
  if (job->recalled && is_given_back(end) && !has_begun(context.jobs, report.job, *job)) {
    move_or_stay(context, report.job, *job, end.text, yields);
    return yields;
  }
  settle(context, report.job, *job, {&end, 1}, yields);
  return yields;
}

void release_all(const Context& context, JobId id, const Job& job, std::vector<Yield>& yields) {
  release(context, job, id, context.ledger.holds.at(hold_of(id)).remaining, yields);
}

void end_without_site(const Context& context, JobId id, Outcome outcome,
                      std::vector<Yield>& yields) {
  const Job& job = context.jobs.jobs.at(id);
  CHECK(job.phase == JobPhase::waiting, "only a job that no site knows ends without one");
  release_all(context, id, job, yields);
  yields.emplace_back(Event{JobEnded{id, outcome}});
}

std::vector<Yield> pass_time(const Context& context) {
  std::vector<Yield> yields;
  for (const JobId id : context.jobs.doomed) {
    if (yields.size() >= limits::doomed_jobs_at_once) break;
    end_without_site(context, id, Outcome::dependency_failed, yields);
  }
  return yields.empty() ? advance_evacuation(context) : yields;
}

std::optional<Time> next_deadline(const State& state) {
  if (state.doomed.empty() && !is_evacuating(state)) return std::nullopt;
  return Time{};
}

}  // namespace fabrica::jobs
