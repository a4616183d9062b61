#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/describe.h"
#include "base/time.h"

namespace fabrica::sites::local {

/// The place of a task within its array.
struct ArrayFacts {
  std::uint64_t job_number = 0;  ///< of the array as a whole (%A)
  std::uint32_t task = 0;        ///< %a
  std::uint32_t count = 0;
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  std::uint32_t step = 1;

  friend bool operator==(const ArrayFacts&, const ArrayFacts&) = default;
};
FABRICA_DESCRIBE(ArrayFacts, job_number, task, count, first, last, step)

/// What a job's script may ask about its job. A fact that the job did not state is absent, and so
/// is its variable, as under Slurm.
struct JobFacts {
  std::uint64_t number = 0;
  std::string name;
  std::string user;
  std::string account;
  std::string partition;
  std::string cluster;
  std::string node_name;
  std::string submit_directory;
  std::uint32_t tasks = 1;
  std::optional<std::uint32_t> tasks_per_node;
  std::optional<std::uint32_t> cpus_per_task;
  std::optional<std::uint32_t> gpus;           ///< --gpus
  std::optional<std::uint32_t> gpus_per_node;  ///< --gpus-per-node
  std::optional<std::uint32_t> gpus_per_task;  ///< --gpus-per-task
  std::optional<ArrayFacts> array;
  std::uint32_t restart_count = 0;
  std::optional<std::string> export_option;  ///< --export

  friend bool operator==(const JobFacts&, const JobFacts&) = default;
};
FABRICA_DESCRIBE(JobFacts, number, name, user, account, partition, cluster, node_name,
                 submit_directory, tasks, tasks_per_node, cpus_per_task, gpus, gpus_per_node,
                 gpus_per_task, array, restart_count, export_option)

struct TaskSpec;

/// What is known only at the start.
struct StartFacts {
  Time started_at;
  std::vector<std::uint32_t> gpus;          ///< indices given to the task
  std::filesystem::path task_directory;     ///< absolute
  std::filesystem::path program_directory;  ///< holds srun and scontrol
  std::int32_t supervisor_pid = 0;
};

/// The variable whose value, the task's directory, marks every process of a task.
inline constexpr std::string_view task_marker = "FABRICA_TASK_DIR";

/// The environment that a script starts with: that of the spec, where PATH finds our srun first,
/// TMPDIR is the task's own, and the SLURM_ variables state what the task really has. A variable of
/// the spec that we set ourselves is replaced; SLURM_ variables of the spec that would describe
/// another job are dropped. Names: sbatch(1), "OUTPUT ENVIRONMENT VARIABLES".
std::vector<std::string> task_environment(const TaskSpec& spec, const StartFacts& start);

/// The value of `name` in a list of "NAME=value"; nothing where it is not.
std::optional<std::string_view> variable(std::span<const std::string> environment,
                                         std::string_view name);

/// Sets `name` in a list of "NAME=value".
void set_variable(std::vector<std::string>& environment, std::string_view name,
                  std::string_view value);

/// "0,2,3".
std::string join_indices(std::span<const std::uint32_t> indices);

}  // namespace fabrica::sites::local
