#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/describe.h"

namespace fabrica::sites::local {

struct Gpu {
  /// Its place in the order of the PCI bus, as CUDA_VISIBLE_DEVICES wants it.
  std::uint32_t index = 0;
  std::string model;  ///< "NVIDIA H100 80GB HBM3"; empty when the driver does not say
};
FABRICA_DESCRIBE(Gpu, index, model)

/// What a machine really offers to this process.
struct Machine {
  /// Processors that we may run on, or fewer where a cgroup gives a smaller share of their time.
  std::uint32_t cores = 1;
  /// Of the machine, or less where a cgroup allows less.
  std::uint64_t memory_bytes = 0;
  /// NVIDIA GPUs that we could open; those of other makers are not looked for.
  std::vector<Gpu> gpus;
  /// Its short name where that leads to an address, as MASTER_ADDR must; otherwise "localhost".
  std::string name;
};
FABRICA_DESCRIBE(Machine, cores, memory_bytes, gpus, name)

/// Looks at this machine. `root` is the top of another file system in tests; the processors that
/// we may run on and the name always come from the kernel.
Machine look_at_machine(const std::filesystem::path& root = "/");

}  // namespace fabrica::sites::local
