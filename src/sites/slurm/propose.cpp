#include "sites/slurm/propose.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <span>
#include <utility>

namespace fabrica::sites::slurm {

namespace {

constexpr std::uint64_t mib_per_gib = 1024;

// The type of a node's first GPUs: "h100" of "gpu:h100:4(S:0-1),shard:8"; empty where it has none.
std::string gpu_type_in(std::string_view gres) {
  std::size_t at = gres.find("gpu:");
  while (at != std::string_view::npos && at > 0 && gres[at - 1] != ',')
    at = gres.find("gpu:", at + 1);
  if (at == std::string_view::npos) return {};
  std::string_view rest = gres.substr(at + 4);
  rest = rest.substr(0, rest.find_first_of(":,("));
  const bool counted =
      std::ranges::all_of(rest, [](char letter) { return letter >= '0' && letter <= '9'; });
  return counted ? std::string() : std::string(rest);
}

std::string slug_of(std::string_view site, std::string_view partition) {
  std::string slug = fmt::format("{}-", site);
  for (const char letter : partition) {
    const bool upper = letter >= 'A' && letter <= 'Z';
    const char low = upper ? static_cast<char>(letter + 32) : letter;
    const bool plain = (low >= 'a' && low <= 'z') || (low >= '0' && low <= '9') || low == '_';
    slug += plain ? low : '-';
  }
  return slug;
}

// What the nodes of one kind have in common.
struct NodeKind {
  std::string gpu_type;
  std::uint32_t gpus = 0;

  friend auto operator<=>(const NodeKind&, const NodeKind&) = default;
};

ProposedPartition propose(std::string_view site, const std::string& name,
                          std::span<const SeenNode* const> nodes) {
  std::map<NodeKind, std::uint32_t> kinds;
  for (const SeenNode* node : nodes) kinds[{gpu_type_in(node->gres), gpus_in(node->gres, "")}] += 1;
  const auto usual = std::ranges::max_element(
      kinds, {}, [](const auto& kind) { return std::pair(kind.second, kind.first.gpus); });
  ProposedPartition proposed;
  proposed.slug = slug_of(site, name);
  proposed.partition = name;
  proposed.gpu_type = usual->first.gpu_type;
  proposed.gpus_per_node = usual->first.gpus;
  proposed.nodes = usual->second;
  proposed.unit = usual->first.gpus > 0 ? Unit::gpu : Unit::core;
  bool first = true;
  for (const SeenNode* node : nodes) {
    if (NodeKind{gpu_type_in(node->gres), gpus_in(node->gres, "")} != usual->first) continue;
    const std::uint64_t memory = node->memory_mib / mib_per_gib;
    proposed.cores_per_node = first ? node->cpus : std::min(proposed.cores_per_node, node->cpus);
    proposed.memory_gib_per_node = first ? memory : std::min(proposed.memory_gib_per_node, memory);
    first = false;
  }
  if (kinds.size() > 1) {
    proposed.remark =
        fmt::format("{} of its {} nodes have other GPUs than these, or none, and are not counted.",
                    nodes.size() - usual->second, nodes.size());
  }
  return proposed;
}

}  // namespace

std::vector<ProposedPartition> propose_partitions(std::string_view site, const HeardAtSite& heard) {
  std::vector<ProposedPartition> proposed;
  if (!heard.partitions.reply || !heard.nodes.reply) return proposed;
  for (const SeenPartition& partition : heard.partitions.reply->partitions) {
    std::vector<const SeenNode*> nodes;
    for (const SeenNode& node : heard.nodes.reply->nodes) {
      if (std::ranges::find(node.partitions, partition.name) != node.partitions.end())
        nodes.push_back(&node);
    }
    if (!nodes.empty()) proposed.push_back(propose(site, partition.name, nodes));
  }
  return proposed;
}

}  // namespace fabrica::sites::slurm
