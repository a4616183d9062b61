#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/describe.h"
#include "base/time.h"
#include "sbatch/options.h"
#include "sbatch/source.h"

namespace fabrica::sbatch {

/// What an amount of memory is for. `unset`: the site's own default applies.
enum class MemoryPer : std::uint8_t { unset, node, cpu, gpu };
FABRICA_DESCRIBE_ENUM(MemoryPer, unset, node, cpu, gpu)

/// The resources a job asks for, whichever of the many options said so.
struct Shape {
  std::uint32_t nodes_min = 1;
  std::uint32_t nodes_max = 1;
  std::uint32_t tasks = 1;           // at nodes_min nodes
  bool tasks_follow_nodes = false;   // nobody counted the tasks: more nodes, more tasks
  std::uint32_t tasks_per_node = 0;  // zero: open, for the nodes are
  std::uint32_t cpus_per_task = 1;
  std::uint32_t cpus_per_gpu = 0;  // zero: not asked for
  std::uint32_t cpus_per_node_min = 0;
  bool overcommit = false;          // one task's CPUs per node, however many tasks
  std::uint32_t gpus = 0;           // in all, at nodes_min nodes
  std::uint32_t gpus_per_task = 0;  // zero: not asked for
  bool gpus_follow_nodes = false;   // asked for per node: more nodes, more GPUs
  std::uint32_t gpus_per_node = 0;  // zero: no GPUs, or open, for the nodes are
  std::string gpu_type;             // empty: any
  MemoryPer memory_per = MemoryPer::unset;
  std::uint64_t memory_mib = 0;
  bool memory_whole_node = false;  // --mem=0
  bool exclusive = false;          // whole nodes
  std::optional<Duration> time_limit;
  bool time_unlimited = false;  // asked for no limit, which is not the same as not asking

  friend bool operator==(const Shape&, const Shape&) = default;
};
FABRICA_DESCRIBE(Shape, nodes_min, nodes_max, tasks, tasks_follow_nodes, tasks_per_node,
                 cpus_per_task, cpus_per_gpu, cpus_per_node_min, overcommit, gpus, gpus_per_task,
                 gpus_follow_nodes, gpus_per_node, gpu_type, memory_per, memory_mib,
                 memory_whole_node, exclusive, time_limit, time_unlimited)

/// The shape that the options describe. Contradictions (and what sbatch 22.05 refuses as such) go
/// to `findings`; the shape is then not to be used.
Shape shape_of(const Options& options, Findings& findings);

/// The same job on exactly this many nodes, which must be within nodes_min and nodes_max: what
/// follows the nodes is multiplied, what is shared out over them is rounded up per node.
Shape on_nodes(const Shape& shape, std::uint32_t nodes);

/// What one node must offer, for a shape with one number of nodes.
std::uint32_t cpus_per_node(const Shape& shape);

/// Likewise; nothing when the whole node's memory is asked for, or the site's default applies.
std::optional<std::uint64_t> memory_mib_per_node(const Shape& shape);

}  // namespace fabrica::sbatch
