#include "sites/local/environment.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sites/local/records.h"

namespace fabrica::sites::local {

namespace {

using Environment = std::vector<std::string>;

constexpr std::string_view default_path = "/usr/local/bin:/usr/bin:/bin";

bool names(std::string_view entry, std::string_view name) {
  return entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name);
}

template <class Number>
void set_number(Environment& out, std::string_view name, Number number) {
  set_variable(out, name, fmt::to_string(number));
}

template <class Number>
void set_if_stated(Environment& out, std::string_view name, const std::optional<Number>& number) {
  if (number) set_number(out, name, *number);
}

void set_if_named(Environment& out, std::string_view name, const std::string& text) {
  if (!text.empty()) set_variable(out, name, text);
}

void add_job(Environment& out, const JobFacts& job) {
  set_number(out, "SLURM_JOB_ID", job.number);
  set_number(out, "SLURM_JOBID", job.number);
  set_variable(out, "SLURM_JOB_NAME", job.name);
  set_variable(out, "SLURM_SUBMIT_DIR", job.submit_directory);
  set_if_named(out, "SLURM_JOB_USER", job.user);
  set_if_named(out, "SLURM_JOB_ACCOUNT", job.account);
  set_if_named(out, "SLURM_JOB_PARTITION", job.partition);
  set_if_named(out, "SLURM_CLUSTER_NAME", job.cluster);
  if (job.export_option) set_variable(out, "SLURM_EXPORT_ENV", *job.export_option);
  if (job.restart_count > 0) set_number(out, "SLURM_RESTART_COUNT", job.restart_count);
}

void add_array(Environment& out, const ArrayFacts& array) {
  set_number(out, "SLURM_ARRAY_JOB_ID", array.job_number);
  set_number(out, "SLURM_ARRAY_TASK_ID", array.task);
  set_number(out, "SLURM_ARRAY_TASK_COUNT", array.count);
  set_number(out, "SLURM_ARRAY_TASK_MIN", array.first);
  set_number(out, "SLURM_ARRAY_TASK_MAX", array.last);
  set_number(out, "SLURM_ARRAY_TASK_STEP", array.step);
}

// One node: the whole of the job is here.
void add_node(Environment& out, const TaskSpec& spec) {
  const JobFacts& job = spec.job;
  set_variable(out, "SLURM_JOB_NODELIST", job.node_name);
  set_variable(out, "SLURM_NODELIST", job.node_name);
  set_variable(out, "SLURMD_NODENAME", job.node_name);
  set_number(out, "SLURM_JOB_NUM_NODES", 1);
  set_number(out, "SLURM_NNODES", 1);
  set_number(out, "SLURM_NTASKS", job.tasks);
  set_number(out, "SLURM_NPROCS", job.tasks);
  set_number(out, "SLURM_TASKS_PER_NODE", job.tasks);
  set_if_stated(out, "SLURM_NTASKS_PER_NODE", job.tasks_per_node);
  set_if_stated(out, "SLURM_CPUS_PER_TASK", job.cpus_per_task);
  set_number(out, "SLURM_CPUS_ON_NODE", spec.cores);
  set_number(out, "SLURM_JOB_CPUS_PER_NODE", spec.cores);
  if (spec.memory_bytes > 0) {
    set_number(out, "SLURM_MEM_PER_NODE", spec.memory_bytes >> 20U);
  }
  for (const std::string_view rank : {"SLURM_PROCID", "SLURM_LOCALID", "SLURM_NODEID"}) {
    set_number(out, rank, 0);
  }
}

void add_gpus(Environment& out, const TaskSpec& spec, const StartFacts& start) {
  const std::string indices = join_indices(start.gpus);
  // Without GPUs of its own a task must see none: the empty list hides them all.
  set_variable(out, "CUDA_VISIBLE_DEVICES", indices);
  if (start.gpus.empty()) return;
  // Our indices follow the PCI bus; CUDA's own order is by speed.
  set_variable(out, "CUDA_DEVICE_ORDER", "PCI_BUS_ID");
  set_variable(out, "SLURM_JOB_GPUS", indices);
  set_number(out, "SLURM_GPUS_ON_NODE", start.gpus.size());
  set_if_stated(out, "SLURM_GPUS", spec.job.gpus);
  set_if_stated(out, "SLURM_GPUS_PER_NODE", spec.job.gpus_per_node);
  set_if_stated(out, "SLURM_GPUS_PER_TASK", spec.job.gpus_per_task);
}

void add_start(Environment& out, const TaskSpec& spec, const StartFacts& start) {
  set_number(out, "SLURM_JOB_START_TIME", start.started_at.ms / 1000);
  if (spec.time_limit.ms > 0) {
    set_number(out, "SLURM_JOB_END_TIME", (start.started_at + spec.time_limit).ms / 1000);
  }
  const std::string temporary = (start.task_directory / "tmp").string();
  set_variable(out, "SLURM_TMPDIR", temporary);
  set_variable(out, "TMPDIR", temporary);
  const std::string path(variable(out, "PATH").value_or(default_path));
  set_variable(out, "PATH", fmt::format("{}:{}", start.program_directory.string(), path));
  set_variable(out, "FABRICA_TASK", spec.tag);
  set_variable(out, task_marker, start.task_directory.string());
  set_number(out, "FABRICA_SUPERVISOR_PID", start.supervisor_pid);
}

}  // namespace

std::vector<std::string> task_environment(const TaskSpec& spec, const StartFacts& start) {
  Environment out;
  out.reserve(spec.environment.size() + 48);
  for (const std::string& entry : spec.environment) {
    // A server that was itself started inside a job must not pass that job's facts on.
    if (!entry.starts_with("SLURM_")) out.push_back(entry);
  }
  add_job(out, spec.job);
  if (spec.job.array) add_array(out, *spec.job.array);
  add_node(out, spec);
  add_gpus(out, spec, start);
  add_start(out, spec, start);
  return out;
}

std::optional<std::string_view> variable(std::span<const std::string> environment,
                                         std::string_view name) {
  for (const std::string& entry : environment) {
    if (names(entry, name)) return std::string_view(entry).substr(name.size() + 1);
  }
  return std::nullopt;
}

void set_variable(std::vector<std::string>& environment, std::string_view name,
                  std::string_view value) {
  std::erase_if(environment, [&](const std::string& entry) { return names(entry, name); });
  environment.push_back(fmt::format("{}={}", name, value));
}

std::string join_indices(std::span<const std::uint32_t> indices) {
  return fmt::format("{}", fmt::join(indices, ","));
}

}  // namespace fabrica::sites::local
