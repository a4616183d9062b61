#include "forecast/nodes.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace fabrica::forecast {

std::size_t NodeSet::first_from(std::size_t node) const {
  std::size_t word = node / 64;
  if (word >= words_.size()) return end();
  std::uint64_t bits = words_[word] & (~std::uint64_t{0} << node % 64);
  while (bits == 0 && ++word < words_.size()) bits = words_[word];
  return bits == 0 ? end() : word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
}

Nodes::Nodes(std::int32_t nodes, std::int32_t gpus_per_node)
    : gpus_(gpus_per_node),
      nodes_(static_cast<std::size_t>(nodes), Node{gpus_per_node, 0}),
      by_free_(static_cast<std::size_t>(gpus_per_node) + 1, NodeSet(nodes_.size())),
      counts_(static_cast<std::size_t>(gpus_per_node) + 1),
      cells_(counts_.size() * counts_.size()) {
  for (std::size_t node = 0; node < nodes_.size(); ++node) by_free_.back().insert(node);
  counts_.back() = nodes;
}

std::int32_t Nodes::free() const {
  if (counts_.back() > 0) return counts_.back() * gpus_;
  std::int32_t most = gpus_;
  while (most > 0 && counts_[static_cast<std::size_t>(most)] == 0) --most;
  return most;
}

// Runs the requested ends ahead until the job has its place, and to the end of that moment.
void Nodes::reserve(const Job& job) {
  need_ = need_of(job.width);
  std::int32_t serving = 0;
  for (Node& node : nodes_) {
    node.at_shadow = node.free;
    serving += node.free >= need_.gpus ? 1 : 0;
  }
  shadow_ = now_;
  for (const auto& [end, number] : ends_) {
    if (serving >= need_.nodes && end > shadow_) break;
    shadow_ = end;
    const std::int32_t gpus = taken_[number].gpus;
    for (const std::uint32_t at : taken_[number].nodes) {
      std::int32_t& free = nodes_[at].at_shadow;
      serving += free < need_.gpus && free + gpus >= need_.gpus ? 1 : 0;
      free += gpus;
    }
  }
  spare_ = serving - need_.nodes;
  reserved_ = true;
  std::ranges::fill(cells_, 0);
  for (const Node& node : nodes_) cell(node) += 1;
}

// Whether so many GPUs of it can be used beyond the shadow time.
bool Nodes::spares(const Node& node, std::int32_t gpus) const {
  return spare_ > 0 || node.at_shadow < need_.gpus || node.at_shadow - gpus >= need_.gpus;
}

Gap Nodes::gap() const { return {free(), widest_beside_reservation(), shadow_ - now_}; }

std::int32_t Nodes::widest_beside_reservation() const {
  const std::int32_t whole = std::min(counts_.back(), spare_);
  if (whole > 0) return whole * gpus_;
  std::int32_t widest = 0;
  for (std::int32_t free = 1; free <= gpus_; ++free) {
    for (std::int32_t later = free; later <= gpus_; ++later) {
      if (cells_[cell_of(free, later)] == 0) continue;
      std::int32_t gpus = free;
      if (!spares({free, later}, gpus)) gpus = std::min(free, later - need_.gpus);
      widest = std::max(widest, gpus);
    }
  }
  return widest;
}

std::size_t Nodes::choose(std::int32_t gpus, bool beside_reservation) const {
  for (auto free = static_cast<std::size_t>(gpus); free < by_free_.size(); ++free) {
    if (counts_[free] == 0) continue;
    const NodeSet& nodes = by_free_[free];
    for (std::size_t at = nodes.first_from(0); at != nodes.end(); at = nodes.first_from(at + 1)) {
      if (!beside_reservation || spares(nodes_[at], gpus)) return at;
    }
  }
  CHECK(false, "a job is started only where there is a place for it");
}

void Nodes::set_free(std::size_t at, std::int32_t free) {
  Node& node = nodes_[at];
  by_free_[static_cast<std::size_t>(node.free)].erase(at);
  counts_[static_cast<std::size_t>(node.free)] -= 1;
  node.free = free;
  by_free_[static_cast<std::size_t>(free)].insert(at);
  counts_[static_cast<std::size_t>(free)] += 1;
}

void Nodes::take(std::size_t at, std::int32_t gpus, bool beyond_shadow) {
  Node& node = nodes_[at];
  if (reserved_) cell(node) -= 1;
  set_free(at, node.free - gpus);
  if (!reserved_) return;
  if (beyond_shadow) {
    const bool served = node.at_shadow >= need_.gpus;
    node.at_shadow -= gpus;
    if (served && node.at_shadow < need_.gpus) spare_ -= 1;
  }
  cell(node) += 1;
}

void Nodes::start(JobIndex number, const Job& job) {
  if (number >= taken_.size()) taken_.resize(std::size_t{number} + 1 + taken_.size() / 2);
  const Need need = need_of(job.width);
  const bool beyond_shadow = reserved_ && job.limit > shadow_ - now_;
  Taken& taken = taken_[number];
  taken.gpus = need.gpus;
  taken.nodes.clear();
  for (std::int32_t count = 0; count < need.nodes; ++count) {
    const std::size_t at = choose(need.gpus, beyond_shadow);
    take(at, need.gpus, beyond_shadow);
    taken.nodes.push_back(static_cast<std::uint32_t>(at));
  }
  ends_.emplace(now_ + job.limit, number);
}

void Nodes::ended(JobIndex number, const Job& /*job*/, Time requested_end) {
  ends_.erase({requested_end, number});
  for (const std::uint32_t at : taken_[number].nodes)
    set_free(at, nodes_[at].free + taken_[number].gpus);
}

}  // namespace fabrica::forecast
