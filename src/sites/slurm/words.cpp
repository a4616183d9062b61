#include "sites/slurm/words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>

#include "sbatch/pattern.h"

namespace fabrica::sites::slurm {

namespace {

std::string file_in(const std::string& directory, std::string_view pattern,
                    const jobs::StartJob& request) {
  if (pattern.empty()) return {};
  const jobs::JobRequest& asked = request.request;
  const std::string path =
      sbatch::bind_pattern(pattern, request.job.value, asked.name, !asked.array.empty());
  return path.starts_with('/') ? path : directory + "/" + path;
}

std::string gres_of(const jobs::JobRequest& request, const PartitionWords& words) {
  if (request.gpus_per_node == 0) return {};
  if (words.gpu_kind.empty()) return fmt::format("gpu:{}", request.gpus_per_node);
  return fmt::format("gpu:{}:{}", words.gpu_kind, request.gpus_per_node);
}

std::string array_of(const jobs::JobRequest& request) {
  std::string text = fmt::format("{}", fmt::join(request.array, ","));
  if (request.array_at_once > 0 && !text.empty()) text += fmt::format("%{}", request.array_at_once);
  return text;
}

}  // namespace

Submission in_words_of(const PartitionWords& words, const jobs::StartJob& request,
                       const jobs::JobDocument& document, std::string script) {
  const jobs::JobRequest& asked = request.request;
  Submission job;
  job.name = asked.name;
  job.user = words.user;
  job.account = words.account;
  job.partition = words.partition;
  job.qos = words.qos;
  job.constraint = words.constraint;
  job.reservation = words.reservation;
  job.script = std::move(script);
  job.arguments = document.arguments;
  job.environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"};
  job.environment.insert(job.environment.end(), document.environment.begin(),
                         document.environment.end());
  job.working_directory = document.working_directory;
  const std::string_view pattern = document.output.empty()
                                       ? sbatch::default_output(!asked.array.empty())
                                       : std::string_view(document.output);
  job.output = file_in(document.working_directory, pattern, request);
  job.error = file_in(document.working_directory, document.error, request);
  job.input = document.input;
  job.append = document.append;
  job.exclusive = asked.whole_nodes;
  job.nodes = asked.nodes;
  job.tasks = asked.tasks;
  job.tasks_per_node = document.tasks_per_node;
  job.cpus_per_task = document.cpus_per_task;
  job.memory_mib_per_node = asked.memory_mib_per_node;
  job.gres = gres_of(asked, words);
  job.array = array_of(asked);
  job.signal = document.signal;
  job.time_limit = asked.time_limit;
  return job;
}

}  // namespace fabrica::sites::slurm
