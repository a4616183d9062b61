#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "base/time.h"
#include "forecast/gap.h"
#include "forecast/job.h"

namespace fabrica::forecast {

/// A set of nodes by number.
class NodeSet {
 public:
  explicit NodeSet(std::size_t nodes) : words_(nodes / 64 + 1) {}
  void insert(std::size_t node) { words_[node / 64] |= std::uint64_t{1} << node % 64; }
  void erase(std::size_t node) { words_[node / 64] &= ~(std::uint64_t{1} << node % 64); }

  /// The first from this number on; `end()` when there is none.
  std::size_t first_from(std::size_t node) const;
  std::size_t end() const { return words_.size() * 64; }

 private:
  std::vector<std::uint64_t> words_;
};

/// A machine of equal nodes with some GPUs each, as a room of Easy. A job takes GPUs of one node
/// where it needs no more than one has: of the fullest node that has as many free, of equal ones
/// the one with the lowest number. A wider one takes as many whole nodes as it needs, of the free
/// ones those with the lowest numbers; what it does not need of the last is wasted. The reservation
/// is for the first moment at which the job will have its place, wherever that is; what is started
/// meanwhile is put where it leaves it one.
class Nodes {
 public:
  Nodes(std::int32_t nodes, std::int32_t gpus_per_node);

  bool advance(Time now) {
    now_ = now;
    return false;  // ends are said when they come, at the latest at the requested end
  }
  Time next_return() const { return never; }

  /// How wide a job could be that starts now and is over soon. Narrower ones can start, too.
  std::int32_t free() const;
  bool fits(const Job& job) const { return job.width <= free(); }

  void reserve(const Job& job);
  void drop_reservation() { reserved_ = false; }
  Gap gap() const;

  void start(JobIndex number, const Job& job);
  void ended(JobIndex number, const Job& job, Time requested_end);

 private:
  struct Node {
    std::int32_t free = 0;
    std::int32_t at_shadow = 0;  // free then; only while there is a reservation
  };
  struct Taken {
    std::int32_t gpus = 0;  // of each
    std::vector<std::uint32_t> nodes;
  };
  // What a job needs: so many nodes with so many free GPUs.
  struct Need {
    std::int32_t nodes = 0;
    std::int32_t gpus = 0;
  };

  Need need_of(std::int32_t width) const {
    return width <= gpus_ ? Need{1, width} : Need{(width + gpus_ - 1) / gpus_, gpus_};
  }
  std::size_t cell_of(std::int32_t free, std::int32_t at_shadow) const {
    return static_cast<std::size_t>(free) * counts_.size() + static_cast<std::size_t>(at_shadow);
  }
  std::int32_t& cell(const Node& node) { return cells_[cell_of(node.free, node.at_shadow)]; }
  bool spares(const Node& node, std::int32_t gpus) const;
  std::int32_t widest_beside_reservation() const;
  std::size_t choose(std::int32_t gpus, bool beside_reservation) const;
  void set_free(std::size_t at, std::int32_t free);
  void take(std::size_t at, std::int32_t gpus, bool beyond_shadow);

  std::int32_t gpus_;
  std::vector<Node> nodes_;
  std::vector<NodeSet> by_free_;              // by how many GPUs are free
  std::vector<std::int32_t> counts_;          // likewise: how many nodes
  std::vector<std::int32_t> cells_;           // by free now and at the shadow time: how many nodes
  std::vector<Taken> taken_;                  // by job
  std::set<std::pair<Time, JobIndex>> ends_;  // requested
  Time now_;
  bool reserved_ = false;
  Time shadow_;
  Need need_;               // of the job with the reservation
  std::int32_t spare_ = 0;  // nodes that can serve it then, beyond those that it needs
};

}  // namespace fabrica::forecast
