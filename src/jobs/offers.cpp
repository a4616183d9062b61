#include "jobs/offers.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "base/limits.h"
#include "jobs/refusals.h"
#include "ledger/decide.h"

namespace fabrica::jobs {

namespace {

using federation::Partition;

bool less(Rational a, Rational b) {
  __extension__ using Wide = __int128;
  return static_cast<Wide>(a.numerator) * b.denominator <
         static_cast<Wide>(b.numerator) * a.denominator;
}

Rational reduced(std::int64_t numerator, std::int64_t denominator) {
  const std::int64_t common = std::gcd(numerator, denominator);
  return common == 0 ? Rational{0, 1} : Rational{numerator / common, denominator / common};
}

// The largest share of one node that the request takes; one where nodes are not shared.
Rational node_share(const Partition& partition, const JobRequest& request) {
  if (partition.whole_nodes || request.whole_nodes || partition.unit == Unit::node) return {1, 1};
  Rational share{0, 1};
  const auto take = [&](std::uint64_t asked, std::uint64_t there) {
    if (there == 0) return;
    const Rational part =
        reduced(static_cast<std::int64_t>(asked), static_cast<std::int64_t>(there));
    if (less(share, part)) share = part;
  };
  take(request.gpus_per_node, partition.gpus_per_node_scheduled);
  take(request.cpus_per_node, partition.cores_per_node);
  take(request.memory_mib_per_node, partition.memory_mib_per_node);
  return share;
}

std::int64_t billed_per_node(const Partition& partition) {
  switch (partition.unit) {
    case Unit::gpu:
      return partition.gpus_per_node_billed;
    case Unit::core:
      return partition.cores_per_node;
    case Unit::node:
      return 1;
  }
  return 1;
}

Result<void> need_fit(std::string_view field, std::uint64_t asked, std::uint64_t there,
                      std::string_view what) {
  if (there == 0 || asked <= there) return {};
  return refuse(refusal::does_not_fit, std::string(field),
                fmt::format("{} {} asked for, {} there.", asked, what, there));
}

Result<void> need_gpus(const Partition& partition, const JobRequest& request) {
  if (request.gpus_per_node > partition.gpus_per_node_scheduled) {
    return refuse(refusal::does_not_fit, "gpus_per_node",
                  fmt::format("{} GPUs per node asked for, {} there.", request.gpus_per_node,
                              partition.gpus_per_node_scheduled));
  }
  if (!request.gpu_kind.empty() && !partition.gpu_kind.starts_with(request.gpu_kind)) {
    return refuse(refusal::does_not_fit, "gpu_kind",
                  fmt::format("GPUs of kind {} asked for, {} there.", request.gpu_kind,
                              partition.gpu_kind.empty() ? "none" : partition.gpu_kind));
  }
  const bool whole = partition.whole_nodes || request.whole_nodes;
  if (partition.unit == Unit::gpu && request.gpus_per_node == 0 && !whole) {
    return refuse(
        refusal::does_not_fit, "gpus_per_node",
        "This partition is billed in GPU-hours; ask for at least one GPU or for whole nodes.");
  }
  return {};
}

// The first of the project's open awards on the partition that covers `cost`, or why none does.
Result<AccountId> account_for(const OfferContext& context, ProjectId project, PartitionId partition,
                              ComputeTime cost) {
  const auto accounts = context.ledger.of_project.find(project);
  Result<AccountId> answer =
      refuse(refusal::no_award, "project", "The project has no open award here.");
  if (accounts == context.ledger.of_project.end()) return answer;
  for (const AccountId id : accounts->second) {
    const ledger::Account& account = context.ledger.accounts.at(id);
    if (account.partition != partition || account.closed || account.locked) continue;
    if (auto covered = ledger::need_available(context.ledger, id, cost); !covered) {
      answer = std::unexpected(std::move(covered).error());
      continue;
    }
    return id;
  }
  return answer;
}

std::string why_no_jobs(const OfferContext& context, SiteId site) {
  if (context.federation.sites.at(site).connection == federation::Connection::none)
    return "The site is not connected.";
  if (context.federation.silent.contains(site)) return "The site has not answered for some time.";
  return "The site is drained.";
}

Result<Offer> offer_on(const OfferContext& context, ProjectId project, PartitionId id,
                       const JobRequest& request) {
  const Partition& partition = context.federation.partitions.at(id);
  if ((request.partition && request.partition != id) ||
      (request.site && request.site != partition.site)) {
    return refuse(refusal::does_not_fit, "site", "The job asks for another place.");
  }
  if (std::ranges::binary_search(request.unsuitable, id)) {
    return refuse(refusal::does_not_fit, "unsuitable",
                  "The script asks by name for what is not known there.");
  }
  TRY(const Rational units, units_on(partition, request));
  if (!federation::takes_jobs(context.federation, partition.site)) {
    return refuse(refusal::site_takes_no_jobs, "site", why_no_jobs(context, partition.site));
  }
  const std::optional<ComputeTime> per_task = cost(units, request.time_limit);
  const auto tasks = static_cast<std::int64_t>(std::max<std::size_t>(1, request.array.size()));
  const std::optional<ComputeTime> all =
      per_task ? exchange(*per_task, Rational{tasks, 1}) : std::optional<ComputeTime>{};
  if (!all)
    return refuse(refusal::does_not_fit, "time_limit", "The job's cost is above every bound.");
  TRY(const AccountId account, account_for(context, project, id, *all));
  const auto work = context.jobs.work.find(id);
  return Offer{id,
               partition.site,
               account,
               units,
               *per_task,
               *all,
               context.ledger.accounts.at(account).available() - *all,
               work == context.jobs.work.end() ? ComputeTime{} : work->second,
               units_of(partition)};
}

}  // namespace

Result<Rational> units_on(const Partition& partition, const JobRequest& request) {
  TRY_DONE(need_fit("nodes", request.nodes, partition.nodes, "nodes"));
  TRY_DONE(
      need_fit("cpus_per_node", request.cpus_per_node, partition.cores_per_node, "cores per node"));
  TRY_DONE(need_gpus(partition, request));
  TRY_DONE(need_fit("memory", request.memory_mib_per_node, partition.memory_mib_per_node,
                    "MiB per node"));
  if (partition.time_limit_ms_max > 0 && request.time_limit.ms > partition.time_limit_ms_max) {
    return refuse(
        refusal::does_not_fit, "time_limit",
        fmt::format("A time limit of {} asked for, at most {} there.", to_clock(request.time_limit),
                    to_clock({partition.time_limit_ms_max})));
  }
  const Rational share = node_share(partition, request);
  return reduced(share.numerator * billed_per_node(partition) * request.nodes, share.denominator);
}

std::uint64_t units_of(const Partition& partition) {
  return static_cast<std::uint64_t>(billed_per_node(partition)) * partition.nodes;
}

Rational units_of(const Partition& partition, const Allocation& allocation) {
  Rational nodes{0, 1};  // as many as its largest share
  if (partition.whole_nodes || partition.unit == Unit::node) nodes = {allocation.nodes, 1};
  const auto take = [&](std::uint64_t allocated, std::uint64_t there) {
    if (there == 0) return;
    const Rational part =
        reduced(static_cast<std::int64_t>(allocated), static_cast<std::int64_t>(there));
    if (less(nodes, part)) nodes = part;
  };
  take(allocation.gpus, partition.gpus_per_node_scheduled);
  take(allocation.cpus, partition.cores_per_node);
  take(std::min(allocation.memory_mib, limits::memory_mib_per_node_max * limits::nodes_max),
       partition.memory_mib_per_node);
  return reduced(nodes.numerator * billed_per_node(partition), nodes.denominator);
}

Result<std::vector<Offer>> offers_for(const OfferContext& context, ProjectId project,
                                      const JobRequest& request) {
  std::vector<Offer> offers;
  std::vector<PartitionId> seen;
  std::string reasons;
  Refusal last;
  const auto accounts = context.ledger.of_project.find(project);
  if (accounts != context.ledger.of_project.end()) {
    for (const AccountId id : accounts->second) {
      const ledger::Account& account = context.ledger.accounts.at(id);
      if (account.closed || std::ranges::find(seen, account.partition) != seen.end()) continue;
      seen.push_back(account.partition);
      Result<Offer> offer = offer_on(context, project, account.partition, request);
      if (offer) {
        offers.push_back(*std::move(offer));
      } else {
        last = std::move(offer).error();
        reasons += fmt::format(" {}: {}", context.federation.partitions.at(account.partition).slug,
                               last.text);
      }
    }
  }
  if (!offers.empty()) return offers;
  if (seen.empty()) {
    return refuse(
        refusal::no_award, "project",
        fmt::format("{} has no open award; answer a call with a proposal first.", project));
  }
  if (seen.size() == 1) return std::unexpected(std::move(last));
  return refuse(refusal::does_not_fit, "",
                fmt::format("No partition of the project's awards can take the job.{}", reasons));
}

std::vector<PlanRow> plan(const OfferContext& context, ProjectId project,
                          const JobRequest& request) {
  std::vector<PlanRow> rows;
  context.federation.partitions.for_each([&](PartitionId id, const Partition&) {
    Result<Offer> offer = offer_on(context, project, id, request);
    rows.push_back(offer ? PlanRow{id, *std::move(offer), {}}
                         : PlanRow{id, std::nullopt, std::move(offer).error().text});
  });
  return rows;
}

}  // namespace fabrica::jobs
