#include "sites/local/allocation.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>

#include "sites/local/environment.h"
#include "sites/local/spool.h"

namespace fabrica::sites::local {

namespace {

constexpr int gate_tries = 30'000;
constexpr auto gate_pause = std::chrono::milliseconds(1);
constexpr auto cores_pause = std::chrono::milliseconds(50);
constexpr std::size_t counter_bytes_max = 64;

template <class Number>
std::optional<Number> number_of(std::span<const std::string> environment, std::string_view name) {
  const std::string_view text = variable(environment, name).value_or("");
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string text_of(std::span<const std::string> environment, std::string_view name) {
  return std::string(variable(environment, name).value_or(""));
}

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    parts.emplace_back(part);
    text.remove_prefix(std::min(text.size(), part.size() + 1));
  }
  return parts;
}

// One step at a time counts, or looks at the cores; it takes a moment.
Result<FileLock> wait_for_gate(const std::filesystem::path& steps) {
  for (int tried = 0; tried < gate_tries; ++tried) {
    if (auto gate = FileLock::try_take(steps / "gate")) return *std::move(gate);
    std::this_thread::sleep_for(gate_pause);
  }
  return refuse(refusal::unavailable, "",
                fmt::format("The lock {} cannot be had.", (steps / "gate").string()));
}

Result<std::filesystem::path> steps_directory(const std::filesystem::path& task_directory) {
  std::filesystem::path steps = task_directory / task_file::steps;
  std::error_code error;
  if (std::filesystem::is_directory(steps, error) && ::access(steps.c_str(), W_OK) == 0) {
    return steps;
  }
  return refuse(refusal::unavailable, "",
                fmt::format("The job's directory {} cannot be written to.", steps.string()));
}

}  // namespace

Result<Allocation> allocation_from(std::span<const std::string> environment) {
  const auto number = number_of<std::uint64_t>(environment, "SLURM_JOB_ID");
  const std::string directory = text_of(environment, task_marker);
  if (!number || directory.empty()) {
    return refuse(
        refusal::invalid, "",
        "srun starts the tasks of a job, and this is no job. Put it into a script and hand "
        "that in with: fabrica submit SCRIPT");
  }
  Allocation out;
  out.job_number = *number;
  out.job_name = text_of(environment, "SLURM_JOB_NAME");
  out.user = text_of(environment, "SLURM_JOB_USER");
  out.node_name = text_of(environment, "SLURM_JOB_NODELIST");
  out.array_job = text_of(environment, "SLURM_ARRAY_JOB_ID");
  out.array_task = text_of(environment, "SLURM_ARRAY_TASK_ID");
  out.cores = number_of<std::uint32_t>(environment, "SLURM_CPUS_ON_NODE").value_or(1);
  out.tasks = number_of<std::uint32_t>(environment, "SLURM_NTASKS").value_or(1);
  out.tasks_per_node = number_of<std::uint32_t>(environment, "SLURM_NTASKS_PER_NODE");
  out.cpus_per_task = number_of<std::uint32_t>(environment, "SRUN_CPUS_PER_TASK");
  if (!out.cpus_per_task) {
    out.cpus_per_task = number_of<std::uint32_t>(environment, "SLURM_CPUS_PER_TASK");
  }
  out.gpus_per_task = number_of<std::uint32_t>(environment, "SLURM_GPUS_PER_TASK");
  out.gpus = split_at_commas(text_of(environment, "SLURM_JOB_GPUS"));
  out.task_directory = directory;
  out.supervisor_pid = number_of<std::int32_t>(environment, "FABRICA_SUPERVISOR_PID").value_or(0);
  return out;
}

Result<std::uint32_t> take_step_number(const std::filesystem::path& task_directory) {
  TRY(const std::filesystem::path steps, steps_directory(task_directory));
  TRY(const FileLock gate, wait_for_gate(steps));
  const std::string text = read_file(steps / "next", counter_bytes_max).value_or("0");
  std::uint32_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  TRY_DONE(write_whole(steps, "next", fmt::to_string(number + 1)));
  return number;
}

Result<StepCores> StepCores::wait_for(const Allocation& allocation, std::uint32_t wanted,
                                      void (*on_wait)()) {
  TRY(const std::filesystem::path steps, steps_directory(allocation.task_directory));
  bool told = false;
  while (true) {
    std::vector<FileLock> locks;
    {
      // Under the gate nobody can hold half of what another needs.
      TRY(const FileLock gate, wait_for_gate(steps));
      for (std::uint32_t core = 0; core < allocation.cores && locks.size() < wanted; ++core) {
        auto lock = FileLock::try_take(steps / fmt::format("core.{}", core));
        if (lock) locks.push_back(*std::move(lock));
      }
    }
    if (locks.size() == wanted) return StepCores(std::move(locks));
    locks.clear();
    if (!told) on_wait();
    told = true;
    std::this_thread::sleep_for(cores_pause);
  }
}

}  // namespace fabrica::sites::local
