#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>

#include "base/utf8.h"
#include "sites/slurm/job_states.h"
#include "sites/slurm/slurm_site.h"

/// The part of SlurmSite that reads what the cluster shows: finds jobs by their tags, follows those
/// that are bound, misses those that are gone, and cancels copies that nobody wants.
namespace fabrica::sites::slurm {

namespace {

using jobs::JobId;
using jobs::Outcome;

constexpr Duration sweep_again = seconds(10);
constexpr Duration list_all_every = seconds(30);
constexpr std::int64_t list_rest = 9;         // times what a list takes, while jobs are submitted
constexpr Duration clock_doubt = seconds(2);  // its times are whole seconds, and ours are not its
constexpr std::size_t sweeps_remembered = 10'000;
// More than a submission may take from its time at the cluster to when it is acknowledged here.
constexpr Duration clock_off_max = minutes(3);
constexpr std::size_t comment_shown_max = 100;

}  // namespace

void SlurmSite::poll() {
  if (listing_ || now_ < next_poll_) return;
  const bool has_jobs = !entries_.empty() || !uncertain_.empty();
  if (!has_jobs && !options_.on_others) return;
  listing_ = true;
  // Until a job that is missing is found the whole list is wanted, changed or not.
  const bool some_missing =
      std::ranges::any_of(entries_, [&](const auto& item) { return is_missing(item.second); });
  const bool all = some_missing || !naming_.empty() || now_ >= list_all_;
  if (all) list_all_ = now_ + list_all_every;
  listed_ = now_;
  send(Act::list, {}, ask::List{all ? Time{} : changed_since_});
  const bool rarely = some_missing && naming_.empty();
  next_poll_ = now_ + (rarely ? options_.look_every : options_.poll_every);
  if (!has_jobs) next_poll_ = now_ + options_.others_every;
  // A list costs a cluster as much as many submissions.
  if (!ready_.empty())
    next_poll_ = next_poll_ + std::max(options_.poll_every, list_took_ * list_rest);
}

// From when on changes are news. A slurmrestd that tells no time is asked by what its jobs told of
// its clock; where that was wrong, the next whole list sets it right.
void SlurmSite::take_time(const Answer& answer) {
  changed_since_ = answer.cluster_time;
  if (changed_since_ == Time{} && clock_ahead_)
    changed_since_ = listed_ + *clock_ahead_ - clock_doubt;
}

bool SlurmSite::is_missing(const Entry& entry) {
  return entry.stage == Stage::unknown || entry.absent_since.has_value();
}

void SlurmSite::list_answered(const Answer& answer) {
  if (answer.came == Came::unchanged) return notices_.answered(Notices::Part::controller, now_);
  if (answer.came != Came::done)
    return notices_.silent(Notices::Part::controller, now_, answer.text);
  notices_.answered(Notices::Part::controller, now_);
  list_took_ = now_ - listed_;
  take_time(answer);
  if (options_.on_others) options_.on_others(others_in(answer.jobs, options_.installation));
  std::erase_if(sweeping_, [&](const auto& item) { return item.second + minutes(10) < now_; });
  std::map<Tag, Copies> tagged;
  for (const ClusterJob& job : answer.jobs) {
    const auto tag = tag_of(job, options_.installation);
    if (!tag) continue;
    notice_oddities(job, *tag);
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

void SlurmSite::notice_oddities(const ClusterJob& job, const Tag& tag) {
  const std::string& name = options_.cluster_name;
  name_confirmed_ = name_confirmed_ || job.cluster == name;
  if (!name.empty() && !job.cluster.empty() && job.cluster != name) {
    notices_.odd(Notices::Oddity::name,
                 fmt::format("it calls itself \"{}\", but `cluster` in its settings is \"{}\": its "
                             "accounting is asked for the jobs of all clusters until they agree.",
                             job.cluster, name));
  }
  if (!job.comment.starts_with(tag_text(options_.installation, tag))) {
    notices_.odd(Notices::Oddity::comment,
                 fmt::format("something rewrites the comments of jobs there: {}, its job {}, has "
                             "\"{}\". Such jobs are known by the end of their names; leave those.",
                             to_string(tag.job), job.id, cut_utf8(job.comment, comment_shown_max)));
  }
}

void SlurmSite::notice_clock(Duration ahead) {
  if (ahead < clock_off_max && Duration{} - ahead < clock_off_max) return;
  notices_.odd(Notices::Oddity::clock,
               fmt::format("its clock is about {} s {} ours: start and end of its jobs are by its "
                           "own, and tokens end early or late. Set both clocks by one source.",
                           std::abs(ahead.ms) / 1'000, ahead.ms > 0 ? "ahead of" : "behind"));
}

// The site's lock holds back what ours let through: it counts more than we know of.
void SlurmSite::notice_limit(JobId id, const ClusterJob& job) {
  if (!job.reason.starts_with("AssocGrp") || !job.reason.contains("Minutes")) return;
  notices_.odd(
      Notices::Oddity::limit,
      fmt::format("{} waits there for the limit of account {} ({}): more was used under it "
                  "than Fabrica's jobs. Look who uses it (sshare -A {}).",
                  to_string(id), job.account, job.reason, job.account));
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
      return;
    case Stage::naming:
      return look_for_name(id, entry, copies);
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
  if (entry.recall && entry.stage != Stage::over) give_back(id, entry, mine->second);
  if (entry.stop && entry.stage != Stage::over) cancel(entry);
}

// The list was asked for after the site acknowledged the job.
void SlurmSite::look_for_name(JobId id, Entry& entry, const Copies& copies) {
  const auto mine = copies.find(static_cast<std::uint32_t>(entry.binding.id));
  if (mine != copies.end()) return bind(id, entry, *mine->second.front());
  lose_sight(id, entry, "The site acknowledged the job and does not show it.");
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

// Cancelled is only what is seen to be held: what is not may begin before the cancellation comes.
void SlurmSite::give_back(JobId id, Entry& entry, const Records& records) {
  const ClusterJob& job = *records.front();
  if (entry.tasks.front().started) {
    entry.recall = false;
  } else if (job.state == ClusterState::pending && job.held) {
    cancel(entry);
  } else if (job.state == ClusterState::pending) {
    send(Act::hold, {id, entry.attempt}, ask::Hold{entry.user, root_of(job)});
  }
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
    send(Act::past, tag,
         ask::Past{entry.placed - days(1), tag_text(options_.installation, tag), !name_confirmed_});
}

void SlurmSite::past_answered(const Tag& tag, const Answer& answer) {
  if (answer.came != Came::done)
    return notices_.silent(Notices::Part::accounting, now_, answer.text);
  notices_.answered(Notices::Part::accounting, now_);
  Entry* entry = current(tag);
  if (entry == nullptr || entry->stage == Stage::over) return;
  Copies copies;
  for (const ClusterJob& job : answer.jobs) {
    if (tag_of(job, options_.installation) == tag) copies[root_of(job)].push_back(&job);
  }
  const auto mine = entry->binding.id == 0
                        ? copies.begin()
                        : copies.find(static_cast<std::uint32_t>(entry->binding.id));
  if (mine == copies.end()) return not_found(tag.job, *entry);
  if (entry->stage == Stage::unknown) bind(tag.job, *entry, *mine->second.front());
  Records last;
  for (const ClusterJob* record : mine->second) {
    if (!entry->array.empty() && !record->array_task) last.push_back(record);
  }
  const RunsOfTasks known = runs_of(*entry, mine->second);
  bool all_known = !entry->array.empty() && !last.empty();
  if (!all_known) all_known = known.size() == entry->tasks.size();
  for (const auto& [task, runs] : known) {
    tell_runs(tag.job, *entry, task, runs);
    last.push_back(runs.back());
  }
  const bool ended = std::ranges::all_of(last, [](const ClusterJob* job) {
    return has_ended(job->state) && job->state != ClusterState::requeued;
  });
  // slurmdbd may have the job as it was before the controller lost it.
  if (!ended) return not_found(tag.job, *entry);
  follow(tag.job, *entry, last);
  // Of an array it may know only those tasks that ran before the controller lost the others.
  if (!all_known && entry->stage != Stage::over) not_found(tag.job, *entry);
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
  if (entry.stage == Stage::released && !entry.recall && first.state == ClusterState::pending &&
      first.held)
    send(Act::release_again, {id, entry.attempt}, ask::Release{entry.user, root_of(first)});
  if (options_.keeps_accounts && first.state == ClusterState::pending) notice_limit(id, first);
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
  look_at_runs(id, entry, task, job);
  // A job that was cancelled while pending has a start in Slurm's books, but no node.
  const bool began = job.started != Time{} && !job.nodes.empty();
  if (job.state == ClusterState::running && began && !entry.tasks[task].started) {
    entry.tasks[task].started = true;
    entry.stage = Stage::released;
    if (!options_.tasks_speak)
      reports_.emplace_back(jobs::SiteStarted{id, task, job.started, entry.attempt});
  }
  if (!has_ended(job.state) || end_waits(entry, entry.tasks[task])) return;
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
  report.key = entry.tasks[task].at_hand;
  if (job.state != ClusterState::completed) report.text = job.reason;
  reports_.emplace_back(std::move(report));
}

}  // namespace fabrica::sites::slurm
