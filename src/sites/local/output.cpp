#include "sites/local/output.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "json/read.h"
#include "sbatch/pattern.h"

namespace fabrica::sites::local {

OutputPaths output_paths(const jobs::JobDocument& document, const OutputFacts& facts) {
  sbatch::PatternValues values;
  values.job = facts.job.value;
  values.array_job = facts.job.value;
  values.array_task = facts.array_task;
  values.host = facts.node_name;
  values.user = document.user;
  values.name = facts.name;
  const std::filesystem::path directory(document.working_directory);
  const auto path_of = [&](std::string_view pattern) {
    // Tasks of an array have no numbers of their own here.
    const std::string bound =
        sbatch::bind_pattern(pattern, facts.job.value, facts.name, facts.array_task.has_value());
    return (directory / sbatch::expand_pattern(bound, values)).lexically_normal().string();
  };
  const std::string output =
      path_of(document.output.empty() ? sbatch::default_output(facts.array_task.has_value())
                                      : document.output);
  return {output, document.error.empty() ? output : path_of(document.error)};
}

Result<OutputPaths> output_paths(std::string_view text, jobs::JobId job, const std::string& name,
                                 const std::string& node_name, std::uint32_t task) {
  TRY(const jobs::JobDocument document,
      json::read<jobs::JobDocument>(text, json::Missing::defaulted));
  if (task >= std::max<std::size_t>(1, document.array.size())) {
    return refuse(refusal::not_found, "task", fmt::format("{} has no task {}.", job, task));
  }
  const bool array = !document.array.empty();
  return output_paths(
      document, {job, name, node_name, array ? std::optional(document.array[task]) : std::nullopt});
}

}  // namespace fabrica::sites::local
