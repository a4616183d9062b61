#include "sites/slurm/words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>

namespace fabrica::sites::slurm {

namespace {

// "%x" and "%10x" become the name; "%%" stays.
std::string with_name(std::string_view pattern, std::string_view name) {
  std::string text;
  for (std::size_t at = 0; at < pattern.size();) {
    if (pattern[at] != '%') {
      text += pattern[at++];
      continue;
    }
    std::size_t end = at + 1;
    while (end < pattern.size() && pattern[end] >= '0' && pattern[end] <= '9') ++end;
    if (end < pattern.size() && pattern[end] == 'x') {
      text += name;
      at = end + 1;
      continue;
    }
    const std::size_t next = end < pattern.size() ? end + 1 : end;
    text += pattern.substr(at, next - at);
    at = next;
  }
  return text;
}

std::string file_in(const std::string& directory, const std::string& pattern,
                    std::string_view name) {
  if (pattern.empty()) return {};
  const std::string path = with_name(pattern, name);
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
  const std::string pattern = !document.output.empty() ? document.output
                              : asked.array.empty()    ? "slurm-%j.out"
                                                       : "slurm-%A_%a.out";
  job.output = file_in(document.working_directory, pattern, asked.name);
  job.error = file_in(document.working_directory, document.error, asked.name);
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
