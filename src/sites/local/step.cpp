#include "sites/local/step.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <numeric>
#include <optional>

#include "sites/local/environment.h"
#include "sites/local/meter.h"
#include "sites/local/signals.h"
#include "sites/local/step_streams.h"

namespace fabrica::sites::local {

namespace {

// All but the first are passed on to the tasks.
constexpr std::array step_signals{SIGCHLD, SIGINT,  SIGTERM, SIGHUP,
                                  SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT};
constexpr Duration step_kill_after = seconds(10);
constexpr Duration step_look_pause = seconds(1);
constexpr Duration output_patience = seconds(2);

class Step {
 public:
  Step(const StepRequest& request, const Allocation& allocation, std::uint32_t number,
       StepStreams streams)
      : request_(request), allocation_(allocation), number_(number), streams_(std::move(streams)) {}
  Result<int> run(const std::vector<std::string>& environment);

 private:
  struct StepTask {
    pid_t pid = 0;
    std::optional<int> code;
  };

  Result<void> start_task(std::uint32_t task, const std::vector<std::string>& environment);
  [[noreturn]] void become_task(std::uint32_t task, const std::vector<std::string>& environment);
  void loop();
  void wait_for_news();
  void take_signals();
  void note_ended();
  void task_ended(std::uint32_t task, bool signalled, int status);
  void obey_deadlines();
  void stop_tasks(std::string_view why);
  void signal_tasks(int signal) const;
  bool any_runs() const;
  void say(std::string_view text) const;

  const StepRequest& request_;
  const Allocation& allocation_;
  std::uint32_t number_;
  StepStreams streams_;
  CaughtSignals signals_;
  std::vector<StepTask> tasks_;
  Time limit_at_ = never;
  Time wait_until_ = never;
  Time kill_at_ = never;
  bool stopping_ = false;
};

Result<int> Step::run(const std::vector<std::string>& environment) {
  signals_ = CaughtSignals(step_signals);
  for (std::uint32_t task = 0; task < request_.tasks; ++task) {
    if (Result<void> started = start_task(task, environment); !started) {
      signal_tasks(SIGKILL);
      return std::unexpected(started.error());
    }
  }
  streams_.close_task_ends();
  if (request_.time_limit) limit_at_ = monotonic_now() + *request_.time_limit;
  loop();
  // What a task leaves behind would outlive the step.
  signal_tasks(SIGKILL);
  for (const StepTask& task : tasks_) ::waitpid(task.pid, nullptr, 0);
  const Time give_up_at = monotonic_now() + output_patience;
  while (streams_.is_open() && monotonic_now() < give_up_at) {
    wait_for_news();
    streams_.move_output();
  }
  streams_.finish();
  int highest = 0;
  for (const StepTask& task : tasks_) highest = std::max(highest, task.code.value_or(0));
  return highest;
}

Result<void> Step::start_task(std::uint32_t task, const std::vector<std::string>& environment) {
  const auto own = step_environment(environment, request_, allocation_, number_, task);
  const pid_t pid = ::fork();
  if (pid < 0) {
    return refuse(refusal::unavailable, "",
                  fmt::format("Task {} cannot be started: {}.", task, error_text(errno)));
  }
  if (pid == 0) become_task(task, own);
  // Both sides set it, so that no signal to the group can come too early.
  ::setpgid(pid, pid);
  tasks_.push_back({pid, std::nullopt});
  return {};
}

void Step::become_task(std::uint32_t task, const std::vector<std::string>& environment) {
  ::setpgid(0, 0);
  // A step ends with its srun, however that ends.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::vector<std::string> own = environment;
  set_variable(own, "SLURM_TASK_PID", fmt::to_string(::getpid()));
  const bool connected = streams_.enter_task(task);
  const std::string& directory = request_.working_directory;
  if (!connected || (!directory.empty() && ::chdir(directory.c_str()) != 0)) {
    say(fmt::format("task {}: {}: {}", task, connected ? directory : "its streams",
                    error_text(errno)));
    ::_exit(1);
  }
  std::vector<char*> arguments;
  arguments.reserve(request_.command.size() + 1);
  for (const std::string& word : request_.command) {
    arguments.push_back(const_cast<char*>(word.c_str()));
  }
  arguments.push_back(nullptr);
  std::vector<char*> variables;
  variables.reserve(own.size() + 1);
  for (std::string& entry : own) variables.push_back(entry.data());
  variables.push_back(nullptr);
  release_signals();
  ::execvpe(arguments[0], arguments.data(), variables.data());
  const int error = errno;
  say(fmt::format("task {}: {}: {}", task, request_.command.front(), error_text(error)));
  ::_exit(error);
}

void Step::loop() {
  while (any_runs()) {
    wait_for_news();
    take_signals();
    streams_.move_input();
    streams_.move_output();
    note_ended();
    obey_deadlines();
  }
}

void Step::wait_for_news() {
  const StepStreams::Wish wish = streams_.wish();
  std::vector<pollfd> descriptors{{signals_.descriptor(), POLLIN, 0}};
  for (const int fd : wish.reading) descriptors.push_back({fd, POLLIN, 0});
  for (const int fd : wish.writing) descriptors.push_back({fd, POLLOUT, 0});
  const Time next = std::min({limit_at_, wait_until_, kill_at_, monotonic_now() + step_look_pause});
  const Duration left = next - monotonic_now();
  ::poll(descriptors.data(), descriptors.size(),
         static_cast<int>(std::clamp<std::int64_t>(left.ms, 0, step_look_pause.ms)));
}

void Step::take_signals() {
  for (const CaughtSignal& caught : signals_.take()) {
    // The supervisor signals the whole tree: the tasks have theirs already.
    const bool theirs =
        allocation_.supervisor_pid > 0 && caught.sender == allocation_.supervisor_pid;
    if (caught.number != SIGCHLD && !theirs) signal_tasks(caught.number);
  }
}

// Looks without waiting for good: as long as an ended task is not waited for, its number and its
// group's cannot come to name a stranger's processes.
void Step::note_ended() {
  for (std::uint32_t task = 0; task < tasks_.size(); ++task) {
    siginfo_t info{};
    const auto pid = static_cast<id_t>(tasks_[task].pid);
    if (tasks_[task].code || ::waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
      continue;
    if (info.si_pid != 0) task_ended(task, info.si_code != CLD_EXITED, info.si_status);
  }
}

void Step::task_ended(std::uint32_t task, bool signalled, int status) {
  const int code = signalled ? 128 + status : status;
  tasks_[task].code = code;
  if (request_.wait && wait_until_ == never) wait_until_ = monotonic_now() + *request_.wait;
  if (code == 0) return;
  const std::string how = signalled ? fmt::format("Ended by signal {}", status)
                                    : fmt::format("Exited with exit code {}", status);
  say(fmt::format("error: {}: task {}: {}", allocation_.node_name, task, how));
  if (request_.kill_on_bad_exit && any_runs()) {
    stop_tasks("The other tasks are stopped (--kill-on-bad-exit).");
  }
}

void Step::obey_deadlines() {
  const Time now = monotonic_now();
  if (now >= limit_at_) stop_tasks("The step's time limit is reached; its tasks are stopped.");
  if (now >= wait_until_) stop_tasks("The first task ended --wait ago; the others are stopped.");
  if (now >= kill_at_) {
    kill_at_ = never;
    signal_tasks(SIGKILL);
  }
}

void Step::stop_tasks(std::string_view why) {
  limit_at_ = never;
  wait_until_ = never;
  if (stopping_ || !any_runs()) return;
  stopping_ = true;
  say(why);
  signal_tasks(SIGTERM);
  signal_tasks(SIGCONT);
  kill_at_ = monotonic_now() + step_kill_after;
}

// Whole groups: what a task has started itself gets the signal too.
void Step::signal_tasks(int signal) const {
  for (const StepTask& task : tasks_) ::kill(-task.pid, signal);
}

bool Step::any_runs() const {
  return std::any_of(tasks_.begin(), tasks_.end(),
                     [](const StepTask& task) { return !task.code.has_value(); });
}

void Step::say(std::string_view text) const { write_all(2, fmt::format("srun: {}\n", text)); }

// --export: ALL, NONE, or names and assignments, with ALL or without.
std::vector<std::string> exported(const std::vector<std::string>& environment,
                                  const std::string& option) {
  if (option.empty()) return environment;
  bool all = false;
  std::vector<std::string> named;
  for (std::string_view rest = option; !rest.empty();) {
    const std::string_view entry = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
    if (entry == "ALL") {
      all = true;
    } else if (entry.find('=') != std::string_view::npos) {
      named.emplace_back(entry);
    } else if (const auto value = variable(environment, entry)) {
      named.push_back(fmt::format("{}={}", entry, *value));
    }
  }
  std::vector<std::string> out;
  for (const std::string& entry : environment) {
    const bool ours =
        entry.starts_with("SLURM_") || entry.starts_with("FABRICA_") || entry.starts_with("CUDA_");
    if (all || ours) out.push_back(entry);
  }
  for (const std::string& entry : named) {
    const std::size_t equals = entry.find('=');
    set_variable(out, entry.substr(0, equals), entry.substr(equals + 1));
  }
  return out;
}

// A caller may have closed some of them; a file opened in such a place would be taken for it.
void open_standard_streams() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) static_cast<void>(::open("/dev/null", O_RDWR));
  }
}

void add_gpu_share(std::vector<std::string>& out, const StepRequest& request,
                   const Allocation& allocation, std::uint32_t task) {
  if (!request.gpus && !request.gpus_per_task) return;
  const std::size_t each = request.gpus_per_task.value_or(0);
  const std::size_t first = each * task;
  const std::size_t count = request.gpus_per_task ? each : *request.gpus;
  std::vector<std::string> own;
  for (std::size_t i = first; i < first + count && i < allocation.gpus.size(); ++i) {
    own.push_back(allocation.gpus[i]);
  }
  const std::string list = fmt::format("{}", fmt::join(own, ","));
  set_variable(out, "CUDA_VISIBLE_DEVICES", list);
  set_variable(out, "SLURM_STEP_GPUS", list);
}

}  // namespace

std::vector<std::string> step_environment(const std::vector<std::string>& environment,
                                          const StepRequest& request, const Allocation& allocation,
                                          std::uint32_t step, std::uint32_t task) {
  std::vector<std::string> out = exported(environment, request.export_option);
  const std::string tasks = fmt::to_string(request.tasks);
  std::vector<std::uint32_t> ranks(request.tasks);
  std::iota(ranks.begin(), ranks.end(), 0U);
  const auto set = [&](std::string_view name, std::string_view value) {
    set_variable(out, name, value);
  };
  for (const std::string_view name : {"SLURM_STEP_ID", "SLURM_STEPID"})
    set(name, fmt::to_string(step));
  for (const std::string_view name : {"SLURM_PROCID", "SLURM_LOCALID"})
    set(name, fmt::to_string(task));
  for (const std::string_view name : {"SLURM_NTASKS", "SLURM_NPROCS", "SLURM_STEP_NUM_TASKS",
                                      "SLURM_TASKS_PER_NODE", "SLURM_STEP_TASKS_PER_NODE"}) {
    set(name, tasks);
  }
  set("SLURM_NODEID", "0");
  set("SLURM_STEP_NUM_NODES", "1");
  set("SLURM_STEP_NODELIST", allocation.node_name);
  set("SLURM_GTIDS", join_indices(ranks));
  set("SLURM_CPUS_PER_TASK", fmt::to_string(request.cpus_per_task));
  set("SLURM_LAUNCH_NODE_IPADDR", "127.0.0.1");
  set("SLURM_SRUN_COMM_HOST", "127.0.0.1");
  if (!request.name.empty()) set("SLURM_STEP_NAME", request.name);
  add_gpu_share(out, request, allocation, task);
  return out;
}

Result<int> run_step(const StepRequest& request, const Allocation& allocation,
                     const std::vector<std::string>& environment) {
  TRY(const std::uint32_t number, take_step_number(allocation.task_directory));
  std::optional<StepCores> cores;
  if (request.exclusive) {
    TRY(cores, StepCores::wait_for(allocation, request.tasks * request.cpus_per_task, [] {
          write_all(2, "srun: waiting for cores that another step of this job uses\n");
        }));
  }
  TRY(StepStreams streams, StepStreams::open(request, allocation, number));
  return Step(request, allocation, number, std::move(streams)).run(environment);
}

int srun_main(const std::vector<std::string>& arguments,
              const std::vector<std::string>& environment) {
  open_standard_streams();
  const bool about = arguments.size() == 1;
  if (about && (arguments[0] == "--version" || arguments[0] == "-V")) {
    fmt::print("fabrica srun\n");
    return 0;
  }
  if (about && (arguments[0] == "--help" || arguments[0] == "-h")) {
    fmt::print(
        "srun [options] COMMAND [arguments]: starts the tasks of a job's step on this node.\n"
        "Options are those of Slurm's srun, as far as they make sense on one node.\n");
    return 0;
  }
  const auto allocation = allocation_from(environment);
  const auto request = allocation ? parse_srun(arguments, *allocation)
                                  : Result<StepRequest>(std::unexpected(allocation.error()));
  if (!request) {
    write_all(2, fmt::format("srun: error: {}\n", request.error().text));
    return 1;
  }
  for (const std::string& note : request->notes) {
    if (!request->quiet) write_all(2, fmt::format("srun: note: {}\n", note));
  }
  const Result<int> code = run_step(*request, *allocation, environment);
  if (code) return *code;
  write_all(2, fmt::format("srun: error: {}\n", code.error().text));
  return 1;
}

}  // namespace fabrica::sites::local
