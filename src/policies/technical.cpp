#include "policies/technical.h"

#include <fmt/core.h>

namespace fabrica::policies {

namespace {

using calls::TechnicalQuestion;
using calls::Verdict;

Verdict site_takes_jobs(const TechnicalQuestion& question) {
  return {"site_takes_jobs", question.site_takes_jobs,
          question.site_takes_jobs
              ? "The site is connected and takes jobs."
              : "The site is not connected or is drained; choose another partition."};
}

Verdict pool_covers(const TechnicalQuestion& question) {
  const ComputeTime amount = question.application.amount;
  return {"pool_covers", question.pool_left >= amount,
          fmt::format("{} {} are asked for and {} are left in the pool.", to_hours(amount),
                      hours_name(question.partition.unit), to_hours(question.pool_left))};
}

Verdict job_fits(const TechnicalQuestion& question) {
  const auto& application = question.application;
  const auto& partition = question.partition;
  const bool nodes_fit = partition.nodes == 0 || application.nodes_per_job <= partition.nodes;
  const std::uint64_t gpus_there =
      std::uint64_t{partition.gpus_per_node_scheduled} * application.nodes_per_job;
  const bool gpus_fit = application.gpus_per_job <= gpus_there;
  return {"job_fits", nodes_fit && gpus_fit,
          fmt::format("A job of {} nodes and {} GPUs against {} nodes of {} GPUs.",
                      application.nodes_per_job, application.gpus_per_job, partition.nodes,
                      partition.gpus_per_node_scheduled)};
}

}  // namespace

std::vector<Verdict> technical_check(const TechnicalQuestion& question) {
  return {site_takes_jobs(question), pool_covers(question), job_fits(question)};
}

}  // namespace fabrica::policies
