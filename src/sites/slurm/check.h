#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "federation/finding.h"
#include "jobs/types.h"
#include "sites/slurm/check_replies.h"
#include "sites/slurm/rest_api.h"

/// What a check of a Slurm site says of what was asked there. Nothing is asked here: see
/// check_asks.h.
namespace fabrica::sites::slurm {

/// One of the site's partitions, as settings and registry have it. Zero: not known, not compared.
struct CheckedPartition {
  std::string slug;
  std::string partition;  // Slurm's name; empty: the cluster's default
  std::string account;    // empty: the user's default
  std::string gpu_kind;   // the type in "gpu:<type>:<number>"; empty: any
  std::uint32_t nodes = 0;
  std::uint32_t gpus_per_node = 0;
  std::uint32_t cores_per_node = 0;
  std::uint64_t memory_mib_per_node = 0;
};

/// An account that the cluster keeps for an award.
struct CheckedAccount {
  AccountWords words;
  jobs::AccountStanding standing = jobs::AccountStanding::wanted;
  std::string trouble;  // why it is not there as it should be
};

/// What settings and registry say of a site.
struct CheckedSite {
  std::string url;         // of slurmrestd
  std::string cluster;     // ClusterName; empty: not said
  std::string user;        // whom the jobs belong to
  std::string token_user;  // whose tokens are sent to read
  bool own_tokens = false;
  bool accounting = true;
  std::vector<CheckedPartition> partitions;
  bool keeps_accounts = false;  // one for each award; those of the partitions are not used then
  std::vector<CheckedAccount> accounts = {};
};

/// How one ask went.
template <class T>
struct Heard {
  bool asked = false;
  std::optional<T> reply;  // whatever it says; none where there is none that can be read
  std::uint16_t status = 0;
  std::string trouble;  // why there is no reply
  Duration took;
};

/// What was heard at the site. What was not asked, because something before it failed, has
/// `asked` unset.
struct HeardAtSite {
  std::string key_trouble;            // the key cannot be used; nothing was asked then
  bool reached = false;               // slurmrestd answered anything at all
  std::uint16_t status = 0;           // of its answer when asked for its versions
  std::string unreached;              // why it did not answer
  std::optional<ApiVersion> offered;  // the newest of those that both know
  std::optional<ApiVersion> version;  // the one that is spoken; none: the configured one is missing
  Heard<Diagnosis> diagnosis;
  Time our_time;  // halfway between asking for the diagnosis and its answer
  Heard<Controllers> controllers;
  Heard<SeenPartitions> partitions;
  Heard<SeenNodes> nodes;
  Heard<Diagnosis> as_user;
  Heard<SeenClusters> clusters;
  Heard<Associations> associations;  // of the user
};

/// The findings, in the order in which one leads to the next. None of them has a token in it as
/// long as no reply has.
std::vector<federation::Finding> judge_site(const CheckedSite& site, const HeardAtSite& heard);

}  // namespace fabrica::sites::slurm
