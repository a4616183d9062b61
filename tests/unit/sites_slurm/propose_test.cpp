#include "sites/slurm/propose.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/describe.h"

namespace fabrica::sites::slurm {
namespace {

SeenNode node_of(std::string name, std::vector<std::string> partitions, std::string gres,
                 std::uint32_t cpus = 64, std::uint64_t memory_mib = 515'000) {
  return {std::move(name), std::move(partitions), cpus, memory_mib, std::move(gres), true};
}

std::string proposed_of(const std::vector<SeenNode>& nodes,
                        const std::vector<std::string>& partitions) {
  HeardAtSite heard;
  heard.nodes.reply = SeenNodes{{}, nodes};
  heard.partitions.reply = SeenPartitions{};
  for (const std::string& name : partitions)
    heard.partitions.reply->partitions.push_back({name, true});
  std::string text;
  for (const ProposedPartition& one : propose_partitions("north", heard)) {
    text += fmt::format("{} {} {} {}x{} {} {} GiB {}{}\n", one.slug, one.partition,
                        name_of(one.unit), one.nodes, one.gpus_per_node, one.cores_per_node,
                        one.memory_gib_per_node, one.gpu_type, one.remark.empty() ? "" : " !");
  }
  return text;
}

TEST(Propose, OneForEachPartitionAsItsNodesAre) {
  EXPECT_EQ(
      proposed_of({node_of("a", {"GPU.big", "all"}, "gpu:h100:4(S:0-1),shard:8"),
                   node_of("b", {"GPU.big", "all"}, "gpu:h100:4", 32, 256'000),
                   node_of("c", {"all", "cpu"}, ""), node_of("d", {"all", "cpu"}, ""),
                   node_of("e", {"all", "plain"}, "shard:2,gpu:2"), node_of("f", {"all"}, "")},
                  {"GPU.big", "cpu", "plain", "all", "empty"}),
      "north-gpu-big GPU.big gpu 2x4 32 250 GiB h100\n"
      "north-cpu cpu core 2x0 64 502 GiB \n"
      "north-plain plain gpu 1x2 64 502 GiB \n"
      "north-all all core 3x0 64 502 GiB  !\n");
}

TEST(Propose, NothingWhereNothingWasHeard) {
  EXPECT_TRUE(propose_partitions("north", HeardAtSite{}).empty());
}

}  // namespace
}  // namespace fabrica::sites::slurm
