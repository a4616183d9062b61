#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/consortium.h"
#include "config/settings.h"

/// Sites that settings add to those of the data files, before load().
namespace fabrica::config {

/// What a machine really has.
struct LocalMachine {
  std::uint32_t cores = 1;
  std::uint64_t memory_mib = 0;
  std::vector<std::string> gpu_models;  // one entry a GPU; empty text where the driver says none
};

/// Adds this machine as a site of one system with the same slug: partition `<slug>-cpu`, billed in
/// core-hours, and where there are GPUs `<slug>-gpu`, billed in GPU-hours. What the settings state
/// replaces what the machine has. Does nothing when the local site is not enabled.
void add_local_site(Consortium& consortium, const LocalSettings& settings,
                    const LocalMachine& machine);

/// Connects a site of the consortium as simulated, or adds a new one with the partitions of the
/// settings. Refused when a new site has none, or a known one is given some.
Result<void> add_simulated_site(Consortium& consortium, const SimulatedSettings& settings);

/// Connects a site of the consortium as a Slurm cluster, or adds a new one with the partitions of
/// the settings. Refused when a new site has none, or a known one has none of that slug.
Result<void> add_slurm_site(Consortium& consortium, const SlurmSettings& settings);

}  // namespace fabrica::config
