#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "sites/slurm/shapes.h"

/// The replies of slurmrestd that only a check of a site reads, of every version from v0.0.38 to
/// v0.0.43. What such a reply does not say is empty or zero.
namespace fabrica::sites::slurm {

/// What every reply may say beside its own matter.
struct ReplyHead {
  std::vector<ReplyError> errors;  // those with the code 0 are left out
  std::string release;             // of Slurm
  std::string cluster;             // its ClusterName; told from v0.0.40 on
};

struct Diagnosis {
  ReplyHead head;
  Time cluster_time;  // slurmctld's clock when it answered; zero: it did not
};

struct Controller {
  std::string host;
  bool primary = false;
  bool up = false;
};
struct Controllers {
  ReplyHead head;
  std::vector<Controller> controllers;
};

struct SeenPartition {
  std::string name;
  bool up = false;
};
struct SeenPartitions {
  ReplyHead head;
  std::vector<SeenPartition> partitions;
};

struct SeenNode {
  std::string name;
  std::vector<std::string> partitions;
  std::uint32_t cpus = 0;
  std::uint64_t memory_mib = 0;
  std::string gres;    // "gpu:h100:4(S:0-1),shard:8"
  bool usable = true;  // neither down nor drained, as far as its states say
};
struct SeenNodes {
  ReplyHead head;
  std::vector<SeenNode> nodes;
};

/// A cluster that slurmdbd knows.
struct SeenCluster {
  std::string name;
  std::string nodes;  // a host list
};
struct SeenClusters {
  ReplyHead head;
  std::vector<SeenCluster> clusters;
};

/// That a user may charge an account at a cluster.
struct Association {
  std::string cluster;
  std::string account;
  std::string user;
  std::string partition;                        // empty: in all
  std::vector<SeenAccount::Limit> limits = {};  // GrpTRESMins
  std::optional<std::int64_t> submitted = {};   // GrpSubmitJobs; none: no limit
};
struct Associations {
  ReplyHead head;
  std::vector<Association> associations;
};

// Refused is what is no JSON object.
Result<Diagnosis> read_diagnosis(std::string_view body);
Result<Controllers> read_controllers(std::string_view body);
Result<SeenPartitions> read_partitions(std::string_view body);
Result<SeenNodes> read_nodes(std::string_view body);
Result<SeenClusters> read_clusters(std::string_view body);
Result<Associations> read_associations(std::string_view body);

/// The GPUs of a node in its gres, of one type or, when that is empty, of any.
std::uint32_t gpus_in(std::string_view gres, std::string_view type);

}  // namespace fabrica::sites::slurm
