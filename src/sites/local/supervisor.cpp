#include "sites/local/supervisor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>

#include "base/time.h"
#include "json/write.h"
#include "sites/local/cgroup.h"
#include "sites/local/launch.h"
#include "sites/local/meter.h"
#include "sites/local/process_tree.h"
#include "sites/local/signals.h"
#include "sites/local/spool.h"

namespace fabrica::sites::local {

namespace {

// With a memory limit a look every tenth of a second; without one a few quick looks for short jobs,
// then fewer.
constexpr Duration sampling_close = milliseconds(100);
constexpr Duration sampling_wide = milliseconds(500);
constexpr Duration sampled_closely_for = seconds(2);
constexpr Duration heartbeat_pause = seconds(1);
// A process that the kernel holds (in a broken file system, say) does not die; waiting for it must
// have an end.
constexpr Duration kill_patience = seconds(60);
constexpr Duration kill_pause = milliseconds(20);
constexpr int record_tries = 600;
constexpr Duration record_pause = seconds(1);

constexpr std::array supervised_signals{SIGCHLD, SIGUSR1, SIGTERM, SIGINT};

/// Why a task is being stopped before its script ends by itself.
enum class Stop : std::uint8_t { none, timeout, out_of_memory, cancelled, shutdown };

class Supervisor {
 public:
  explicit Supervisor(const std::filesystem::path& directory) : task_(directory) {}
  void run();

 private:
  Result<void> start();
  Result<HeldScript> hold_script(const Streams& streams);
  void join_cgroup();
  void watch();
  void wait_until(Time when);
  Time next_look() const;
  void take_signals();
  void reap();
  void obey();
  void warn_early();
  void look();
  void beat();
  void stop(Stop why);
  void signal_tree(int signal, bool with_script);
  void kill_tree();
  bool nothing_runs() const;
  void note(std::string_view text) const;
  void finish();
  Ended end_of_script() const;
  std::string describe_stop() const;
  void record(Ended ended);

  TaskDirectory task_;
  TaskSpec spec_;
  Launch launch_;
  std::optional<Cgroup> cgroup_;
  Streams streams_;
  CaughtSignals signals_;
  Fd heartbeat_;
  std::size_t heartbeat_bytes_ = 0;
  Meter meter_;
  std::vector<ProcessRef> processes_;

  Started started_;
  Time began_;  // by the clock that nobody sets, as are all below
  Time next_sample_;
  Time next_heartbeat_;
  Time limit_at_ = never;
  Time warning_at_ = never;
  Time kill_at_ = never;
  Stop stop_ = Stop::none;
  std::string stop_text_;
  std::optional<int> script_status_;
  bool childless_ = false;  // as of the last reap()
  bool killed_ = false;
  std::size_t unkillable_ = 0;
};

void Supervisor::run() {
  const auto lock = task_.try_lock();
  if (!lock || task_.has(task_file::ended) || task_.has(task_file::started)) return;
  if (Result<void> begun = start(); !begun) {
    Ended ended;
    ended.reason = EndReason::launch_failed;
    ended.text = begun.error().text;
    note(ended.text);
    // A script that was stopped before its first instruction counts from the start on record.
    ended.started_at_ms = started_.started_at_ms;
    ended.ended_at_ms = started_.started_at_ms > 0 ? started_.started_at_ms : wall_now().ms;
    kill_tree();
    record(ended);
    return;
  }
  if (!script_status_ && stop_ == Stop::cancelled) {
    Ended ended;
    ended.reason = EndReason::cancelled;
    ended.ended_at_ms = wall_now().ms;
    ended.text = "Cancelled before it started.";
    record(ended);
    return;
  }
  watch();
  finish();
}

// The order matters: what may fail comes before the record of the start, and the record before the
// script's first instruction.
Result<void> Supervisor::start() {
  TRY(spec_, task_.spec());
  launch_ = task_.launch().value_or(Launch{});
  if (task_.has(task_file::cancel)) {
    stop_ = Stop::cancelled;
    return {};
  }
  TRY_DONE(check_script(task_.file(task_file::script)));
  TRY(streams_, open_streams(spec_));
  ::mkdir(task_.file(task_file::temporary).c_str(), 0700);
  ::mkdir(task_.file(task_file::steps).c_str(), 0700);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  signals_ = CaughtSignals(supervised_signals);
  ignore_signal(SIGHUP);
  join_cgroup();

  started_.tag = spec_.tag;
  started_.boot_id = boot_id();
  started_.gpus = launch_.gpus;
  TRY(HeldScript script, hold_script(streams_));
  if (cgroup_ && !script.joined_cgroup()) {
    cgroup_->remove();
    cgroup_.reset();
    meter_.stop_following();
  }
  const bool kernel_counts = cgroup_ && cgroup_->has_memory();
  started_.memory_enforcement =
      kernel_counts ? MemoryEnforcement::cgroup : MemoryEnforcement::sampled;
  if (cgroup_) started_.cgroup = cgroup_->directory().string();
  if (const auto self = look_at_process(::getpid())) started_.supervisor = self->ref;
  if (const auto child = look_at_process(script.pid())) started_.script = child->ref;
  started_.started_at_ms = wall_now().ms;
  began_ = monotonic_now();
  TRY_DONE(task_.write(started_));
  beat();
  TRY_DONE(script.release());
  if (spec_.time_limit.ms > 0) limit_at_ = began_ + spec_.time_limit;
  if (spec_.early_signal && limit_at_ != never) {
    warning_at_ = limit_at_ - spec_.early_signal->before_limit;
  }
  return {};
}

Result<HeldScript> Supervisor::hold_script(const Streams& streams) {
  StartFacts facts;
  facts.started_at = wall_now();
  facts.gpus = launch_.gpus;
  facts.task_directory = task_.path();
  facts.program_directory = task_.path().parent_path().parent_path() / "bin";
  facts.supervisor_pid = ::getpid();
  ScriptPlan plan;
  plan.script = task_.file(task_file::script);
  plan.working_directory = spec_.working_directory;
  plan.arguments = spec_.arguments;
  plan.environment = task_environment(spec_, facts);
  plan.nice = spec_.nice;
  const Fd membership = cgroup_ ? cgroup_->open_membership() : Fd{};
  plan.membership = membership.get();
  return HeldScript::start(plan, streams);
}

void Supervisor::join_cgroup() {
  const auto places = cgroup_places();
  cgroup_ = Cgroup::create(places, cgroup_name(spec_.tag, task_.path()));
  if (!cgroup_) return;
  leave_server_cgroup(places);
  if (spec_.memory_bytes > 0 && cgroup_->has_memory() &&
      !cgroup_->limit_memory(spec_.memory_bytes)) {
    cgroup_->remove();
    cgroup_.reset();
    return;
  }
  meter_.follow(*cgroup_);
}

void Supervisor::watch() {
  look();
  while (!nothing_runs()) {
    wait_until(next_look());
    take_signals();
    reap();
    if (nothing_runs()) return;
    obey();
    const Time now = monotonic_now();
    if (now >= next_sample_) look();
    if (now >= next_heartbeat_) beat();
  }
}

// The end of the script is the end of the task, except while the tree is being stopped: then the
// others too have their time to save what they have.
bool Supervisor::nothing_runs() const {
  return script_status_ && (stop_ == Stop::none || childless_ || killed_);
}

Time Supervisor::next_look() const {
  return std::min({next_sample_, next_heartbeat_, limit_at_, warning_at_, kill_at_});
}

void Supervisor::wait_until(Time when) {
  const Duration left = when - monotonic_now();
  pollfd wait{signals_.descriptor(), POLLIN, 0};
  ::poll(&wait, 1, static_cast<int>(std::clamp<std::int64_t>(left.ms, 0, heartbeat_pause.ms)));
}

void Supervisor::take_signals() {
  for (const CaughtSignal& caught : signals_.take()) {
    if (caught.number == SIGUSR1) stop(Stop::cancelled);
    if (caught.number == SIGTERM || caught.number == SIGINT) stop(Stop::shutdown);
  }
}

void Supervisor::reap() {
  while (true) {
    int status = 0;
    rusage usage{};
    const pid_t pid = ::wait4(-1, &status, WNOHANG, &usage);
    if (pid < 0 && errno == EINTR) continue;
    childless_ = pid < 0;
    if (pid <= 0) return;
    meter_.add_reaped(usage);
    if (pid == started_.script.pid) script_status_ = status;
  }
}

void Supervisor::obey() {
  if (stop_ == Stop::none && task_.has(task_file::cancel)) stop(Stop::cancelled);
  const Time now = monotonic_now();
  if (now >= warning_at_) warn_early();
  if (now >= limit_at_) {
    limit_at_ = never;
    stop(Stop::timeout);
  }
  if (now >= kill_at_) kill_tree();
}

void Supervisor::warn_early() {
  warning_at_ = never;
  if (stop_ != Stop::none || !spec_.early_signal) return;
  if (spec_.early_signal->script_only) {
    send_signal(started_.script, spec_.early_signal->signal);
  } else {
    signal_tree(spec_.early_signal->signal, false);
  }
}

void Supervisor::look() {
  const Time now = monotonic_now();
  const std::vector<ProcessStat> tree = descendants(::getpid());
  meter_.sample(tree, spec_.memory_bytes, now);
  processes_.clear();
  for (const ProcessStat& process : tree) {
    if (processes_.size() < Heartbeat::processes_kept) processes_.push_back(process.ref);
  }
  const bool closely = spec_.memory_bytes > 0 || now < began_ + sampled_closely_for;
  next_sample_ = monotonic_now() + (closely ? sampling_close : sampling_wide);
  const bool ours_to_enforce = !cgroup_ || !cgroup_->has_memory();
  if (ours_to_enforce && spec_.memory_bytes > 0 && meter_.memory_bytes() > spec_.memory_bytes) {
    stop(Stop::out_of_memory);
  }
}

// Written in place and padded to the longest so far: no new file each second, and a reader always
// finds one whole value unless the power fails within the write.
void Supervisor::beat() {
  next_heartbeat_ = monotonic_now() + heartbeat_pause;
  if (!heartbeat_) {
    const std::filesystem::path path = task_.file(task_file::heartbeat);
    heartbeat_ = Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  }
  Heartbeat alive;
  alive.elapsed_ms = (monotonic_now() - began_).ms;
  alive.cpu_ms = meter_.cpu_time().ms;
  alive.peak_memory_bytes = meter_.peak_memory_bytes();
  alive.processes = processes_;
  std::string text = json::to_json(alive);
  heartbeat_bytes_ = std::max(heartbeat_bytes_, text.size());
  text.resize(heartbeat_bytes_, ' ');
  static_cast<void>(!::pwrite(heartbeat_.get(), text.data(), text.size(), 0));
}

void Supervisor::stop(Stop why) {
  // A task that is being stopped already keeps its first reason; memory cannot wait.
  if (stop_ == Stop::none) {
    stop_ = why;
    stop_text_ = describe_stop();
    note(stop_text_);
  }
  if (why == Stop::out_of_memory) {
    kill_tree();
  } else if (kill_at_ == never && !killed_) {
    kill_at_ = monotonic_now() + spec_.grace;
    signal_tree(SIGTERM, true);
    // A stopped process would not see the other until it goes on.
    signal_tree(SIGCONT, true);
  }
}

void Supervisor::signal_tree(int signal, bool with_script) {
  for (const ProcessStat& process : descendants(::getpid())) {
    if (with_script || process.ref != started_.script) send_signal(process.ref, signal);
  }
}

// What is orphaned comes to us, so as long as anything of the tree lives we have a child.
void Supervisor::kill_tree() {
  const Time give_up_at = monotonic_now() + kill_patience;
  reap();
  while (!childless_ || (cgroup_ && !cgroup_->is_empty())) {
    if (cgroup_) cgroup_->kill_all();
    const std::vector<ProcessStat> tree = descendants(::getpid());
    for (const ProcessStat& process : tree) send_signal(process.ref, SIGKILL);
    if (monotonic_now() >= give_up_at) {
      unkillable_ = tree.size();
      if (!script_status_) script_status_ = SIGKILL;
      break;
    }
    wait_until(monotonic_now() + kill_pause);
    signals_.take();
    reap();
  }
  killed_ = true;
  kill_at_ = never;
}

void Supervisor::note(std::string_view text) const {
  const int fd = streams_.error ? streams_.error.get() : 2;
  write_all(fd, fmt::format("fabrica: job {}: {}\n", spec_.job.number, text));
}

std::string Supervisor::describe_stop() const {
  const std::string grace =
      fmt::format("SIGTERM is sent, SIGKILL follows after {}.", to_clock(spec_.grace));
  switch (stop_) {
    case Stop::timeout:
      return fmt::format("Its time limit of {} is reached; {}", to_clock(spec_.time_limit), grace);
    case Stop::out_of_memory:
      return fmt::format(
          "Its processes use {} MiB, more than its memory limit of {} MiB; it is "
          "stopped.",
          meter_.memory_bytes() >> 20U, spec_.memory_bytes >> 20U);
    case Stop::cancelled:
      return fmt::format("Cancelled; {}", grace);
    case Stop::shutdown:
      return fmt::format("Its supervisor was told to end, as at a shutdown; {}", grace);
    case Stop::none:
      break;
  }
  return "";
}

void Supervisor::finish() {
  const Time end = monotonic_now();
  // Once more while what the script left behind is still there, and once when all is counted.
  meter_.sample(descendants(::getpid()), spec_.memory_bytes, end);
  kill_tree();
  meter_.sample({}, 0, monotonic_now());
  for (const Fd* stream : {&streams_.output, &streams_.error}) ::fsync(stream->get());
  Ended ended = end_of_script();
  ended.started_at_ms = started_.started_at_ms;
  ended.ended_at_ms = started_.started_at_ms + (end - began_).ms;
  ended.cpu_ms = meter_.cpu_time().ms;
  ended.peak_memory_bytes = meter_.peak_memory_bytes();
  record(ended);
}

Ended Supervisor::end_of_script() const {
  Ended ended;
  const int status = script_status_.value_or(0);
  if (WIFEXITED(status)) ended.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
  ended.text = stop_text_;
  switch (stop_) {
    case Stop::timeout:
      ended.reason = EndReason::timeout;
      break;
    case Stop::out_of_memory:
      ended.reason = EndReason::out_of_memory;
      break;
    case Stop::cancelled:
      ended.reason = EndReason::cancelled;
      break;
    case Stop::shutdown:
      ended.reason = EndReason::supervisor_lost;
      break;
    case Stop::none:
      ended.reason = status == 0 ? EndReason::completed : EndReason::failed;
      if (cgroup_ && cgroup_->ran_out_of_memory()) {
        ended.reason = EndReason::out_of_memory;
        ended.text = fmt::format(
            "Its processes needed more than its memory limit of {} MiB; the "
            "kernel stopped them.",
            spec_.memory_bytes >> 20U);
        note(ended.text);
      }
  }
  if (unkillable_ > 0) {
    ended.text += fmt::format(" {} of its processes did not end within {} of SIGKILL.", unkillable_,
                              to_clock(kill_patience));
  }
  return ended;
}

void Supervisor::record(Ended ended) {
  ended.tag = task_.path().filename().string();
  ended.gpus = launch_.gpus;
  ended.memory_enforcement = started_.memory_enforcement;
  if (cgroup_) cgroup_->remove();
  task_.remove_temporary_files();
  // On a full disk the end waits for room: without it the task could never be settled exactly.
  for (int tried = 0; tried < record_tries; ++tried) {
    const Result<void> written = task_.write(ended);
    if (written) return;
    if (tried == 0) fmt::print(stderr, "{}\n", written.error().text);
    ::poll(nullptr, 0, static_cast<int>(record_pause.ms));
  }
}

// Two forks: the first lets the server's wait end at once, the second makes sure that no terminal
// ever becomes ours.
void become_orphan() {
  if (const pid_t pid = ::fork(); pid != 0) ::_exit(pid > 0 ? 0 : 1);
  ::setsid();
  if (const pid_t pid = ::fork(); pid != 0) ::_exit(pid > 0 ? 0 : 1);
}

}  // namespace

void supervise(const std::filesystem::path& task_directory) { Supervisor(task_directory).run(); }

void leave_parent(const std::filesystem::path& task_directory) {
  become_orphan();
  const int null = ::open("/dev/null", O_RDWR);
  const std::filesystem::path path = task_directory / task_file::log;
  const int log = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(null, 0);
  ::dup2(null, 1);
  ::dup2(log >= 0 ? log : null, 2);
  // Nothing of the server may stay open here: a socket would keep its port taken.
  ::close_range(3, ~0U, 0);
  ::prctl(PR_SET_NAME, "fabrica-superv");
}

}  // namespace fabrica::sites::local
