#include <fmt/core.h>

#include <optional>
#include <utility>

#include "api/answering.h"
#include "api/bodies.h"
#include "api/routes.h"
#include "api/sight.h"
#include "live/writer.h"
#include "net/oneshot.h"
#include "placement/outlook.h"

/// Why a job has not begun, when it probably will, and what would make that sooner.
namespace fabrica::api {

namespace {

using jobs::JobId;
using jobs::JobPhase;
using placement::Dispatcher;

double units_of(std::int32_t width) {
  return static_cast<double>(width) / static_cast<double>(placement::parts_of_a_unit);
}

/// What is read of State between two groups: the rest needs no writer.
struct Seen {
  Dispatcher dispatcher;
  std::vector<std::pair<federation::PartitionId, std::string>> partitions;
  std::vector<JobId> awaited;  // that have to begin or end first
};

const std::string& slug_in(const Seen& seen, federation::PartitionId id) {
  static const std::string unknown;
  for (const auto& [partition, slug] : seen.partitions)
    if (partition == id) return slug;
  return unknown;
}

Seen see(const State& state, const Dispatcher& dispatcher, JobId id) {
  Seen seen{dispatcher, {}, {}};
  state.federation.partitions.for_each(
      [&](federation::PartitionId partition, const federation::Partition& facts) {
        seen.partitions.emplace_back(partition, facts.slug);
      });
  const jobs::Job* job = state.jobs.jobs.find(id);
  if (job == nullptr || job->dependencies_left == 0) return seen;
  for (const jobs::Dependency& one : job->request->dependencies) seen.awaited.push_back(one.job);
  return seen;
}

std::string room_text(const Dispatcher::Chance& chance) {
  if (chance.site_has_queue) return "jobs that were sent there wait for room";
  if (chance.needed > chance.free) return "there is not enough room";
  if (chance.first) return fmt::format("it would delay {}, which has waited longer", chance.first);
  return "there is room";
}

std::string why(const store::JobView& job, const Seen& seen, const placement::Outlook& outlook) {
  if (job.phase == JobPhase::running) return "It runs.";
  if (job.phase == JobPhase::ended) return "It has ended.";
  if (!seen.awaited.empty()) {
    std::string list;
    for (const JobId id : seen.awaited) list += fmt::format("{}{}", list.empty() ? "" : ", ", id);
    return fmt::format("It waits for {}.", list);
  }
  if (job.phase == JobPhase::waiting) {
    return outlook.chances.empty()
               ? "No partition of its project's awards takes it now; it is tried again each minute."
               : "It waits for room at one of the partitions that can take it.";
  }
  return outlook.beginning ? "It waits in the queue of its site."
                           : "Its site has been told, and as far as is known there is room for it.";
}

OutlookView view_of(const store::JobView& job, const Seen& seen,
                    const placement::Outlook& outlook) {
  OutlookView view{.job = job.id, .phase = job.phase, .why = why(job, seen, outlook)};
  if (outlook.beginning && seen.awaited.empty()) {
    view.start = outlook.beginning->at;
    view.partition = slug_in(seen, outlook.beginning->partition);
  }
  for (const Dispatcher::Chance& chance : outlook.chances) {
    view.rooms.push_back({slug_in(seen, chance.partition), units_of(chance.needed),
                          units_of(chance.free), room_text(chance)});
  }
  for (const placement::Outlook::Sooner& one : outlook.sooner) {
    view.sooner.push_back({one.instead, one.beginning.at, slug_in(seen, one.beginning.partition)});
  }
  return view;
}

net::Awaitable<net::Response> show_outlook(Call call) {
  std::optional<store::JobView> job;
  net::Response response = guarded(call, [&]() -> Answer<net::Response> {
    TRY(const JobId id, id_in_path<JobId>(call));
    TRY(job, visible_job(call, *call.context->reader(), id));
    return net::Response{};
  });
  if (!job) co_return response;
  const net::Oneshot<Seen> seen;
  const bool asked = call.context->writer().ask_placement(
      [seen, id = job->id](const State& state, const Dispatcher& dispatcher) {
        seen.complete(see(state, dispatcher, id));
      });
  if (!asked) {
    co_return refused(
        call, Refusal{refusal::unavailable, "", "The server is stopping; try again in a moment."});
  }
  const Seen now = co_await seen.wait();
  co_return guarded(call, [&]() -> Answer<net::Response> {
    const bool waits = job->phase < JobPhase::running;
    return json_answer(200,
                       view_of(*job, now,
                               waits ? placement::outlook_of(now.dispatcher, job->id, live::now())
                                     : placement::Outlook{}));
  });
}

}  // namespace

std::vector<Route> outlook_routes() {
  return {{.path = "/v1/jobs/{job}/outlook",
           .operation = "showOutlook",
           .area = "jobs",
           .summary = "Why a job has not begun, when it will probably begin if nobody comes any "
                      "more and everybody runs as long as is expected, and what would make that "
                      "sooner.",
           .handler = &show_outlook,
           .answer = &schema_of<OutlookView>}};
}

}  // namespace fabrica::api
