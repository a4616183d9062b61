#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "jobs/offers.h"
#include "sites/slurm/cluster.h"

namespace fabrica::sites::slurm {

/// A job of somebody else's at the cluster, which takes room or waits for it.
struct OtherJob {
  std::uint32_t id = 0;
  std::string partition;  // of several that it may wait for, the first
  jobs::Allocation allocation;
  Time ends;  // at its limit, by the cluster's clock; zero: it has not begun
  Duration limit;
};

/// What a text of Slurm's like "cpu=4,mem=1500M,node=1,gres/gpu=2,gres/gpu:h100=2" says; what
/// cannot be read is nothing. Memory is in MiB, rounded up.
jobs::Allocation allocation_in(std::string_view tres);

/// Of these jobs, those that have not ended and are not this installation's. What is held by hand
/// takes no room and waits for none.
std::vector<OtherJob> others_in(const std::vector<ClusterJob>& jobs, std::string_view installation);

}  // namespace fabrica::sites::slurm
