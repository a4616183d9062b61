#include <algorithm>

#include "sites/slurm/slurm_site.h"

/// The part of SlurmSite that reads what the cluster shows: finds jobs by their tags, follows those
/// that are bound, misses those that are gone, and cancels copies that nobody wants.
namespace fabrica::sites::slurm {

namespace {

using jobs::JobId;
using jobs::Outcome;

constexpr Duration sweep_again = seconds(10);
constexpr std::size_t sweeps_remembered = 10'000;

std::uint32_t root_of(const ClusterJob& job) { return job.array_id != 0 ? job.array_id : job.id; }

Outcome outcome_of(ClusterState state) {
  switch (state) {
    case ClusterState::completed:
      return Outcome::completed;
    case ClusterState::timeout:
    case ClusterState::deadline:
      return Outcome::timeout;
    case ClusterState::cancelled:
    case ClusterState::preempted:
      return Outcome::cancelled;
    case ClusterState::out_of_memory:
      return Outcome::out_of_memory;
    case ClusterState::node_failed:
      return Outcome::lost;
    case ClusterState::failed:
    case ClusterState::strange:
    case ClusterState::pending:
    case ClusterState::running:
      return Outcome::failed;
  }
  return Outcome::failed;
}

}  // namespace

void SlurmSite::poll() {
  if (listing_ || now_ < next_poll_) return;
  if (entries_.empty() && uncertain_.empty()) return;
  listing_ = true;
  // Until a job that is missing is found the whole list is wanted, changed or not.
  const bool some_missing =
      std::ranges::any_of(entries_, [&](const auto& item) { return is_missing(item.second); });
  send(Act::list, {}, ask::List{some_missing ? Time{} : changed_since_});
  next_poll_ = now_ + (some_missing ? options_.look_every : options_.poll_every);
}

bool SlurmSite::is_missing(const Entry& entry) {
  return entry.stage == Stage::unknown || entry.absent_since.has_value();
}

void SlurmSite::list_answered(const Answer& answer) {
  if (answer.came != Came::done) return;  // no news, or the site did not answer: nothing is known
  changed_since_ = answer.cluster_time;
  std::erase_if(sweeping_, [&](const auto& item) { return item.second + minutes(10) < now_; });
  std::map<Tag, Copies> tagged;
  for (const ClusterJob& job : answer.jobs) {
    if (const auto tag = tag_of(job, options_.installation))
      tagged[*tag][root_of(job)].push_back(&job);
  }
  static const Copies nothing;
  for (auto& [id, entry] : entries_) {
    const auto copies = tagged.find({id, entry.attempt});
    look_at(id, entry, copies == tagged.end() ? nothing : copies->second, answer.ticket);
    if (copies == tagged.end()) notice_stranger(entry, answer);
    if (copies != tagged.end()) tagged.erase(copies);
  }
  for (const auto& [tag, copies] : tagged) {
    // What may be a job of the log that was not told yet stays until it is.
    if (!uncertain_.contains(tag)) sweep(copies, 0);
  }
}

// The id of a job that vanished was given to another.
void SlurmSite::notice_stranger(Entry& entry, const Answer& answer) {
  if (entry.stranger || entry.binding.id == 0) return;
  entry.stranger = std::ranges::any_of(
      answer.jobs, [&](const ClusterJob& job) { return root_of(job) == entry.binding.id; });
  counts_.strangers += entry.stranger ? 1 : 0;
}

void SlurmSite::look_at(JobId id, Entry& entry, const Copies& copies, std::uint64_t list_ticket) {
  if (list_ticket < entry.heard_at) return;
  switch (entry.stage) {
    case Stage::ready:
    case Stage::submitting:
    case Stage::naming:
      return;
    case Stage::unknown:
      return look_for(id, entry, copies);
    case Stage::over:
      return sweep(copies, 0);
    case Stage::bound:
    case Stage::releasing:
    case Stage::released:
      break;
  }
  // Id and tag together are enough; the submit time changes when Slurm requeues a job.
  const auto mine = copies.find(static_cast<std::uint32_t>(entry.binding.id));
  const bool there = mine != copies.end();
  sweep(copies, there ? mine->first : 0);
  if (!there) return missing(id, entry);
  entry.absent_since.reset();
  follow(id, entry, mine->second);
  if (entry.stop && entry.stage != Stage::over) cancel(entry);
}

void SlurmSite::look_for(JobId id, Entry& entry, const Copies& copies) {
  if (copies.empty()) {
    // Held, it cannot have run and been forgotten; otherwise the accounting may know it.
    if (options_.hold || !options_.accounting) return not_found(id, entry);
    return missing(id, entry);
  }
  counts_.adopted += 1;
  bind(id, entry, *copies.begin()->second.front());
  sweep(copies, copies.begin()->first);
}

// Cancels all copies that have not ended, but for the one to keep.
void SlurmSite::sweep(const Copies& copies, std::uint32_t keep) {
  for (const auto& [root, records] : copies) {
    const bool live =
        std::ranges::any_of(records, [](const ClusterJob* job) { return !has_ended(job->state); });
    if (root == keep || !live) continue;
    if (sweeping_.size() >= sweeps_remembered && !sweeping_.contains(root)) continue;  // later
    const auto [asked, fresh] = sweeping_.try_emplace(root, now_);
    if (!fresh && now_ < asked->second + sweep_again) continue;
    asked->second = now_;
    counts_.swept += fresh ? 1 : 0;
    send(Act::cancel, {}, ask::Cancel{records.front()->user, root});
  }
}

// A job that was bound is not in the list: it ended and was forgotten, or it vanished.
void SlurmSite::missing(JobId id, Entry& entry) {
  if (!options_.accounting) return not_found(id, entry);
  const Tag tag{id, entry.attempt};
  const bool asked = std::ranges::any_of(asked_, [&](const auto& item) {
    return item.second.act == Act::past && item.second.tag == tag;
  });
  if (!asked)
    send(Act::past, tag, ask::Past{entry.placed - days(1), tag_text(options_.installation, tag)});
}

void SlurmSite::past_answered(const Tag& tag, const Answer& answer) {
  Entry* entry = current(tag);
  if (entry == nullptr || entry->stage == Stage::over || answer.came != Came::done) return;
  Copies copies;
  for (const ClusterJob& job : answer.jobs) {
    if (tag_of(job, options_.installation) == tag) copies[root_of(job)].push_back(&job);
  }
  const auto mine = entry->binding.id == 0
                        ? copies.begin()
                        : copies.find(static_cast<std::uint32_t>(entry->binding.id));
  if (mine == copies.end()) return not_found(tag.job, *entry);
  if (entry->stage == Stage::unknown) bind(tag.job, *entry, *mine->second.front());
  const bool ended = std::ranges::all_of(
      mine->second, [](const ClusterJob* job) { return has_ended(job->state); });
  // slurmdbd may have the job as it was before the controller lost it.
  if (!ended) return not_found(tag.job, *entry);
  follow(tag.job, *entry, mine->second);
}

void SlurmSite::not_found(JobId id, Entry& entry) {
  if (!entry.absent_since) {
    entry.absent_since = now_;
    return;
  }
  if (now_ < *entry.absent_since + options_.settle) return;
  counts_.absent += 1;
  entry.stage = Stage::over;
  reports_.emplace_back(jobs::SiteAbsent{id, entry.attempt, "The site lost sight of it."});
}

void SlurmSite::follow(JobId id, Entry& entry, const Records& records) {
  // A controller that crashed may have forgotten that it let the job go.
  const ClusterJob& first = *records.front();
  if (entry.stage == Stage::released && first.state == ClusterState::pending && first.held)
    send(Act::release, {id, entry.attempt}, ask::Release{entry.user, root_of(first)});
  for (const ClusterJob* job : records) {
    if (!entry.queued && job->state == ClusterState::pending && !job->held &&
        entry.stage != Stage::bound) {
      entry.queued = true;
      reports_.emplace_back(jobs::SiteQueued{id, reference(entry), entry.attempt});
    }
    if (entry.array.empty()) {
      follow_task(id, entry, 0, *job);
      continue;
    }
    if (!job->array_task) {
      // Tasks that are still together share one record; they end together when all are cancelled.
      if (!has_ended(job->state)) continue;
      for (std::uint32_t task = 0; task < entry.tasks.size(); ++task)
        follow_task(id, entry, task, *job);
      continue;
    }
    const auto place = std::ranges::lower_bound(entry.array, *job->array_task);
    if (place == entry.array.end() || *place != *job->array_task) continue;
    follow_task(id, entry, static_cast<std::uint32_t>(place - entry.array.begin()), *job);
  }
  const bool over = std::ranges::all_of(entry.tasks, &TaskSeen::ended);
  if (over) entry.stage = Stage::over;
}

void SlurmSite::follow_task(JobId id, Entry& entry, std::uint32_t task, const ClusterJob& job) {
  if (task >= entry.tasks.size() || entry.tasks[task].ended) return;
  // A job that was cancelled while pending has a start in Slurm's books, but no node.
  const bool began = job.started != Time{} && !job.nodes.empty();
  if (job.state == ClusterState::running && began && !entry.tasks[task].started) {
    entry.tasks[task].started = true;
    entry.stage = Stage::released;
    if (!options_.tasks_speak)
      reports_.emplace_back(jobs::SiteStarted{id, task, job.started, entry.attempt});
  }
  if (!has_ended(job.state)) return;
  entry.tasks[task].ended = true;
  jobs::SiteEnded report;
  report.job = id;
  report.attempt = entry.attempt;
  report.task = task;
  report.started = began ? job.started : Time{};
  report.ended = job.ended;
  report.outcome = outcome_of(job.state);
  report.exit_code = job.exit_code;
  report.signal = job.signal;
  report.says_start = options_.tasks_speak;
  if (job.state != ClusterState::completed) report.text = job.reason;
  reports_.emplace_back(std::move(report));
}

}  // namespace fabrica::sites::slurm
