#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/describe.h"

/// Real Slurm clusters for a test: the script `bed` as an object.
namespace fabrica::test {

struct SlurmCluster {
  std::string name;
  std::string url;  // of its slurmrestd
  std::string key_file;
  std::string slurm_conf;
  std::vector<std::string> partitions;
  std::vector<std::string> nodes;
  std::uint32_t cpus_per_node = 0;
  std::uint32_t memory_mb_per_node = 0;
  std::string gpu_kind;  // empty without GPUs
  std::uint32_t gpus_per_node = 0;
  std::string account;
  std::vector<std::string> users;  // who may run jobs
};
FABRICA_DESCRIBE(SlurmCluster, name, url, key_file, slurm_conf, partitions, nodes, cpus_per_node,
                 memory_mb_per_node, gpu_kind, gpus_per_node, account, users)

struct SlurmFacts {
  std::string directory;
  std::string accounting;  // shared, each, none
  std::vector<SlurmCluster> clusters;
};
FABRICA_DESCRIBE(SlurmFacts, directory, accounting, clusters)

/// Where the bed and its tables are.
std::filesystem::path slurm_folder();

/// What a program printed, both streams together, and its exit code (128 and more: its signal).
struct Ran {
  int code = 0;
  std::string output;
};

/// Runs a program to its end and collects what it prints. The first word is the program.
Ran run_program(const std::vector<std::string>& words, const std::string& input = {});

struct SlurmBedOptions {
  std::uint32_t clusters = 1;
  std::vector<std::string> names = {};  // c1, c2, … when empty
  std::string accounting = "shared";
  std::uint32_t nodes = 1;
  std::uint32_t cpus = 8;
  std::uint32_t gpus = 4;
  std::string gpu_kind = "h100";
  std::uint32_t min_job_age_s = 300;
  std::string jwks_file = {};
};

/// Clusters in a temporary directory, all up and idle once this is made; all gone, with their jobs,
/// once it is destroyed or the test process ends in any way. What does not succeed throws
/// std::runtime_error with what was said, log lines included. A daemon is named as for `bed`:
/// "c2.ctld", "c2.rest", "c2.d1", "c2.dbd", "dbd", "db", "munge".
class SlurmBed {
 public:
  explicit SlurmBed(const SlurmBedOptions& options = {});
  SlurmBed(const SlurmBed&) = delete;
  SlurmBed& operator=(const SlurmBed&) = delete;
  ~SlurmBed();

  const SlurmFacts& facts() const { return facts_; }
  const SlurmCluster& cluster(std::string_view name) const;

  /// SIGKILL; returns when it is dead.
  void kill(const std::string& daemon);
  /// SIGSTOP; returns when it stands still.
  void stop(const std::string& daemon);
  /// SIGCONT.
  void cont(const std::string& daemon);
  /// Starts what is dead; returns when it serves.
  void start(const std::string& daemon);

  /// From now on the clocks of all Slurm daemons are wrong by so much; all are started anew.
  void set_clock(std::int64_t seconds);

  /// A token of this user for one hour, signed with the key of the cluster.
  std::string token(const std::string& cluster, const std::string& user) const;

  /// Runs a command of Slurm on a cluster as one of the users (or root), in /tmp and with no
  /// environment but this: SLURM_CONF, PATH. Given one minute.
  Ran run_as(const std::string& user, const std::string& cluster,
             const std::vector<std::string>& words, const std::string& input = {}) const;

  /// Ends all and removes the directory. Fails the test if anything is left.
  void down();

 private:
  std::string must(const std::vector<std::string>& words) const;

  std::filesystem::path directory_;
  SlurmFacts facts_;
  bool up_ = false;
};

}  // namespace fabrica::test
