#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "jobs/policy.h"

namespace fabrica::jobs {

/// The billed units that one task of the request occupies on the partition: the largest of its
/// shares of a node's GPUs, cores and memory, times the nodes and what a node is billed as; whole
/// nodes where either side asks for them. Refused, with what to change, when it can never run
/// there.
Result<Rational> units_on(const federation::Partition& partition, const JobRequest& request);

/// The billed units that the partition has; zero when unknown.
std::uint64_t units_of(const federation::Partition& partition);

/// What a site allocated to one task, over all its nodes.
struct Allocation {
  std::uint32_t nodes = 0;
  std::uint32_t cpus = 0;
  std::uint32_t gpus = 0;  // as its scheduler counts them
  std::uint64_t memory_mib = 0;
};

/// The billed units that the allocation occupies, by the same rule.
Rational units_of(const federation::Partition& partition, const Allocation& allocation);

/// One partition's answer to "could this job run there, and what would it cost?" for people.
struct PlanRow {
  PartitionId partition;
  std::optional<Offer> offer;  // present when it could be placed there now
  std::string reason;          // why not, when there is no offer
};

struct OfferContext {
  const State& jobs;
  const federation::State& federation;
  const ledger::State& ledger;
};

/// The partitions on which the project could place the request now: it holds an open award there,
/// the site takes jobs, the request fits, and the balance covers the hold. When none does, refused
/// with the reason of each.
Result<std::vector<Offer>> offers_for(const OfferContext& context, ProjectId project,
                                      const JobRequest& request);

/// Every registered partition with its answer, in the order of ids.
std::vector<PlanRow> plan(const OfferContext& context, ProjectId project,
                          const JobRequest& request);

}  // namespace fabrica::jobs
