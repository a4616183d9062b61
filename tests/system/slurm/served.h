#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "system/server.h"
#include "system/slurm/bed.h"

/// What a fabricad needs to serve Slurm clusters of a bed.
namespace fabrica::test {

/// How a cluster is reached, as the settings say it.
struct SlurmAddress {
  std::string url;
  std::string key_file;
  std::string cluster;    // its ClusterName
  std::string partition;  // of its jobs
  std::string jobs_url;   // where jobs speak to the server; empty: they do not
};

/// Of a cluster as it is.
SlurmAddress address_of(const SlurmCluster& cluster);

/// Settings with this cluster as a site of its name, and a partition "<name>-gpu".
std::string settings_for(const SlurmCluster& cluster, const SlurmAddress& address);

/// Makes one project with an award at every cluster; its number.
std::int64_t make_gpu_project(net::Client& client, const std::string& token,
                              const std::vector<SlurmCluster>& clusters);

}  // namespace fabrica::test
