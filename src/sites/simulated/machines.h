#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "federation/types.h"
#include "jobs/types.h"

namespace fabrica::sites::simulated {

/// A partition of equal virtual nodes.
struct VirtualPartition {
  federation::PartitionId id;
  std::uint32_t nodes = 1;
  std::uint32_t cores_per_node = 1;
  std::uint32_t gpus_per_node = 0;
  std::uint64_t memory_mib_per_node = 0;
  bool whole_nodes = false;
};

/// The partitions of a site as registered. What is unknown there is generous here: 16 nodes, and
/// cores and memory without end.
std::vector<VirtualPartition> partitions_of(const federation::State& state,
                                            federation::SiteId site);

/// What is free on the nodes of one partition.
class Machines {
 public:
  explicit Machines(const VirtualPartition& partition);

  /// True when the empty partition could run a task of the request.
  bool could_run(const jobs::JobRequest& request) const;

  /// Takes the first nodes with room for one task of the request; nothing, and nothing taken, when
  /// there are too few.
  std::optional<std::vector<std::uint32_t>> take(const jobs::JobRequest& request);

  /// Frees what take() gave for the same request.
  void give_back(const jobs::JobRequest& request, const std::vector<std::uint32_t>& nodes);

 private:
  struct Node {
    std::uint32_t cores = 0;
    std::uint32_t gpus = 0;
    std::uint64_t memory_mib = 0;
  };
  Node needed(const jobs::JobRequest& request) const;
  static bool fits(const Node& need, const Node& node);

  Node whole_;
  bool whole_nodes_ = false;
  std::vector<Node> free_;
};

}  // namespace fabrica::sites::simulated
