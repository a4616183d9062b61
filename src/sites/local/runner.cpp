#include "sites/local/runner.h"

#include <fmt/core.h>
#include <spawn.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "base/check.h"
#include "base/limits.h"
#include "sites/local/lost.h"
#include "sites/local/meter.h"
#include "sites/local/process_tree.h"
#include "sites/local/spec_check.h"

namespace fabrica::sites::local {

namespace {

// A supervisor takes its lock within milliseconds, on a crowded machine within seconds. A second
// one does no harm, so impatience costs nothing but a process.
constexpr Duration launch_patience = seconds(5);
constexpr int launches_max = 5;
constexpr Duration prune_pause = hours(24);

Waiting waiting_of(const TaskSpec& spec) {
  return {spec.order,
          spec.tag,
          spec.group,
          spec.group_limit,
          {spec.cores, spec.gpus, spec.memory_bytes}};
}

// Starts fabrica-supervise and waits until it has left us; an empty text when it has.
std::string spawn_supervisor(const std::filesystem::path& program,
                             const std::filesystem::path& task_directory) {
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::string name = program.string();
  std::string directory = task_directory.string();
  const std::array<char*, 3> arguments{name.data(), directory.data(), nullptr};
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, program.c_str(), nullptr, &attributes, arguments.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0) return fmt::format("{} cannot be started: {}.", name, error_text(error));
  int status = 0;
  pid_t waited = 0;
  do {
    waited = ::waitpid(pid, &status, 0);
  } while (waited < 0 && errno == EINTR);
  // Where somebody else waits for all children, the status is theirs, and the lock will tell.
  if (waited == pid && status != 0) return fmt::format("{} ended at once.", name);
  return "";
}

}  // namespace

Runner::Runner(RunnerOptions options, Spool spool)
    : options_(std::move(options)),
      spool_(std::move(spool)),
      slots_(options_.cores, options_.memory_bytes, options_.gpus),
      watches_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {}

Result<Runner> Runner::open(const RunnerOptions& options) {
  TRY(Spool spool, Spool::open(options.spool, options.programs));
  const std::vector<std::string> tags = spool.tags();
  Runner runner(options, std::move(spool));
  for (const std::string& tag : tags) runner.load(tag);
  return runner;
}

// What the files say, and nothing else, is what a task is.
void Runner::load(const std::string& tag) {
  const TaskDirectory directory = spool_.task(tag);
  const Result<TaskSpec> spec = directory.spec();
  Task& task = tasks_[tag];
  task.report.tag = tag;
  if (spec) task.waiting = waiting_of(*spec);
  task.waiting.tag = tag;

  if (auto ended = directory.ended()) {
    finish(task, *std::move(ended));
    return;
  }
  const bool launched = directory.has(task_file::launch) || directory.has(task_file::started);
  if (launched) {
    const auto started = directory.started();
    const auto launch = directory.launch();
    activate(task, started ? started->gpus : launch.value_or(Launch{}).gpus);
    return;
  }
  const std::string unreadable = spec ? "" : spec.error().text;
  if (!unreadable.empty() || !slots_.could_hold(task.waiting.need)) {
    const std::string text = unreadable.empty()
                                 ? "This machine has become too small for the task."
                                 : fmt::format("The task cannot be read: {}", unreadable);
    end_unstarted(directory, EndReason::launch_failed, text, wall_now());
    if (auto ended = directory.ended()) return finish(task, *std::move(ended));
  }
  queue_.insert(task.waiting);
  if (directory.has(task_file::cancel)) cancel(tag);
}

// From here the task holds its slots until it has ended.
void Runner::activate(Task& task, std::vector<std::uint32_t> gpus) {
  queue_.erase(task.waiting);
  slots_.take(task.waiting.need, gpus);
  task.report.gpus = std::move(gpus);
  active_.insert(task.report.tag);
  running_in_group_[task.waiting.group] += 1;
  if (watches_) {
    const std::filesystem::path path = spool_.task(task.report.tag).path();
    // A record is put in place by a rename; a lock is closed when its holder ends.
    task.watch = ::inotify_add_watch(watches_.get(), path.c_str(),
                                     IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR);
  }
}

Result<void> Runner::submit(const TaskSpec& spec, std::string_view script) {
  TRY_DONE(check_spec(spec));
  if (Task* const known = find(spec.tag)) {
    known->news = true;
    return {};
  }
  if (script.size() > limits::script_bytes_max) {
    return refuse(refusal::too_large, "script",
                  fmt::format("Give a script of at most {} bytes.", limits::script_bytes_max));
  }
  if (auto ended = spool_.archived(spec.tag)) {
    Task& task = tasks_[spec.tag];
    task.report.tag = spec.tag;
    finish(task, *std::move(ended));
    return {};
  }
  if (!slots_.could_hold(waiting_of(spec).need)) {
    return refuse(refusal::invalid, "",
                  fmt::format("Ask for less: this machine has {} cores, {} MiB and {} GPUs.",
                              options_.cores, options_.memory_bytes >> 20U, options_.gpus.size()));
  }
  if (tasks_.size() >= limits::live_jobs_max) {
    return refuse(refusal::too_many, "", "Too many tasks wait here. Try again later.");
  }
  TRY_DONE(spool_.add(spec, script));
  load(spec.tag);
  return {};
}

bool Runner::cancel(std::string_view tag) {
  Task* const task = find(tag);
  if (task == nullptr) return false;
  if (task->report.state == TaskState::ended) return true;
  const TaskDirectory directory = spool_.task(tag);
  // Kept first: whoever comes next, a restarted server or a supervisor, finds the wish.
  const bool kept = directory.ask_to_cancel().has_value();
  const auto started = directory.started();
  if (!kept && started) send_signal(started->supervisor, SIGUSR1);
  if (!active_.contains(task->report.tag)) {
    end_unstarted(directory, EndReason::cancelled, "Cancelled before it started.", wall_now());
    if (auto ended = directory.ended()) finish(*task, *std::move(ended));
  }
  return true;
}

bool Runner::has_begun(std::string_view tag) const {
  const auto task = tasks_.find(tag);
  return task != tasks_.end() &&
         (active_.contains(task->first) || task->second.report.state != TaskState::queued);
}

std::vector<TaskReport> Runner::poll(Time now) {
  drain_wakes();
  const std::vector<std::string> active(active_.begin(), active_.end());
  for (const std::string& tag : active) observe(tasks_.at(tag), now);
  start_waiting(now);
  if (now >= prune_at_) {
    spool_.prune_archive(now - options_.archive_kept);
    prune_at_ = now + prune_pause;
  }
  std::vector<TaskReport> reports;
  for (auto& [tag, task] : tasks_) {
    if (!task.news) continue;
    task.news = false;
    reports.push_back(task.report);
  }
  return reports;
}

void Runner::start_waiting(Time now) {
  while (const Waiting* const next = next_to_start(queue_, slots_, running_in_group_)) {
    Task& task = tasks_.at(next->tag);
    activate(task, slots_.pick_gpus(next->need));
    launch(task, now);
  }
}

void Runner::launch(Task& task, Time now) {
  const TaskDirectory directory = spool_.task(task.report.tag);
  task.launched_at = monotonic_now();
  task.launches += 1;
  std::string problem;
  if (task.launches > launches_max) problem = "The task's supervisor did not start.";
  // On record before the supervisor is, so that a restart gives the same GPUs to the same task.
  if (const Result<void> kept = directory.write(Launch{task.report.gpus}); !kept) {
    problem = kept.error().text;
  }
  if (problem.empty()) {
    problem = spawn_supervisor(options_.programs / "fabrica-supervise", directory.path());
  }
  if (problem.empty()) return;
  end_unstarted(directory, EndReason::launch_failed, problem, now);
  if (auto ended = directory.ended()) finish(task, *std::move(ended));
}

void Runner::observe(Task& task, Time now) {
  const TaskDirectory directory = spool_.task(task.report.tag);
  if (task.report.state == TaskState::queued) {
    if (const auto started = directory.started()) {
      task.report.state = TaskState::started;
      task.report.started_at_ms = started->started_at_ms;
      task.report.memory_enforcement = started->memory_enforcement;
      task.news = true;
    }
  }
  if (!directory.has(task_file::ended) && !directory.is_locked()) {
    if (directory.has(task_file::started)) {
      settle_lost(directory);
    } else if (monotonic_now() >= task.launched_at + launch_patience) {
      return launch(task, now);
    }
  }
  if (auto ended = directory.ended()) finish(task, *std::move(ended));
}

void Runner::finish(Task& task, Ended ended) {
  const std::string tag = task.report.tag;
  if (active_.erase(tag) > 0) {
    slots_.give_back(task.waiting.need, task.report.gpus);
    const auto group = running_in_group_.find(task.waiting.group);
    CHECK(group != running_in_group_.end(), "a running task is counted in its group");
    if (--group->second == 0) running_in_group_.erase(group);
  }
  queue_.erase(task.waiting);
  if (task.watch >= 0) ::inotify_rm_watch(watches_.get(), task.watch);
  task.watch = -1;
  task.report.state = TaskState::ended;
  task.report.started_at_ms = ended.started_at_ms;
  task.report.gpus = ended.gpus;
  task.report.memory_enforcement = ended.memory_enforcement;
  ended.tag = tag;
  task.report.ended = std::move(ended);
  task.news = true;
}

void Runner::forget(std::string_view tag) {
  Task* const task = find(tag);
  if (task == nullptr || !task->report.ended) return;
  // Where the disk refuses the note, the task stays, and is told again after a restart.
  if (spool_.archive(*task->report.ended)) tasks_.erase(tasks_.find(tag));
}

std::optional<int> Runner::wake_fd() const {
  return watches_ ? std::optional(watches_.get()) : std::nullopt;
}

void Runner::drain_wakes() const {
  std::array<char, 16'384> events{};
  while (watches_ && ::read(watches_.get(), events.data(), events.size()) > 0) {
  }
}

Runner::Task* Runner::find(std::string_view tag) {
  const auto at = tasks_.find(tag);
  return at == tasks_.end() ? nullptr : &at->second;
}

}  // namespace fabrica::sites::local
