#include "sites/simulated/simulated_site.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

#include "base/check.h"
#include "base/limits.h"

namespace fabrica::sites::simulated {

namespace {

using jobs::JobId;
using jobs::Outcome;
using jobs::SiteEnded;
using jobs::SiteQueued;
using jobs::SiteStarted;

// What a report is about: its kind, job and task. The times in it do not name it.
std::tuple<std::size_t, JobId, std::uint32_t> subject_of(const jobs::Report& report) {
  return std::visit(
      [&]<class R>(const R& one) {
        if constexpr (requires { one.task; })
          return std::tuple(report.index(), one.job, one.task);
        else if constexpr (requires { one.account; })
          return std::tuple(report.index(), JobId{one.account.value}, std::uint32_t{0});
        else
          return std::tuple(report.index(), one.job, std::uint32_t{0});
      },
      report);
}

std::size_t tasks_of(const jobs::JobRequest& request) {
  return std::max<std::size_t>(1, request.array.size());
}

}  // namespace

SimulatedSite::SimulatedSite(std::uint64_t seed, std::span<const VirtualPartition> partitions)
    : seed_(seed) {
  for (const VirtualPartition& partition : partitions) {
    partitions_.push_back({partition.id, Machines(partition), {}});
  }
}

void SimulatedSite::tell(const jobs::SiteRequest& request) { arrivals_.push_back(request); }

std::vector<jobs::Report> SimulatedSite::hear(Time now) {
  now_ = std::max(now_, now);
  while (!endings_.empty() && endings_.begin()->at <= now_) end_running(*endings_.begin());
  while (!arrivals_.empty()) {
    const jobs::SiteRequest request = std::move(arrivals_.front());
    arrivals_.pop_front();
    std::visit([&](const auto& one) { take(one); }, request);
  }
  const std::size_t count = std::min(unacknowledged_.size(), limits::group_commands_max);
  const auto end = unacknowledged_.begin() + static_cast<std::ptrdiff_t>(count);
  return {unacknowledged_.begin(), end};
}

void SimulatedSite::acknowledge(std::span<const jobs::Report> reports) {
  std::set<std::tuple<std::size_t, JobId, std::uint32_t>> durable;
  for (const jobs::Report& report : reports) durable.insert(subject_of(report));
  std::erase_if(unacknowledged_,
                [&](const auto& report) { return durable.contains(subject_of(report)); });
}

std::optional<Time> SimulatedSite::next_event() const {
  if (!arrivals_.empty()) return now_;
  if (endings_.empty()) return std::nullopt;
  return endings_.begin()->at;
}

SimulatedSite::Asked SimulatedSite::asked(JobId job, std::uint32_t attempt) const {
  const auto found = asked_.find({job, attempt});
  return found == asked_.end() ? Asked{} : found->second;
}

std::size_t SimulatedSite::place_of(federation::PartitionId partition) const {
  const auto found = std::ranges::find(partitions_, partition, &VirtualQueue::id);
  return static_cast<std::size_t>(found - partitions_.begin());
}

void SimulatedSite::take(const jobs::StartJob& request) {
  const Key key{request.job, request.attempt};
  Asked& asked = asked_[key];
  asked.starts += 1;
  if (asked.stopped && !asked.taken) starts_after_stop_ += 1;
  if (asked.taken || asked.stopped) return;
  asked.taken = true;
  const std::size_t place = place_of(request.partition);
  if (place == partitions_.size() || !partitions_[place].machines.could_run(request.request)) {
    for (std::uint32_t i = 0; i < tasks_of(request.request); ++i) {
      report_never_started(key, i, Outcome::refused, now_, "no such partition, or too small a one");
    }
    return;
  }
  VirtualJob job;
  job.request = request.request;
  job.partition = place;
  job.tasks.resize(tasks_of(request.request));
  job.left = job.tasks.size();
  jobs_.emplace(key, std::move(job));
  last_reference_ += 1;
  unacknowledged_.emplace_back(
      SiteQueued{key.job, fmt::format("sim-{}", last_reference_), key.attempt});
  partitions_[place].queue.push_back(key);
  start_what_fits(partitions_[place], now_);
}

bool SimulatedSite::has_begun(const Key& key) const {
  const auto known = jobs_.find(key);
  return known != jobs_.end() &&
         std::ranges::any_of(known->second.tasks,
                             [](const VirtualTask& task) { return task.phase != Phase::queued; });
}

void SimulatedSite::take(const jobs::StopJob& request) {
  const Key key{request.job, request.attempt};
  if (request.unless_begun && has_begun(key)) return;
  Asked& asked = asked_[key];
  asked.stops += 1;
  if (asked.stopped) return;
  asked.stopped = true;
  const auto known = jobs_.find(key);
  if (known == jobs_.end()) {
    const std::uint32_t tasks = asked.taken ? 0 : std::min(request.tasks, limits::array_tasks_max);
    for (std::uint32_t i = 0; i < tasks; ++i) {
      report_never_started(key, i, Outcome::cancelled, now_, "stopped before it came");
    }
    return;
  }
  VirtualJob& job = known->second;
  VirtualQueue& queue = partitions_[job.partition];
  std::erase(queue.queue, key);
  // Running tasks get a while to end by themselves, queued ones never start.
  for (std::uint32_t i = 0; i < job.tasks.size(); ++i) {
    VirtualTask& task = job.tasks[i];
    const Time killed =
        now_ + Duration{1 + static_cast<std::int64_t>((key.job.value + i) % 30) * 1000};
    if (task.phase != Phase::running || task.ends <= killed) continue;
    endings_.erase({task.ends, key, i});
    task.ends = killed;
    task.fate.outcome = Outcome::cancelled;
    task.fate.exit_code = 0;
    task.fate.signal = 15;
    endings_.insert({task.ends, key, i});
  }
  for (auto i = static_cast<std::uint32_t>(job.next); i < job.tasks.size(); ++i) {
    if (job.tasks[i].phase != Phase::queued) continue;
    job.tasks[i].phase = Phase::ended;
    job.left -= 1;
    report_never_started(key, i, Outcome::cancelled, now_, "stopped in the queue");
  }
  job.next = job.tasks.size();
  if (job.left == 0) jobs_.erase(known);
  start_what_fits(queue, now_);
}

// It has no books, so it has every account as it is told.
void SimulatedSite::take(const jobs::KeepAccount& request) {
  unacknowledged_.emplace_back(jobs::AccountKept{request.account, request.limit, request.closed});
}

void SimulatedSite::start_what_fits(VirtualQueue& queue, Time at) {
  for (auto place = queue.queue.begin(); place != queue.queue.end();) {
    const auto known = jobs_.find(*place);
    CHECK(known != jobs_.end(), "what is queued has tasks that have not ended");
    VirtualJob& job = known->second;
    if (!start_tasks(queue, known->first, job, at)) return;
    if (job.next < job.tasks.size()) {
      held_back_by_array_ += 1;
      ++place;
      continue;
    }
    place = queue.queue.erase(place);
    if (job.left == 0) jobs_.erase(known);
  }
}

// Tasks that an adopted job began or ended before lie between the queued ones.
void SimulatedSite::find_next(VirtualJob& job) {
  while (job.next < job.tasks.size() && job.tasks[job.next].phase != Phase::queued) job.next += 1;
}

// False when the next task finds no room; nobody behind it may start then.
bool SimulatedSite::start_tasks(VirtualQueue& queue, const Key& key, VirtualJob& job, Time at) {
  const std::size_t at_once =
      job.request->array_at_once == 0 ? job.tasks.size() : job.request->array_at_once;
  while (job.next < job.tasks.size() && job.running < at_once) {
    std::optional<std::vector<std::uint32_t>> nodes = queue.machines.take(job.request);
    if (!nodes) return false;
    start_task(key, job, static_cast<std::uint32_t>(job.next), at, *std::move(nodes));
    find_next(job);
  }
  return true;
}

void SimulatedSite::start_task(const Key& key, VirtualJob& job, std::uint32_t index, Time at,
                               std::vector<std::uint32_t> nodes) {
  VirtualTask& task = job.tasks[index];
  task.fate = fate_of(seed_, {key.job, key.attempt, index}, job.request->time_limit);
  if (task.fate.outcome == Outcome::launch_failed) {
    task.phase = Phase::ended;
    job.left -= 1;
    partitions_[job.partition].machines.give_back(job.request, nodes);
    report_never_started(key, index, Outcome::launch_failed, at, "the node could not start it");
    return;
  }
  task.phase = Phase::running;
  task.started = at;
  task.ends = at + task.fate.run;
  task.nodes = std::move(nodes);
  job.running += 1;
  endings_.insert({task.ends, key, index});
  unacknowledged_.emplace_back(SiteStarted{key.job, index, at, key.attempt});
  if (onlooker_) onlooker_({key.job, key.attempt, index});
}

void SimulatedSite::end_running(const Ending& ending) {
  const Ending copy = ending;
  endings_.erase(copy);
  const auto known = jobs_.find(copy.key);
  CHECK(known != jobs_.end(), "a running task has a job");
  VirtualQueue& queue = partitions_[known->second.partition];
  end_task(copy.key, known->second, copy.task, copy.at);
  if (known->second.left == 0) jobs_.erase(known);
  start_what_fits(queue, copy.at);
}

void SimulatedSite::end_task(const Key& key, VirtualJob& job, std::uint32_t index, Time at) {
  VirtualTask& task = job.tasks[index];
  partitions_[job.partition].machines.give_back(job.request, task.nodes);
  task.nodes.clear();
  task.phase = Phase::ended;
  job.running -= 1;
  job.left -= 1;
  SiteEnded report;
  report.job = key.job;
  report.attempt = key.attempt;
  report.task = index;
  report.started = task.started;
  report.ended = at;
  report.outcome = task.fate.outcome;
  report.exit_code = task.fate.exit_code;
  report.signal = task.fate.signal;
  report.cpu_ms = (at - task.started).ms / 2;
  report.memory_bytes_peak = static_cast<std::int64_t>(job.request->nodes) << 30U;
  unacknowledged_.emplace_back(std::move(report));
}

void SimulatedSite::report_never_started(const Key& key, std::uint32_t task, Outcome outcome,
                                         Time at, std::string text) {
  SiteEnded report;
  report.job = key.job;
  report.attempt = key.attempt;
  report.task = task;
  report.ended = at;
  report.outcome = outcome;
  report.text = std::move(text);
  unacknowledged_.emplace_back(std::move(report));
}

void SimulatedSite::adopt(const jobs::State& state, federation::SiteId site) {
  CHECK(asked_.empty() && arrivals_.empty(), "a site adopts before it is told anything");
  state.jobs.for_each([&](JobId id, const jobs::Job& job) {
    const bool there = job.phase == jobs::JobPhase::queued || job.phase == jobs::JobPhase::running;
    if (job.site == site && there) adopt_job(id, job);
  });
  for (VirtualQueue& queue : partitions_) start_what_fits(queue, now_);
}

void SimulatedSite::adopt_job(JobId id, const jobs::Job& known) {
  const Key key{id, known.attempt};
  asked_[key].taken = true;
  VirtualJob job;
  job.request = known.request;
  job.partition = place_of(known.partition);
  job.tasks.resize(known.tasks.size());
  if (job.partition == partitions_.size()) {
    for (std::uint32_t i = 0; i < known.tasks.size(); ++i) {
      report_never_started(key, i, Outcome::lost, now_, "its partition is gone");
    }
    return;
  }
  for (std::uint32_t i = 0; i < known.tasks.size(); ++i) {
    VirtualTask& task = job.tasks[i];
    const jobs::Task& seen = known.tasks[i];
    if (seen.outcome != Outcome::none) {
      task.phase = Phase::ended;
    } else if (seen.started != Time{}) {
      task = {Phase::running,
              seen.started,
              {},
              fate_of(seed_, {id, known.attempt, i}, job.request->time_limit),
              {}};
      task.ends = task.started + task.fate.run;
      task.nodes = partitions_[job.partition]
                       .machines.take(job.request)
                       .value_or(std::vector<std::uint32_t>{});
      endings_.insert({task.ends, key, i});
      job.running += 1;
    }
    job.left += task.phase == Phase::ended ? 0 : 1;
  }
  if (job.left == 0) return;
  find_next(job);
  if (job.next < job.tasks.size()) partitions_[job.partition].queue.push_back(key);
  jobs_.emplace(key, std::move(job));
}

}  // namespace fabrica::sites::simulated
