#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace fabrica::sites::local {

/// What a task takes of the machine while it runs.
struct Need {
  std::uint32_t cores = 1;
  std::uint32_t gpus = 0;
  std::uint64_t memory_bytes = 0;
};

/// The machine's cores, memory and GPUs, given to one task at a time. Cores and memory are counted,
/// GPUs have names.
class Slots {
 public:
  Slots(std::uint32_t cores, std::uint64_t memory_bytes, std::vector<std::uint32_t> gpus);

  /// True when the machine could hold it with nothing else on it.
  bool could_hold(const Need& need) const;
  bool has_room(const Need& need) const;
  /// Free GPUs for it, lowest first. Needs has_room(need).
  std::vector<std::uint32_t> pick_gpus(const Need& need) const;
  /// Also where there is no room: after a restart on a machine that has become smaller, a task that
  /// runs keeps what it has.
  void take(const Need& need, const std::vector<std::uint32_t>& gpus);
  void give_back(const Need& need, const std::vector<std::uint32_t>& gpus);

 private:
  std::int64_t cores_all_;
  std::uint64_t memory_all_;
  std::set<std::uint32_t> gpus_all_;
  std::int64_t cores_used_ = 0;
  std::uint64_t memory_used_ = 0;
  std::multiset<std::uint32_t> gpus_used_;
};

/// A task that waits for its place.
struct Waiting {
  std::uint64_t order = 0;
  std::string tag;
  std::string group;
  std::uint32_t group_limit = 0;
  Need need;

  friend bool operator<(const Waiting& a, const Waiting& b) {
    return a.order != b.order ? a.order < b.order : a.tag < b.tag;
  }
};

/// The next task to start, or nothing: the first of the queue, where tasks whose group is at its
/// limit are passed over. A first task that does not fit holds all behind it back, so that a large
/// one is never starved by small ones. `running` counts the running tasks of each group.
const Waiting* next_to_start(const std::set<Waiting>& queue, const Slots& slots,
                             const std::map<std::string, std::uint32_t>& running);

}  // namespace fabrica::sites::local
