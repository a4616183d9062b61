#include "shims/job_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "json/read.h"

namespace fabrica::shims {

namespace {

JobRow whole_job(const Job& job, const Onlooker& onlooker) {
  JobRow row;
  row.job = job;
  row.job.task_list.clear();
  row.id = fmt::to_string(job.id);
  row.state = &state_of(job.phase, job.outcome);
  row.started = job.started;
  row.ended = job.ended;
  row.user = job.user.value_or(job.owner == onlooker.person ? onlooker.login
                                                            : fmt::format("person-{}", job.owner));
  return row;
}

void measure(JobRow& row, const Onlooker& onlooker) {
  if (!row.started) return;
  row.elapsed = std::max(Duration{}, row.ended.value_or(onlooker.now) - *row.started);
}

void take_result(JobRow& row, const Task& task) {
  row.exit_code = task.exit_code;
  row.signal = task.signal;
  row.cpu_ms = task.cpu_ms;
  row.memory_bytes_peak = task.memory_bytes_peak;
}

// What has failed never shows the exit code of a success.
void fill_result(JobRow& row) {
  if (is_live(*row.state) || row.exit_code != 0 || row.signal != 0) return;
  row.exit_code = row.state->exit_code;
  row.signal = row.state->signal;
}

std::string phase_of(const Job& job, const Task& task) {
  if (task.ended || job.phase == "ended") return "ended";
  if (task.started) return "running";
  return job.phase == "running" ? "queued" : job.phase;
}

JobRow task_row(const Job& job, const Task& task, const Onlooker& onlooker) {
  JobRow row = whole_job(job, onlooker);
  row.in_array = fmt::to_string(task.array_task.value_or(task.task));
  row.id += "_" + row.in_array;
  row.state = &state_of(phase_of(job, task), task.outcome);
  row.started = task.started;
  row.ended = task.ended;
  take_result(row, task);
  measure(row, onlooker);
  fill_result(row);
  return row;
}

}  // namespace

Result<Job> job_from(const json::Value& value) { return json::read<Job>(value.text()); }

std::string ranges_of(const std::vector<std::uint32_t>& numbers) {
  std::string text;
  for (std::size_t at = 0; at < numbers.size();) {
    std::size_t last = at;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    if (!text.empty()) text += ",";
    text += fmt::to_string(numbers[at]);
    if (last > at) text += fmt::format("-{}", numbers[last]);
    at = last + 1;
  }
  return text;
}

std::vector<JobRow> rows_of(const Job& job, const Onlooker& onlooker, bool apart) {
  if (job.array_size == 0) {
    JobRow row = whole_job(job, onlooker);
    if (!job.task_list.empty()) take_result(row, job.task_list.front());
    measure(row, onlooker);
    fill_result(row);
    return {std::move(row)};
  }
  std::vector<JobRow> rows;
  std::vector<std::uint32_t> waiting;
  for (const Task& task : job.task_list) {
    if (!apart && phase_of(job, task) != "ended" && !task.started) {
      waiting.push_back(task.array_task.value_or(task.task));
    } else {
      rows.push_back(task_row(job, task, onlooker));
    }
  }
  if (waiting.empty()) return rows;
  JobRow together = whole_job(job, onlooker);
  together.in_array = ranges_of(waiting);
  together.id += waiting.size() == 1 ? "_" + together.in_array : "_[" + together.in_array + "]";
  together.state = &state_of(job.phase == "running" ? "queued" : job.phase, {});
  together.started.reset();
  rows.insert(rows.begin(), std::move(together));
  return rows;
}

}  // namespace fabrica::shims
