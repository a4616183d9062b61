#pragma once

#include <string>

#include "base/result.h"
#include "jobs/document.h"
#include "jobs/requests.h"
#include "sites/slurm/cluster.h"

namespace fabrica::sites::slurm {

/// A partition of ours in the words of its cluster. Empty: the cluster's default.
struct PartitionWords {
  std::string partition;
  std::string account;
  std::string qos;
  std::string constraint;
  std::string reservation;
  std::string gpu_kind;  // the type in "gpu:<type>:<number>"; empty: any
  std::string user;      // whom the jobs belong to
};

/// The job as the cluster shall have it: what was normalised of its script in exact numbers, and
/// the rest as the script has it. %x and %j in the names of its files become the job's own name and
/// number, because its name at the cluster has our tag at the end, and its number is another.
Submission in_words_of(const PartitionWords& words, const jobs::StartJob& request,
                       const jobs::JobDocument& document, std::string script);

}  // namespace fabrica::sites::slurm
