#include "sites/simulated/machines.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/limits.h"

namespace fabrica::sites::simulated {

namespace {

constexpr std::uint32_t nodes_unknown = 16;

template <class Number>
Number known_or(Number number, Number otherwise) {
  return number == 0 ? otherwise : number;
}

}  // namespace

std::vector<VirtualPartition> partitions_of(const federation::State& state,
                                            federation::SiteId site) {
  std::vector<VirtualPartition> partitions;
  state.partitions.for_each([&](federation::PartitionId id, const federation::Partition& known) {
    if (known.site != site) return;
    partitions.push_back(
        {id, known_or(known.nodes, nodes_unknown),
         known_or(known.cores_per_node, std::numeric_limits<std::uint32_t>::max()),
         known.gpus_per_node_scheduled,
         known_or(known.memory_mib_per_node, std::numeric_limits<std::uint64_t>::max()),
         known.whole_nodes});
  });
  return partitions;
}

Machines::Machines(const VirtualPartition& partition)
    : whole_{partition.cores_per_node, partition.gpus_per_node, partition.memory_mib_per_node},
      whole_nodes_(partition.whole_nodes),
      free_(std::min(partition.nodes, limits::nodes_max), whole_) {}

Machines::Node Machines::needed(const jobs::JobRequest& request) const {
  if (whole_nodes_ || request.whole_nodes) return whole_;
  return {request.cpus_per_node, request.gpus_per_node, request.memory_mib_per_node};
}

bool Machines::fits(const Node& need, const Node& node) {
  return need.cores <= node.cores && need.gpus <= node.gpus && need.memory_mib <= node.memory_mib;
}

bool Machines::could_run(const jobs::JobRequest& request) const {
  const Node asked{request.cpus_per_node, request.gpus_per_node, request.memory_mib_per_node};
  return request.nodes <= free_.size() && fits(asked, whole_);
}

std::optional<std::vector<std::uint32_t>> Machines::take(const jobs::JobRequest& request) {
  const Node need = needed(request);
  std::vector<std::uint32_t> nodes;
  for (std::uint32_t i = 0; i < free_.size() && nodes.size() < request.nodes; ++i) {
    if (fits(need, free_[i])) nodes.push_back(i);
  }
  if (nodes.size() < request.nodes) return std::nullopt;
  for (const std::uint32_t i : nodes) {
    free_[i].cores -= need.cores;
    free_[i].gpus -= need.gpus;
    free_[i].memory_mib -= need.memory_mib;
  }
  return nodes;
}

void Machines::give_back(const jobs::JobRequest& request, const std::vector<std::uint32_t>& nodes) {
  const Node need = needed(request);
  for (const std::uint32_t i : nodes) {
    free_[i].cores += need.cores;
    free_[i].gpus += need.gpus;
    free_[i].memory_mib += need.memory_mib;
    CHECK(fits(free_[i], whole_), "a node never has more free than it has");
  }
}

}  // namespace fabrica::sites::simulated
