#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/amount.h"
#include "base/describe.h"
#include "base/result.h"
#include "config/directories.h"

/// fabrica.toml. The members are its keys, their initialisers the defaults;
/// data/fabrica.example.toml shows them all.
namespace fabrica::config {

enum class LogLevel : std::uint8_t { debug, info, warning, error };
FABRICA_DESCRIBE_ENUM(LogLevel, debug, info, warning, error)

/// best_available: the kernel holds jobs to their memory where it can, otherwise their supervisors
/// look after them. kernel_only: where the kernel cannot, the local site takes no jobs.
enum class MemoryLimits : std::uint8_t { best_available, kernel_only };
FABRICA_DESCRIBE_ENUM(MemoryLimits, best_available, kernel_only)

struct ListenSettings {
  std::string address = "127.0.0.1";  // an IP address; empty: no TCP
  std::uint16_t port = 8450;          // 0: any that is free
  std::string unix_socket;            // empty: none
  std::uint32_t threads = 2;
};
FABRICA_DESCRIBE(ListenSettings, address, port, unix_socket, threads)

/// PEM files; both or none.
struct TlsSettings {
  std::string certificate;
  std::string key;
};
FABRICA_DESCRIBE(TlsSettings, certificate, key)

/// This machine as a site. What is absent is taken from the machine as it is.
struct LocalSettings {
  bool enabled = true;
  std::string slug = "local";
  std::string name = "This machine";
  std::optional<std::uint32_t> cores;
  std::optional<std::uint64_t> memory_mib;
  std::optional<std::uint32_t> gpus;
  std::string spool;     // empty: spool/ in the data directory
  std::string programs;  // empty: the folder of the running program
  MemoryLimits memory_limits = MemoryLimits::best_available;
};
FABRICA_DESCRIBE(LocalSettings, enabled, slug, name, cores, memory_mib, gpus, spool, programs,
                 memory_limits)

struct SimulatedPartitionSettings {
  std::string slug;
  Unit unit = Unit::gpu;
  std::uint32_t nodes = 16;
  std::uint32_t gpus_per_node = 0;
  std::uint32_t cores_per_node = 64;
  std::uint32_t memory_gib_per_node = 512;
  bool whole_nodes = false;
};
FABRICA_DESCRIBE(SimulatedPartitionSettings, slug, unit, nodes, gpus_per_node, cores_per_node,
                 memory_gib_per_node, whole_nodes)

/// A site whose jobs are simulated: one of the consortium, with the partitions it has, or a new one
/// with partitions of its own.
struct SimulatedSettings {
  std::string site;
  std::string name;  // of a new site; empty: the slug
  std::uint64_t seed = 1;
  std::vector<SimulatedPartitionSettings> partition;
};
FABRICA_DESCRIBE(SimulatedSettings, site, name, seed, partition)

/// How tokens for slurmrestd are signed: hs256 with the cluster's own secret, rs256 with a private
/// key that stays here.
enum class TokenKind : std::uint8_t { hs256, rs256 };
FABRICA_DESCRIBE_ENUM(TokenKind, hs256, rs256)

/// A partition of a Slurm cluster: ours by its slug, and Slurm's words for it. Of a site of the
/// data files only the slug and the words count; a new site's partition has its size from here.
struct SlurmPartitionSettings {
  std::string slug;
  std::string partition;
  std::string account;  // empty: the site's
  std::string qos;
  std::string constraint;
  std::string reservation;
  std::string gpu_type;             // in "gpu:<type>:<number>"
  std::uint32_t cpus_per_core = 1;  // that Slurm counts of a core in an account
  Unit unit = Unit::gpu;
  std::uint32_t nodes = 1;
  std::uint32_t gpus_per_node = 0;
  std::uint32_t cores_per_node = 64;
  std::uint32_t memory_gib_per_node = 512;
  bool whole_nodes = false;
};
FABRICA_DESCRIBE(SlurmPartitionSettings, slug, partition, account, qos, constraint, reservation,
                 gpu_type, cpus_per_core, unit, nodes, gpus_per_node, cores_per_node,
                 memory_gib_per_node, whole_nodes)

/// What a word of `[[slurm.word]]` is a word of.
enum class SlurmWordKind : std::uint8_t { constraint, qos, reservation, gpu_type };
FABRICA_DESCRIBE_ENUM(SlurmWordKind, constraint, qos, reservation, gpu_type)

/// A word that scripts may use for one of these options, and what the site says instead. Every
/// project may use it.
struct SlurmWordSettings {
  SlurmWordKind option = SlurmWordKind::constraint;
  std::string word;
  std::string here;       // empty: nothing, the partition has it anyway
  std::string partition;  // a slug; empty: every partition of the site
};
FABRICA_DESCRIBE(SlurmWordSettings, option, word, here, partition)

/// A site that is a real Slurm cluster behind its slurmrestd.
struct SlurmSettings {
  std::string site;
  std::string name;  // of a new site; empty: the slug
  std::string url;   // of slurmrestd
  std::string ca_file;
  std::string api_version;  // "v0.0.38"; empty: the newest that both know
  std::string cluster;      // its ClusterName
  TokenKind token_kind = TokenKind::hs256;
  std::string key_file;
  std::string key_id;
  std::string token_user = "slurm";
  bool own_tokens = false;
  std::string user;     // whom the jobs belong to there
  std::string account;  // of the jobs there
  bool hold = true;
  bool accounting = true;                   // there is a slurmdbd
  std::uint32_t silent_after_minutes = 10;  // without an answer: its waiting jobs may leave it
  bool provision = false;                   // make an account there for each award, with a limit
  std::string parent_account;               // above those; empty: root
  std::string jobs_url;      // of this server, as the nodes reach it; empty: jobs do not speak
  std::string jobs_ca_file;  // on the nodes, for https
  std::uint32_t connections = 8;
  std::vector<SlurmPartitionSettings> partition;
  std::vector<SlurmWordSettings> word;
};
FABRICA_DESCRIBE(SlurmSettings, site, name, url, ca_file, api_version, cluster, token_kind,
                 key_file, key_id, token_user, own_tokens, user, account, hold, accounting,
                 silent_after_minutes, provision, parent_account, jobs_url, jobs_ca_file,
                 connections, partition, word)

struct Settings {
  std::string data_directory;  // empty: state_directory()
  std::string data_files;      // empty: data_files_directory()
  LogLevel log_level = LogLevel::info;
  std::string placement = "late_binding";
  std::string refund = "site_faults";
  std::string move = "unstarted";
  ListenSettings listen;
  TlsSettings tls;
  LocalSettings local;
  std::vector<SimulatedSettings> simulated;
  std::vector<SlurmSettings> slurm;
};
FABRICA_DESCRIBE(Settings, data_directory, data_files, log_level, placement, refund, move, listen,
                 tls, local, simulated, slurm)

/// Settings as a text says them, paths as they are written. Refused with line and key: what is no
/// TOML, an unknown key (with the one that was likely meant), and a value that cannot be.
Result<Settings> parse_settings(std::string file, std::string_view text);

/// Reads `file`, or without one fabrica.toml in config_directory(), where that may be absent: then
/// all is as by default. Relative paths in it start at its folder.
Result<Settings> read_settings(const std::optional<std::filesystem::path>& file,
                               const Surroundings& around = surroundings());

/// Sets the paths that are still empty, once the command line has had its say.
Result<void> complete(Settings& settings, const Surroundings& around = surroundings());

}  // namespace fabrica::config
