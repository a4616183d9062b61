#include "jobs/decide.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "federation/decide.h"
#include "jobs/offers.h"
#include "jobs/own_word.h"
#include "jobs/place.h"
#include "jobs/refusals.h"
#include "jobs/runs.h"
#include "jobs/settle.h"
#include "jobs/site_accounts.h"
#include "ledger/decide.h"

namespace fabrica::jobs {

namespace {

using Yields = Result<std::vector<Yield>>;

Result<void> check_request(const JobRequest& request) {
  const auto no = [](std::string_view field, std::string text) {
    return refuse(refusal::bad_request, std::string(field), std::move(text));
  };
  TRY_DONE(federation::need_text("name", request.name, limits::name_bytes_max));
  if (request.nodes == 0 || request.nodes > limits::nodes_max) {
    return no("nodes", fmt::format("Ask for 1 to {} nodes.", limits::nodes_max));
  }
  if (request.cpus_per_node == 0) return no("cpus_per_node", "Ask for at least one core per node.");
  if (request.tasks == 0 || request.tasks > limits::tasks_max) {
    return no("tasks", fmt::format("Ask for 1 to {} tasks.", limits::tasks_max));
  }
  if (request.time_limit <= Duration{} || request.time_limit > limits::job_time_max) {
    return no("time_limit",
              fmt::format("State a time limit (--time) above zero and up to {}: the hold is "
                          "the cost of the whole limit.",
                          to_clock(limits::job_time_max)));
  }
  if (request.gpu_kind.size() > limits::name_bytes_max || !is_utf8(request.gpu_kind)) {
    return no("gpu_kind", fmt::format("The name of a kind of GPU has at most {} bytes.",
                                      limits::name_bytes_max));
  }
  if (request.array.size() > limits::array_tasks_max) {
    return no("array", fmt::format("An array has at most {} tasks.", limits::array_tasks_max));
  }
  if (!std::ranges::is_sorted(request.array) ||
      std::ranges::adjacent_find(request.array) != request.array.end()) {
    return no("array", "An array's task numbers are ascending, each once.");
  }
  if (request.unsuitable.size() > limits::partitions_max ||
      !std::ranges::is_sorted(request.unsuitable)) {
    return no("unsuitable",
              fmt::format("Name at most {} partitions, ascending.", limits::partitions_max));
  }
  if (request.dependencies.size() > limits::dependencies_max) {
    return no("dependencies",
              fmt::format("A job waits for at most {} others.", limits::dependencies_max));
  }
  return {};
}

enum class Standing : std::uint8_t { satisfied, open, never };

Standing standing(const Job& job, DependencyKind kind) {
  const bool ended = job.phase == JobPhase::ended;
  if (kind == DependencyKind::after && job.phase == JobPhase::running) return Standing::satisfied;
  if (!ended) return Standing::open;
  return never_met(kind, job.outcome) ? Standing::never : Standing::satisfied;
}

// Keeps the dependencies that are still open; refuses what can never be met.
Result<void> keep_open_dependencies(const Context& context, Shared<JobRequest>& request) {
  std::vector<Dependency> open;
  for (const Dependency& dependency : request->dependencies) {
    const Job* job = context.jobs.jobs.find(dependency.job);
    if (job == nullptr ||
        !federation::belongs_to(context.federation.projects.at(job->project), context.actor)) {
      return refuse(
          refusal::unknown_job, "dependencies",
          fmt::format("{} is no job of yours that is live or ended lately.", dependency.job));
    }
    const Standing now = standing(*job, dependency.kind);
    if (now == Standing::never) {
      return refuse(refusal::dependency_never, "dependencies",
                    fmt::format("{} ended as {}, so this dependency can never be met.",
                                dependency.job, name_of(job->outcome)));
    }
    if (now == Standing::open) open.push_back(dependency);
  }
  if (open.size() < request->dependencies.size()) request.change().dependencies = std::move(open);
  return {};
}

Result<void> need_room(const State& state, ProjectId project) {
  const auto live = state.live_of_project.find(project);
  if (state.live >= limits::live_jobs_max ||
      (live != state.live_of_project.end() && live->second >= limits::live_jobs_per_project_max)) {
    return refuse(refusal::too_many_jobs, "project",
                  fmt::format("A project has at most {} live jobs; wait until some end.",
                              limits::live_jobs_per_project_max));
  }
  return {};
}

Yields decide_one(const Context& context, const SubmitJob& command) {
  const federation::Project* project = context.federation.projects.find(command.project);
  if (project == nullptr) {
    return refuse(fabrica::refusal::not_found, "project",
                  fmt::format("There is no {}.", command.project));
  }
  if (!federation::belongs_to(*project, context.actor)) {
    return refuse(fabrica::refusal::forbidden, "project",
                  "Only members of the project may submit jobs; ask its lead to add you.");
  }
  TRY_DONE(check_request(command.request));
  TRY_DONE(need_room(context.jobs, command.project));
  Shared<JobRequest> request = command.request;
  if (!request->dependencies.empty()) TRY_DONE(keep_open_dependencies(context, request));
  TRY(std::vector<Offer> offers,
      offers_for({context.jobs, context.federation, context.ledger}, command.project, request));
  stay_together(context, command.request, offers);
  const PlacementAnswer answer = context.policies.placement({request, offers});
  CHECK(answer.chosen < offers.size(), "a placement rule chooses one of the offers");
  const Offer& offer = offers[answer.chosen];
  const JobId id{context.jobs.last_job + 1};
  TRY(ledger::HoldPlaced hold,
      ledger::place_hold(context.ledger, hold_of(id), offer.account,
                         context.ledger.of_partition.at(offer.partition).usage, offer.cost));
  const auto open = static_cast<std::uint32_t>(request->dependencies.size());
  std::vector<Yield> yields;
  yields.reserve(3);
  if (open > 0) place_awaited(context, request, yields);
  yields.emplace_back(Event{
      JobAccepted{id, command.project, context.actor, std::move(request), open, context.now}});
  yields.emplace_back(ledger::Event{hold});
  yields.emplace_back(Event{placed(context, id, offer, answer)});
  return yields;
}

Yields decide_one(const Context& context, const CancelJob& command) {
  const Job* job = context.jobs.jobs.find(command.job);
  if (job == nullptr) {
    return refuse(refusal::unknown_job, "job", fmt::format("{} is not live.", command.job));
  }
  if (!federation::belongs_to(context.federation.projects.at(job->project), context.actor) &&
      !federation::operates(context.federation, context.actor, job->site)) {
    return refuse(fabrica::refusal::forbidden, "job",
                  "Only members of the job's project and the site's operator may cancel it.");
  }
  std::vector<Yield> yields;
  if (job->phase == JobPhase::ended || job->cancel_requested) return yields;
  yields.emplace_back(Event{JobCancelRequested{command.job, context.actor}});
  // No site has heard of a job that waits with us, so nobody else will report its end.
  if (job->phase == JobPhase::waiting) {
    end_without_site(context, command.job, Outcome::cancelled, yields);
  }
  return yields;
}

Yields decide_one(const Context& context, const ReportFromSite& command) {
  if (context.actor) {
    return refuse(fabrica::refusal::forbidden, "",
                  "Only the worker of a site reports what the site did.");
  }
  return std::visit([&](const auto& report) { return heard(context, command.site, report); },
                    command.report);
}

Yields decide_one(const Context& context, const BeginTask& command) {
  return begin_task(context, command);
}

Yields decide_one(const Context& context, const ReturnTask& command) {
  return return_task(context, command);
}

Yields decide_one(const Context& context, const PlaceJob& command) {
  return place_job(context, command);
}

Yields decide_one(const Context& context, const MendAccounts& command) {
  return mend_accounts(context, command);
}

}  // namespace

Result<std::vector<Yield>> decide(const Context& context, const Command& command) {
  return std::visit([&](const auto& one) { return decide_one(context, one); }, command);
}

}  // namespace fabrica::jobs
