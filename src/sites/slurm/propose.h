#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/amount.h"
#include "sites/slurm/check.h"

/// What a cluster that is to become a site has, as its partitions would be registered. A proposal:
/// what it bills in is a matter of contracts, not of hardware.
namespace fabrica::sites::slurm {

struct ProposedPartition {
  std::string slug;       // "north-gpu"
  std::string partition;  // Slurm's name
  std::string gpu_type;   // in "gpu:<type>:<number>"; empty: none, or without a type
  Unit unit = Unit::core;
  std::uint32_t nodes = 0;  // those with at least what follows
  std::uint32_t gpus_per_node = 0;
  std::uint32_t cores_per_node = 0;
  std::uint64_t memory_gib_per_node = 0;
  std::string remark;  // what does not fit into one shape; empty: nothing
};

/// One for each partition that has nodes, in the order of the cluster: billed by GPU where every
/// node has some, otherwise by core. Of nodes that differ, those with the most usual GPUs count,
/// each with the least that any of them has.
std::vector<ProposedPartition> propose_partitions(std::string_view site, const HeardAtSite& heard);

}  // namespace fabrica::sites::slurm
