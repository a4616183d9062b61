#pragma once

#include <span>
#include <string>

#include "shims/columns.h"
#include "shims/job_rows.h"

/// The tables of fields: what a format may name.
namespace fabrica::shims {

/// squeue's, with headers as in Slurm 22.05.
std::span<const Field<JobRow>> squeue_fields();

/// sacct's, likewise.
std::span<const Field<JobRow>> sacct_fields();

/// A partition, with what is known of its site.
struct PartitionRow {
  std::string name;
  std::string site;
  std::string state;  // of its nodes
  bool up = false;
  Duration time_limit_max;
  std::uint32_t nodes = 0;
  std::uint32_t cpus_per_node = 0;
  std::uint32_t gpus_per_node = 0;
  std::string gpu_kind;
  std::uint64_t memory_mib_per_node = 0;
};
std::span<const Field<PartitionRow>> sinfo_fields();

// Parts that several tables share.
std::string account_of(const JobRow& row);
std::string exit_text(const JobRow& row);
std::string reason_of(const JobRow& row);
std::string tres_of_job(const JobRow& row);
std::uint32_t cpus_of(const JobRow& row);
std::string memory_text(std::uint64_t mib);
/// "gpu:h100:4", "(null)" without any.
std::string gres_text(std::uint32_t gpus, const std::string& kind);

}  // namespace fabrica::shims
