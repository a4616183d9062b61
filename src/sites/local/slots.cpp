#include "sites/local/slots.h"

#include "base/check.h"

namespace fabrica::sites::local {

Slots::Slots(std::uint32_t cores, std::uint64_t memory_bytes, std::vector<std::uint32_t> gpus)
    : cores_all_(cores), memory_all_(memory_bytes), gpus_all_(gpus.begin(), gpus.end()) {}

bool Slots::could_hold(const Need& need) const {
  return need.cores <= cores_all_ && need.memory_bytes <= memory_all_ &&
         need.gpus <= gpus_all_.size();
}

bool Slots::has_room(const Need& need) const {
  std::size_t gpus_free = 0;
  for (const std::uint32_t gpu : gpus_all_) gpus_free += gpus_used_.contains(gpu) ? 0 : 1;
  return cores_used_ + need.cores <= cores_all_ && memory_used_ <= memory_all_ &&
         need.memory_bytes <= memory_all_ - memory_used_ && need.gpus <= gpus_free;
}

std::vector<std::uint32_t> Slots::pick_gpus(const Need& need) const {
  CHECK(has_room(need), "GPUs are picked only where there is room");
  std::vector<std::uint32_t> gpus;
  for (const std::uint32_t gpu : gpus_all_) {
    if (gpus.size() < need.gpus && !gpus_used_.contains(gpu)) gpus.push_back(gpu);
  }
  return gpus;
}

void Slots::take(const Need& need, const std::vector<std::uint32_t>& gpus) {
  cores_used_ += need.cores;
  memory_used_ += need.memory_bytes;
  gpus_used_.insert(gpus.begin(), gpus.end());
}

void Slots::give_back(const Need& need, const std::vector<std::uint32_t>& gpus) {
  CHECK(cores_used_ >= need.cores && memory_used_ >= need.memory_bytes,
        "no more slots come back than were taken");
  cores_used_ -= need.cores;
  memory_used_ -= need.memory_bytes;
  for (const std::uint32_t gpu : gpus) {
    const auto used = gpus_used_.find(gpu);
    CHECK(used != gpus_used_.end(), "a GPU comes back that was not taken");
    gpus_used_.erase(used);
  }
}

const Waiting* next_to_start(const std::set<Waiting>& queue, const Slots& slots,
                             const std::map<std::string, std::uint32_t>& running) {
  for (const Waiting& task : queue) {
    if (task.group_limit > 0) {
      const auto group = running.find(task.group);
      if (group != running.end() && group->second >= task.group_limit) continue;
    }
    return slots.has_room(task.need) ? &task : nullptr;
  }
  return nullptr;
}

}  // namespace fabrica::sites::local
