#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/describe.h"
#include "base/time.h"
#include "json/value.h"
#include "shims/states.h"

/// Jobs as the API tells them, and the rows that tables have for them.
namespace fabrica::shims {

/// The members of the API's views that are shown; `user` and the paths only where one job was asked
/// for.
struct Task {
  std::uint32_t task = 0;
  std::optional<std::uint32_t> array_task;
  std::string outcome;
  std::optional<Time> started;
  std::optional<Time> ended;
  std::int32_t exit_code = 0;
  std::int32_t signal = 0;
  std::int64_t cpu_ms = 0;
  std::int64_t memory_bytes_peak = 0;
};
FABRICA_DESCRIBE(Task, task, array_task, outcome, started, ended, exit_code, signal, cpu_ms,
                 memory_bytes_peak)

struct Job {
  std::uint64_t id = 0;
  std::string name;
  std::uint64_t project = 0;
  std::uint64_t owner = 0;
  std::string site;
  std::string partition;
  std::string phase;
  std::string outcome;
  Time submitted;
  std::optional<Time> started;
  std::optional<Time> ended;
  Duration time_limit;
  std::uint32_t nodes = 1;
  std::uint32_t tasks = 1;
  std::uint32_t cpus_per_node = 1;
  std::uint32_t gpus_per_node = 0;
  std::uint64_t memory_mib_per_node = 0;
  std::uint32_t array_size = 0;
  std::string reference;
  std::vector<Task> task_list;
  std::optional<std::string> user;
  std::optional<std::string> working_directory;
  std::optional<std::string> output;
  std::optional<std::string> error;
};
FABRICA_DESCRIBE(Job, id, name, project, owner, site, partition, phase, outcome, submitted, started,
                 ended, time_limit, nodes, tasks, cpus_per_node, gpus_per_node, memory_mib_per_node,
                 array_size, reference, task_list, user, working_directory, output, error)

Result<Job> job_from(const json::Value& value);

/// A job, or one task of an array, or those of its tasks that have not begun.
struct JobRow {
  Job job;
  std::string id;        // "7", "7_3", "7_[4-9]"
  std::string in_array;  // "3", "4-9"; empty without an array
  const StateWord* state = nullptr;
  std::optional<Time> started;
  std::optional<Time> ended;
  Duration elapsed;
  std::int32_t exit_code = 0;
  std::int32_t signal = 0;
  std::int64_t cpu_ms = 0;
  std::int64_t memory_bytes_peak = 0;
  std::string user;
  bool batch_step = false;  // sacct's second line of a job that has begun
};

/// Whose jobs they are, and when is now.
struct Onlooker {
  std::uint64_t person = 0;
  std::string login;
  Time now;
};

/// Of an array: one row for each task that has begun or ended, and one for the others together
/// (`apart`: one for each). An array needs its task_list.
std::vector<JobRow> rows_of(const Job& job, const Onlooker& onlooker, bool apart);

/// "1-4,7" of ascending numbers.
std::string ranges_of(const std::vector<std::uint32_t>& numbers);

}  // namespace fabrica::shims
