#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sites/local/files.h"

/// What srun knows of the job that it runs in, all of it from the environment and the task's
/// directory, so that it needs no server.
namespace fabrica::sites::local {

struct Allocation {
  std::uint64_t job_number = 0;
  std::string job_name;
  std::string user;
  std::string node_name;
  std::string array_job;  ///< empty outside of arrays
  std::string array_task;
  std::uint32_t cores = 1;
  std::uint32_t tasks = 1;
  std::optional<std::uint32_t> tasks_per_node;
  std::optional<std::uint32_t> cpus_per_task;
  std::optional<std::uint32_t> gpus_per_task;
  /// Indices, as CUDA_VISIBLE_DEVICES takes them.
  std::vector<std::string> gpus;
  std::filesystem::path task_directory;
  std::int32_t supervisor_pid = 0;
};

/// Reads the variables that task_environment() sets; refused outside of a job.
Result<Allocation> allocation_from(std::span<const std::string> environment);

/// The number of the next step of the job, from 0 up.
Result<std::uint32_t> take_step_number(const std::filesystem::path& task_directory);

/// Cores of the job, held for one step until the end of this object or of this process.
class StepCores {
 public:
  /// Waits until that many of the job's cores are held by no other step of this kind. Needs
  /// wanted <= cores. `on_wait` is called once when there is something to wait for.
  static Result<StepCores> wait_for(const Allocation& allocation, std::uint32_t wanted,
                                    void (*on_wait)());

 private:
  explicit StepCores(std::vector<FileLock> locks) : locks_(std::move(locks)) {}
  std::vector<FileLock> locks_;
};

}  // namespace fabrica::sites::local
