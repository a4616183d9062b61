#include <algorithm>

#include "sites/simulated/controller.h"

/// The part of SimulatedController in which tasks speak for themselves: they ask before they run
/// their scripts, and a crash really forgets.
namespace fabrica::sites::simulated {

namespace {

using slurm::ClusterState;

constexpr std::int32_t did_not_run = 75;

}  // namespace

jobs::OwnWord SimulatedController::word_of(const Job& job, const Task& task) const {
  return {job.tag.job, job.tag.attempt, task.record.array_task.value_or(0), job.id,
          task.record.restarts};
}

void SimulatedController::say_what_is_due() {
  if (now_ < down_until_) return;
  for (const auto& [id, job] : memory_.jobs) {
    for (const Task& task : job.tasks) {
      if (task.record.state == ClusterState::running && task.ends == Time{})
        words_.push_back({word_of(job, task)});
    }
  }
}

void SimulatedController::hear(const jobs::OwnWord& word, TaskHears heard) {
  const auto job = memory_.jobs.find(static_cast<std::uint32_t>(word.binding));
  if (job == memory_.jobs.end()) return;
  const auto spoke = std::ranges::find_if(job->second.tasks, [&](const Task& task) {
    return task.record.array_task.value_or(0) == word.number;
  });
  if (spoke == job->second.tasks.end()) return;
  Task& task = *spoke;
  const bool asks = task.record.state == ClusterState::running && task.ends == Time{};
  if (!asks || word.job != job->second.tag.job || word.attempt != job->second.tag.attempt) return;
  if (heard == TaskHears::again) return;
  if (heard == TaskHears::go) return run(job->second, task);
  if (heard == TaskHears::never) {
    task.fate.outcome = jobs::Outcome::failed;
    task.fate.exit_code = did_not_run;
  }
  task.ends = now_;
}

// What was remembered is all there is; nodes still run what was remembered as running.
void SimulatedController::recover(const Memory& old) {
  for (auto& [id, job] : memory_.jobs) {
    const auto before = old.jobs.find(id);
    if (before != old.jobs.end() && before->second.tag == job.tag) recover(job, before->second);
  }
}

// A task that was remembered as running and has ended meanwhile is missing from its node, and is
// run again. One that was remembered as waiting is ended on its node if it began, and waits on.
void SimulatedController::recover(Job& job, const Job& old) {
  for (std::size_t place = 0; place < job.tasks.size(); ++place) {
    Task& task = job.tasks[place];
    const Task& before = old.tasks[place];
    if (task.record.state == ClusterState::running) {
      if (before.record.state == ClusterState::running) {
        task = before;
      } else {
        requeue(task, now_, ClusterState::requeued);
      }
    } else if (task.record.state == ClusterState::pending && task.starts != Time{}) {
      task.starts = std::max(task.starts, now_ + seconds(1));
    }
  }
}

}  // namespace fabrica::sites::simulated
