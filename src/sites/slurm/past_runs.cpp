#include <algorithm>

#include "sites/slurm/job_states.h"
#include "sites/slurm/slurm_site.h"

/// The part of SlurmSite that learns of the runs of a requeued task before its last. slurmctld
/// shows only how many there were; slurmdbd has a record of each, seconds later. Until they are
/// known, or for a while, the end of the task waits.
namespace fabrica::sites::slurm {

namespace {

using jobs::JobId;

constexpr Duration ends_wait_for_runs = minutes(2);
constexpr Duration runs_asked_again = seconds(5);  // records come up to 5 s late
constexpr Duration runs_asked_again_max = minutes(10);
constexpr Duration runs_given_up = days(1);

// That a run ended shows in its own state, in that another followed, or in that slurmctld has
// counted beyond it.
bool is_before_the_last(const std::vector<const ClusterJob*>& runs, std::size_t at,
                        std::uint32_t restarts) {
  const ClusterState state = runs[at]->state;
  return at + 1 < runs.size() || state == ClusterState::requeued ||
         (has_ended(state) && at < restarts);
}

}  // namespace

SlurmSite::RunsOfTasks SlurmSite::runs_of(const Entry& entry, const Records& records) {
  RunsOfTasks runs;
  for (const ClusterJob* record : records) {
    std::uint32_t task = 0;
    if (!entry.array.empty()) {
      if (!record->array_task) continue;
      const auto place = std::ranges::lower_bound(entry.array, *record->array_task);
      if (place == entry.array.end() || *place != *record->array_task) continue;
      task = static_cast<std::uint32_t>(place - entry.array.begin());
    }
    if (task < entry.tasks.size()) runs[task].push_back(record);
  }
  for (auto& [task, all] : runs) {
    std::ranges::sort(
        all, {}, [](const ClusterJob* run) { return std::pair(run->submitted, run->started); });
  }
  return runs;
}

// Where there is no slurmdbd a requeue shows only in that another run follows the one that was
// watched; Slurm submits it anew at the moment when the one before ended.
void SlurmSite::look_at_runs(JobId id, Entry& entry, std::uint32_t task, const ClusterJob& job) {
  TaskSeen& seen = entry.tasks[task];
  const bool resubmitted =
      entry.binding.submitted != Time{} && job.submitted > entry.binding.submitted;
  const std::uint32_t restarts = std::max({job.restarts, seen.told, resubmitted ? 1U : 0U});
  if (restarts > seen.at_hand.restarts) {
    if (options_.accounting) {
      if (restarts > seen.told) {
        requeued_.insert(id);
        entry.ask_runs_at = now_;
        entry.ask_runs_after = runs_asked_again;
      }
    } else if (seen.at_hand.started != Time{}) {
      tell_run(id, entry, task, seen.at_hand, job.submitted, jobs::Outcome::cancelled,
               "requeued; why is not known without slurmdbd");
    }
    seen.at_hand = {};
  }
  const bool began = !job.nodes.empty() && job.state != ClusterState::pending;
  seen.at_hand = {job.id, job.submitted, began ? job.started : Time{}, restarts};
}

bool SlurmSite::runs_are_known(const Entry& entry) {
  return std::ranges::all_of(
      entry.tasks, [](const TaskSeen& seen) { return seen.told >= seen.at_hand.restarts; });
}

bool SlurmSite::end_waits(Entry& entry, const TaskSeen& seen) {
  if (!options_.accounting || seen.told >= seen.at_hand.restarts) return false;
  if (entry.runs_until == Time{}) entry.runs_until = now_ + ends_wait_for_runs;
  return now_ < entry.runs_until;
}

void SlurmSite::ask_for_runs() {
  std::erase_if(requeued_, [&](JobId id) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) return true;
    const Entry& entry = found->second;
    const bool given_up = entry.runs_until != Time{} && now_ > entry.runs_until + runs_given_up;
    if (given_up && entry.stage == Stage::over) entries_.erase(found);
    return given_up;
  });
  for (const JobId id : requeued_) {
    Entry& entry = entries_.at(id);
    if (entry.stage < Stage::bound) continue;
    if (now_ < entry.ask_runs_at) continue;
    entry.ask_runs_at = now_ + entry.ask_runs_after;
    entry.ask_runs_after = std::min(entry.ask_runs_after * 2, runs_asked_again_max);
    const Tag tag{id, entry.attempt};
    send(Act::runs, tag,
         ask::Past{.from = {},
                   .name_end = tag_text(options_.installation, tag),
                   .any_cluster = !name_confirmed_,
                   .id = static_cast<std::uint32_t>(entry.binding.id)});
  }
}

void SlurmSite::runs_answered(const Tag& tag, const Answer& answer) {
  if (answer.came != Came::done)
    return notices_.silent(Notices::Part::accounting, now_, answer.text);
  notices_.answered(Notices::Part::accounting, now_);
  Entry* entry = current(tag);
  if (entry == nullptr) return;
  Records records;
  for (const ClusterJob& job : answer.jobs) {
    if (tag_of(job, options_.installation) == tag && root_of(job) == entry->binding.id)
      records.push_back(&job);
  }
  for (const auto& [task, runs] : runs_of(*entry, records)) tell_runs(tag.job, *entry, task, runs);
  if (!runs_are_known(*entry)) return;
  requeued_.erase(tag.job);
  entry->runs_until = {};
  // Ends that waited show in a whole list.
  list_all_ = now_;
  next_poll_ = now_;
  const bool more = std::ranges::any_of(
      reports_, [&](const jobs::Report& report) { return jobs::job_of(report) == tag.job; });
  if (!more) forget_if_over(tag.job);
}

void SlurmSite::tell_runs(JobId id, Entry& entry, std::uint32_t task, const Records& runs) {
  TaskSeen& seen = entry.tasks[task];
  for (std::size_t at = 0; at < runs.size(); ++at) {
    if (!is_before_the_last(runs, at, seen.at_hand.restarts)) continue;
    const ClusterJob& run = *runs[at];
    const auto number = static_cast<std::uint32_t>(at);
    seen.told = std::max(seen.told, number + 1);
    const bool took_time = !run.nodes.empty() && run.started != Time{} && run.ended > run.started;
    const bool last = seen.ended && run.started == seen.at_hand.started;
    if (!took_time || last || run.started <= seen.told_until) continue;
    tell_run(id, entry, task, {run.id, run.submitted, run.started, number}, run.ended,
             outcome_of(run.state), run.reason);
  }
}

void SlurmSite::tell_run(JobId id, Entry& entry, std::uint32_t task, const jobs::RunKey& key,
                         Time ended, jobs::Outcome outcome, std::string text) {
  entry.tasks[task].told_until = key.started;
  reports_.emplace_back(jobs::SiteRunEnded{id, task, entry.attempt, key, ended, outcome,
                                           std::move(text), options_.tasks_speak});
}

}  // namespace fabrica::sites::slurm
