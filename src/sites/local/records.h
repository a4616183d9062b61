#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/describe.h"
#include "base/time.h"
#include "sites/local/environment.h"

/// What the files of a task's directory hold, each one described struct as JSON. Wall-clock times
/// are milliseconds since 1970 UTC.
namespace fabrica::sites::local {

/// `--signal=[B:]number@time`: a warning before the time limit.
struct EarlySignal {
  std::int32_t signal = 0;
  Duration before_limit;
  /// `B:`: the script's own process alone. Otherwise every other process of the task, as the steps
  /// of a Slurm job get it.
  bool script_only = false;

  friend bool operator==(const EarlySignal&, const EarlySignal&) = default;
};
FABRICA_DESCRIBE(EarlySignal, signal, before_limit, script_only)

/// All that a task needs to run, complete when it is handed in: file `spec`.
struct TaskSpec {
  /// Names the task for ever: 1 to 100 of A-Z a-z 0-9 . _ -, not starting with a dot.
  std::string tag;
  /// Place in the queue: lower starts first, equal ones in the order of their tags.
  std::uint64_t order = 0;
  /// Tasks of one group (the tasks of an array) run at most group_limit at a time; 0: no limit.
  std::string group;
  std::uint32_t group_limit = 0;

  std::uint32_t cores = 1;
  std::uint32_t gpus = 0;
  /// Memory that the whole tree of processes may use; 0: none stated, none enforced.
  std::uint64_t memory_bytes = 0;
  /// 0: no limit.
  Duration time_limit;
  /// Between SIGTERM and SIGKILL.
  Duration grace = seconds(30);
  std::optional<EarlySignal> early_signal;
  std::int32_t nice = 0;

  /// Absolute.
  std::string working_directory;
  /// Relative paths start at working_directory; patterns are already filled in. No input means
  /// /dev/null, no error path means the same file as the output.
  std::string input_path;
  std::string output_path;
  std::string error_path;
  /// Keep what the output files hold already (`--open-mode=append`).
  bool append = false;
  std::vector<std::string> arguments;
  /// "NAME=value", the whole environment but for what task_environment() adds.
  std::vector<std::string> environment;
  JobFacts job;

  friend bool operator==(const TaskSpec&, const TaskSpec&) = default;
};
FABRICA_DESCRIBE(TaskSpec, tag, order, group, group_limit, cores, gpus, memory_bytes, time_limit,
                 grace, early_signal, nice, working_directory, input_path, output_path, error_path,
                 append, arguments, environment, job)

/// What the runner gave to a task, written before its supervisor is started: file `launch`.
struct Launch {
  /// Indices of GPUs, as many as the task asked for.
  std::vector<std::uint32_t> gpus;
};
FABRICA_DESCRIBE(Launch, gpus)

/// Who keeps the task's memory within its limit, and who measures it: the kernel, by the task's
/// cgroup (version 2), or the supervisor, which adds up the tree's memory several times a second.
enum class MemoryEnforcement : std::uint8_t { none, sampled, cgroup };
FABRICA_DESCRIBE_ENUM(MemoryEnforcement, none, sampled, cgroup)

/// One process, told from a later one with the same number by the clock tick of its start.
struct ProcessRef {
  std::int32_t pid = 0;
  std::uint64_t start_ticks = 0;

  friend bool operator==(const ProcessRef&, const ProcessRef&) = default;
};
FABRICA_DESCRIBE(ProcessRef, pid, start_ticks)

/// Written durably before the script's first instruction, so a task that has it never starts again:
/// file `started`.
struct Started {
  std::string tag;
  std::string boot_id;
  ProcessRef supervisor;
  ProcessRef script;
  std::int64_t started_at_ms = 0;
  std::vector<std::uint32_t> gpus;
  MemoryEnforcement memory_enforcement = MemoryEnforcement::none;
  /// Directory of the task's cgroup; empty where there is none.
  std::string cgroup;
};
FABRICA_DESCRIBE(Started, tag, boot_id, supervisor, script, started_at_ms, gpus, memory_enforcement,
                 cgroup)

/// The last sign of life of a supervisor, about each second, not synced: file `heartbeat`.
struct Heartbeat {
  std::int64_t elapsed_ms = 0;
  std::int64_t cpu_ms = 0;
  std::uint64_t peak_memory_bytes = 0;
  /// Processes of the tree, the first processes_kept of them.
  std::vector<ProcessRef> processes;

  static constexpr std::size_t processes_kept = 64;
};
FABRICA_DESCRIBE(Heartbeat, elapsed_ms, cpu_ms, peak_memory_bytes, processes)

enum class EndReason : std::uint8_t {
  completed,        ///< exit code 0
  failed,           ///< another exit code, or ended by a signal
  timeout,          ///< stopped at its time limit
  out_of_memory,    ///< stopped above its memory limit
  cancelled,        ///< stopped, or never started, because somebody asked for it
  launch_failed,    ///< the script never ran
  supervisor_lost,  ///< its supervisor was killed, or the machine went down
};
FABRICA_DESCRIBE_ENUM(EndReason, completed, failed, timeout, out_of_memory, cancelled,
                      launch_failed, supervisor_lost)

/// Written durably, once, when nothing of the task runs any more: file `ended`.
struct Ended {
  std::string tag;
  EndReason reason = EndReason::completed;
  /// Of the script; 0 when a signal ended it.
  std::int32_t exit_code = 0;
  std::int32_t signal = 0;
  /// 0 when the script never ran.
  std::int64_t started_at_ms = 0;
  /// The start plus the time that passed by a clock that nobody sets: never before the start.
  std::int64_t ended_at_ms = 0;
  std::int64_t cpu_ms = 0;
  std::uint64_t peak_memory_bytes = 0;
  MemoryEnforcement memory_enforcement = MemoryEnforcement::none;
  std::vector<std::uint32_t> gpus;
  /// A sentence for people where the reason alone does not say it.
  std::string text;
};
FABRICA_DESCRIBE(Ended, tag, reason, exit_code, signal, started_at_ms, ended_at_ms, cpu_ms,
                 peak_memory_bytes, memory_enforcement, gpus, text)

}  // namespace fabrica::sites::local
