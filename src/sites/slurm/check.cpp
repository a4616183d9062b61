#include "sites/slurm/check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "sbatch/hostlist.h"
#include "sites/slurm/account_bodies.h"
#include "sites/slurm/accounts.h"

namespace fabrica::sites::slurm {

using federation::Finding;
using federation::FindingKind;

namespace {

// Slurm's error numbers (slurm_errno.h).
constexpr std::int64_t error_of_authentication = 1007;
constexpr std::int64_t error_without_database = 7000;
constexpr std::int64_t error_nothing_found = 9003;
// slurmrestd needs about 9 s to find that slurmctld is gone, but refuses a token at once.
constexpr Duration soon = seconds(3);
// Slurm tells whole seconds, and an answer takes its time.
constexpr Duration skew_max = seconds(10);
constexpr std::size_t names_shown_max = 12;

Finding well(std::string what, std::string text) {
  return {
      .what = std::move(what), .verdict = FindingKind::well, .text = std::move(text), .mend = {}};
}

Finding wrong(std::string what, std::string text, std::string mend) {
  return {std::move(what), FindingKind::wrong, std::move(text), std::move(mend)};
}

Finding unknown(std::string what, std::string text, std::string mend) {
  return {std::move(what), FindingKind::unknown, std::move(text), std::move(mend)};
}

bool has_error(const ReplyHead& head, std::int64_t code) {
  return std::ranges::any_of(head.errors,
                             [&](const ReplyError& error) { return error.code == code; });
}

std::string listed(const std::set<std::string>& names) {
  if (names.empty()) return "none";
  std::string text;
  std::size_t count = 0;
  for (const std::string& name : names) {
    if (++count > names_shown_max) return text + ", …";
    text += (text.empty() ? "" : ", ") + name;
  }
  return text;
}

std::string errors_text(const ReplyHead& head) {
  std::string text;
  for (const ReplyError& error : head.errors) {
    text += text.empty() ? "" : "; ";
    text += error.text.empty() ? "no words" : error.text;
    if (error.code) text += fmt::format(" ({})", *error.code);
    if (text.size() > 300) break;
  }
  return text;
}

template <class T>
std::string what_came(const Heard<T>& heard) {
  if (!heard.reply) return heard.trouble.empty() ? "it was not asked" : heard.trouble;
  const std::string errors = errors_text(heard.reply->head);
  return fmt::format("slurmrestd answers {}{}{}", heard.status, errors.empty() ? "" : ": ", errors);
}

bool controller_answers(const HeardAtSite& heard) {
  return heard.diagnosis.reply && heard.diagnosis.reply->cluster_time != Time{};
}

// What a token that is not taken looks like. A slurmctld that is gone looks the same, but late.
bool token_is_refused(const HeardAtSite& heard) {
  const Heard<Diagnosis>& asked = heard.diagnosis;
  if (!asked.asked || controller_answers(heard)) return false;
  if (asked.status == 401 || asked.status == 403) return true;
  return asked.reply && !asked.reply->head.errors.empty() && asked.took < soon;
}

std::optional<Finding> judge_way_there(const CheckedSite& site, const HeardAtSite& heard) {
  if (!heard.key_trouble.empty()) {
    return wrong("key", heard.key_trouble, "Correct key_file, key_id and token_kind in [[slurm]].");
  }
  if (!heard.reached) {
    return wrong(
        "connection", heard.unreached,
        fmt::format("See that slurmrestd runs and that this machine reaches {}; for https, "
                    "that ca_file in [[slurm]] has its authority.",
                    site.url));
  }
  if (heard.version) return std::nullopt;
  if (heard.offered) {
    return wrong("version",
                 fmt::format("slurmrestd does not offer the api_version of the settings, but {}.",
                             to_string(*heard.offered)),
                 "Leave api_version out of [[slurm]], or write what slurmrestd offers.");
  }
  if (heard.status == 200) {
    return wrong("version",
                 fmt::format("slurmrestd offers no version from {} to {}.", to_string(api_oldest),
                             to_string(api_newest)),
                 "Start slurmrestd with one of them (option -s, as openapi/v0.0.38).");
  }
  return wrong("connection",
               fmt::format("What answers at {} says {} when asked for its versions.", site.url,
                           heard.status),
               "See that url in [[slurm]] is slurmrestd's own and that it runs with -a "
               "rest_auth/jwt.");
}

void judge_controllers(const HeardAtSite& heard, std::vector<Finding>& findings) {
  const Heard<Controllers>& pings = heard.controllers;
  if (!pings.reply || pings.reply->controllers.empty()) {
    findings.push_back(well("slurmctld", "slurmctld answers; which hosts it has is not told."));
    return;
  }
  std::string text;
  std::string down;
  for (const Controller& one : pings.reply->controllers) {
    text += fmt::format("{}{} ({}) {}", text.empty() ? "" : ", ", one.host,
                        one.primary ? "primary" : "backup", one.up ? "is up" : "is down");
    if (!one.up) down = one.host;
  }
  if (down.empty()) {
    findings.push_back(well("slurmctld", fmt::format("slurmctld answers: {}.", text)));
  } else {
    findings.push_back(wrong("slurmctld", fmt::format("slurmctld answers, but: {}.", text),
                             fmt::format("Start slurmctld on {} again.", down)));
  }
}

void judge_controller_and_token(const CheckedSite& site, const HeardAtSite& heard,
                                std::vector<Finding>& findings) {
  if (controller_answers(heard)) {
    judge_controllers(heard, findings);
    findings.push_back(
        well("token", fmt::format("Tokens of user \"{}\" are taken.", site.token_user)));
  } else if (token_is_refused(heard)) {
    findings.push_back(unknown("slurmctld", "It is not told apart from a token that is refused.",
                               "Mend the token first."));
    findings.push_back(
        wrong("token",
              fmt::format("A token of user \"{}\" is refused: {}. That came within {} ms, as a "
                          "slurmctld that is gone does not.",
                          site.token_user, what_came(heard.diagnosis), heard.diagnosis.took.ms),
              "Compare key_file with the cluster's jwt_key (or key_id with the kid in its jwks), "
              "see that token_user exists there and that the clocks agree, and look into "
              "slurmctld's log."));
  } else {
    findings.push_back(
        wrong("slurmctld",
              fmt::format("slurmctld does not answer: {}, after {} ms.", what_came(heard.diagnosis),
                          heard.diagnosis.took.ms),
              "Start slurmctld, or see that slurmrestd's machine reaches it (scontrol ping)."));
    findings.push_back(
        unknown("token", "It is slurmctld that takes tokens.", "Mend slurmctld first."));
  }
}

Finding judge_clock(const HeardAtSite& heard) {
  if (!controller_answers(heard)) {
    return unknown("clock", "Nothing told the cluster's time.", "Mend what is wrong above first.");
  }
  const Duration ahead = heard.diagnosis.reply->cluster_time - heard.our_time;
  const Duration apart = ahead.ms < 0 ? milliseconds(-ahead.ms) : ahead;
  if (apart <= skew_max) {
    return well("clock", fmt::format("The cluster's clock and ours are at most {} s apart.",
                                     apart.ms / 1000 + 1));
  }
  return wrong("clock",
               fmt::format("The cluster's clock is {} s {} ours.", apart.ms / 1000,
                           ahead.ms < 0 ? "behind" : "ahead of"),
               "Let both machines take their time from the same servers (chronyc tracking): tokens "
               "and the times of jobs depend on it.");
}

const SeenCluster* cluster_named(const HeardAtSite& heard, const std::string& name) {
  const auto& clusters = heard.clusters.reply->clusters;
  const auto found = std::ranges::find(clusters, name, &SeenCluster::name);
  return found == clusters.end() ? nullptr : &*found;
}

Finding judge_cluster_of_database(const CheckedSite& site, const HeardAtSite& heard) {
  std::set<std::string> names;
  for (const SeenCluster& one : heard.clusters.reply->clusters) names.insert(one.name);
  const SeenCluster* const found = cluster_named(heard, site.cluster);
  if (found == nullptr) {
    return wrong(
        "cluster",
        fmt::format("slurmdbd knows no cluster \"{}\", but {}.", site.cluster, listed(names)),
        "Correct cluster in [[slurm]]: it is ClusterName in the cluster's slurm.conf.");
  }
  const auto nodes = sbatch::parse_hostlist(found->nodes);
  const std::uint64_t there = nodes ? sbatch::hosts_in(*nodes) : 0;
  if (names.size() == 1 || (heard.nodes.reply && there == heard.nodes.reply->nodes.size())) {
    return well("cluster",
                fmt::format("slurmdbd knows \"{}\", with {} nodes.", site.cluster, there));
  }
  return unknown(
      "cluster",
      fmt::format("slurmdbd knows \"{}\", but with {} nodes, and slurmctld shows another "
                  "number. It may be another cluster.",
                  site.cluster, there),
      "Compare cluster in [[slurm]] with ClusterName (scontrol show config).");
}

Finding judge_cluster(const CheckedSite& site, const HeardAtSite& heard) {
  const std::string told = heard.diagnosis.reply ? heard.diagnosis.reply->head.cluster : "";
  if (site.cluster.empty()) {
    return unknown("cluster", "The settings do not name the cluster.",
                   fmt::format("Write cluster = \"{}\" into [[slurm]].",
                               told.empty() ? "its ClusterName" : told));
  }
  if (told == site.cluster) return well("cluster", fmt::format("It calls itself \"{}\".", told));
  if (!told.empty()) {
    return wrong(
        "cluster",
        fmt::format("It calls itself \"{}\", but the settings say \"{}\".", told, site.cluster),
        "Correct cluster in [[slurm]], or url if it is the wrong cluster.");
  }
  if (heard.clusters.reply && !heard.clusters.reply->clusters.empty()) {
    return judge_cluster_of_database(site, heard);
  }
  return unknown("cluster", "Neither this slurmctld nor a slurmdbd tells its ClusterName.",
                 "Compare cluster in [[slurm]] with ClusterName (scontrol show config).");
}

/// What the nodes of one partition have.
struct PartitionSize {
  std::uint32_t nodes = 0;
  std::uint32_t fitting = 0;  // those with all that the registry says of a node
  std::uint32_t usable = 0;
  std::uint32_t cpus = 0;  // the most of any node
  std::uint32_t gpus = 0;
  std::uint64_t memory_mib = 0;
};

PartitionSize size_of(const CheckedPartition& partition, std::span<const SeenNode> nodes) {
  PartitionSize size;
  for (const SeenNode& node : nodes) {
    if (std::ranges::find(node.partitions, partition.partition) == node.partitions.end()) continue;
    const std::uint32_t gpus = gpus_in(node.gres, partition.gpu_kind);
    ++size.nodes;
    size.usable += node.usable ? 1U : 0U;
    size.cpus = std::max(size.cpus, node.cpus);
    size.gpus = std::max(size.gpus, gpus);
    size.memory_mib = std::max(size.memory_mib, node.memory_mib);
    const bool fits = node.cpus >= partition.cores_per_node && gpus >= partition.gpus_per_node &&
                      node.memory_mib >= partition.memory_mib_per_node;
    size.fitting += fits ? 1U : 0U;
  }
  return size;
}

std::string node_text(std::uint32_t gpus, const std::string& kind, std::uint32_t cpus,
                      std::uint64_t memory_mib) {
  return fmt::format("{} GPUs{}{}, {} CPUs and {} MiB", gpus, kind.empty() ? "" : " of type ", kind,
                     cpus, memory_mib);
}

Finding judge_size(const CheckedPartition& partition, const HeardAtSite& heard, std::string what) {
  if (!heard.nodes.reply || heard.nodes.reply->nodes.empty()) {
    return unknown(
        std::move(what),
        fmt::format("The partition is up. Its nodes are not known: {}.", what_came(heard.nodes)),
        "Check again.");
  }
  const PartitionSize size = size_of(partition, heard.nodes.reply->nodes);
  const std::string registered = node_text(partition.gpus_per_node, partition.gpu_kind,
                                           partition.cores_per_node, partition.memory_mib_per_node);
  if (size.fitting < partition.nodes || size.nodes == 0) {
    return wrong(
        std::move(what),
        fmt::format("Registered are {} nodes of {}. \"{}\" has {} nodes; {} of them have that. The "
                    "most that one has is {}.",
                    partition.nodes, registered, partition.partition, size.nodes, size.fitting,
                    node_text(size.gpus, partition.gpu_kind, size.cpus, size.memory_mib)),
        fmt::format("Correct the size of {} in the settings or the data files, or name another "
                    "partition of the cluster.",
                    partition.slug));
  }
  if (size.usable == 0) {
    return wrong(
        std::move(what),
        fmt::format("All {} nodes of \"{}\" are down or drained.", size.nodes, partition.partition),
        "Look at them (sinfo -R) and resume them; until then drain the site here.");
  }
  return well(std::move(what),
              fmt::format("\"{}\" is up; {} of its {} nodes have {} or more, {} can be used now.",
                          partition.partition, size.fitting, size.nodes, registered, size.usable));
}

Finding judge_partition(const CheckedPartition& partition, const HeardAtSite& heard) {
  std::string what = "partition " + partition.slug;
  if (partition.partition.empty()) {
    return unknown(std::move(what), "The settings do not say which of the cluster's it is.",
                   fmt::format("Write a [[slurm.partition]] with slug = \"{}\" and Slurm's name as "
                               "partition; its jobs go to the cluster's default one until then.",
                               partition.slug));
  }
  if (!heard.partitions.reply || heard.partitions.reply->partitions.empty()) {
    return unknown(
        std::move(what),
        fmt::format("The cluster's partitions are not known: {}.", what_came(heard.partitions)),
        "Mend what is wrong above first.");
  }
  const auto& all = heard.partitions.reply->partitions;
  const auto found = std::ranges::find(all, partition.partition, &SeenPartition::name);
  if (found == all.end()) {
    std::set<std::string> names;
    for (const SeenPartition& one : all) names.insert(one.name);
    return wrong(std::move(what),
                 fmt::format("The cluster has no partition \"{}\", but {}.", partition.partition,
                             listed(names)),
                 fmt::format("Correct partition of slug \"{}\" in [[slurm.partition]]. One that is "
                             "hidden from \"token_user\" is not shown.",
                             partition.slug));
  }
  if (!found->up) {
    return wrong(std::move(what), fmt::format("\"{}\" is not up.", partition.partition),
                 fmt::format("scontrol update PartitionName={} State=UP; until then drain the site "
                             "here.",
                             partition.partition));
  }
  return judge_size(partition, heard, std::move(what));
}

Finding judge_user(const CheckedSite& site, const HeardAtSite& heard) {
  if (site.user.empty()) {
    return unknown("user", "The settings do not say whom the jobs belong to.",
                   "Write user into [[slurm]].");
  }
  if (!controller_answers(heard)) {
    return unknown("user", fmt::format("Nothing was asked in the name of \"{}\".", site.user),
                   "Mend what is wrong above first.");
  }
  const std::string& whose = site.own_tokens ? site.user : site.token_user;
  if (heard.as_user.reply && heard.as_user.reply->cluster_time != Time{}) {
    return well("user",
                fmt::format("Tokens of \"{}\" may ask in the name of \"{}\". Only a job would show "
                            "whether the nodes know that user.",
                            whose, site.user));
  }
  return wrong("user",
               fmt::format("A token of \"{}\" may not ask in the name of \"{}\": {}.", whose,
                           site.user, what_came(heard.as_user)),
               "Let token_user be Slurm's own user (SlurmUser) or root, or write own_tokens = true "
               "into [[slurm]].");
}

/// Why slurmdbd did not answer, and what to do; none where it did.
std::optional<Finding> judge_database(const Heard<Associations>& asked) {
  if (asked.reply && has_error(asked.reply->head, error_without_database)) {
    return wrong("slurmdbd", "slurmrestd does not reach slurmdbd.",
                 "Start slurmdbd. Jobs go on without it, but how those that slurmctld forgot have "
                 "ended is not known until then.");
  }
  if (asked.reply && has_error(asked.reply->head, error_of_authentication)) {
    return wrong("slurmdbd", "slurmdbd refuses our token.",
                 "Give slurmdbd.conf the AuthAltTypes and AuthAltParameters of slurm.conf, and see "
                 "that our key is the cluster's.");
  }
  if (asked.status == 404) {
    return wrong("slurmdbd", "slurmrestd has nothing for slurmdbd.",
                 "Start slurmrestd with its part for slurmdbd too (as -s "
                 "openapi/v0.0.38,openapi/dbv0.0.38), or write accounting = false into [[slurm]].");
  }
  const bool empty = asked.reply && has_error(asked.reply->head, error_nothing_found);
  if (asked.reply && (empty || asked.reply->head.errors.empty())) return std::nullopt;
  return wrong("slurmdbd", fmt::format("slurmdbd does not answer: {}.", what_came(asked)),
               "Look into the logs of slurmrestd and slurmdbd.");
}

Finding judge_account(const CheckedSite& site, const Associations& known,
                      const std::string& account) {
  const std::string what = account.empty() ? "account" : "account " + account;
  std::set<std::string> accounts;
  for (const Association& one : known.associations) {
    const bool here = site.cluster.empty() || one.cluster == site.cluster;
    if (here && one.user == site.user) accounts.insert(one.account);
  }
  if (account.empty() && !accounts.empty()) {
    return well(what, fmt::format("Jobs are charged to the default account of \"{}\".", site.user));
  }
  if (accounts.contains(account)) {
    return well(what, fmt::format("slurmdbd knows \"{}\" with user \"{}\".", account, site.user));
  }
  const std::string wanted =
      account.empty() ? "any account" : fmt::format("account \"{}\"", account);
  return wrong(
      what,
      fmt::format("slurmdbd does not know user \"{}\" with {}; that user's accounts there: "
                  "{}.",
                  site.user, wanted, listed(accounts)),
      fmt::format("sacctmgr add user {} account={}{}{}, or correct user and account in "
                  "[[slurm]].",
                  site.user, account.empty() ? "ACCOUNT" : account,
                  site.cluster.empty() ? "" : " cluster=", site.cluster));
}

std::string mend_for(const CheckedSite& site, const CheckedAccount& account) {
  switch (account.standing) {
    case jobs::AccountStanding::altered:
      return "Its jobs wait. fabrica site check --mend gives back what was taken; change it back "
             "there, and it is seen within ten minutes.";
    case jobs::AccountStanding::wanted:
      return fmt::format(
          "It is told again until it is so. See that user \"{}\" is known to slurmdbd (sacctmgr "
          "show user), that the parent account is there, and that token_user may change accounts.",
          site.user);
    case jobs::AccountStanding::kept:
    case jobs::AccountStanding::idle:
      break;
  }
  return "Somebody changed it since it was last looked at. What allows more is taken back within "
         "ten minutes.";
}

std::optional<Finding> judge_others(const CheckedSite& site, const CheckedAccount& account,
                                    const SeenAccount* seen) {
  const std::string others = others_in(seen);
  if (others.empty()) return std::nullopt;
  return wrong("users of account " + account.words.name,
               fmt::format("{}: {}.", account.words.description, others),
               fmt::format("sacctmgr delete user {} account={}{}{}, or let them stay: fabrica site "
                           "reconcile shows their jobs.",
                           fmt::join(seen->others, ","), account.words.name,
                           site.cluster.empty() ? "" : " cluster=", site.cluster));
}

// The accounts of awards, as they are there now.
void judge_kept_accounts(const CheckedSite& site, const HeardAtSite& heard,
                         std::vector<Finding>& findings) {
  const std::vector<SeenAccount> there =
      accounts_of(*heard.associations.reply, site.cluster, site.user);
  std::size_t fitting = 0;
  for (const CheckedAccount& account : site.accounts) {
    const auto found = std::ranges::find(there, account.words.name, &SeenAccount::name);
    const SeenAccount* const seen = found == there.end() ? nullptr : &*found;
    if (auto others = judge_others(site, account, seen)) findings.push_back(*std::move(others));
    const auto differs = difference(account.words, seen);
    fitting += differs ? 0U : 1U;
    if (!differs) continue;
    const bool told = account.trouble.empty() || account.trouble == differs->text;
    const std::string reason = told ? "" : " (" + account.trouble + ")";
    findings.push_back(
        wrong("account " + account.words.name,
              fmt::format("{}: {}{}.", account.words.description, differs->text, reason),
              mend_for(site, account)));
  }
  findings.push_back(
      well("accounts", fmt::format("{} of {} accounts of awards are as they should be.", fitting,
                                   site.accounts.size())));
}

void judge_accounting(const CheckedSite& site, const HeardAtSite& heard,
                      std::vector<Finding>& findings) {
  if (!site.accounting) {
    findings.push_back(well("slurmdbd", "Not asked: accounting = false in the settings."));
    return;
  }
  if (auto trouble = judge_database(heard.associations)) {
    findings.push_back(*std::move(trouble));
    return;
  }
  findings.push_back(well("slurmdbd", "slurmdbd answers."));
  if (site.keeps_accounts) return judge_kept_accounts(site, heard, findings);
  std::set<std::string> accounts;
  for (const CheckedPartition& one : site.partitions) accounts.insert(one.account);
  for (const std::string& account : accounts) {
    findings.push_back(judge_account(site, *heard.associations.reply, account));
  }
}

}  // namespace

std::vector<Finding> judge_site(const CheckedSite& site, const HeardAtSite& heard) {
  if (auto trouble = judge_way_there(site, heard)) return {*std::move(trouble)};
  std::vector<Finding> findings;
  findings.push_back(well("connection", fmt::format("slurmrestd answers at {}.", site.url)));
  const std::string release = heard.diagnosis.reply ? heard.diagnosis.reply->head.release : "";
  findings.push_back(
      well("version", fmt::format("{} is spoken with it{}{}.", to_string(*heard.version),
                                  release.empty() ? "" : "; it is of Slurm ", release)));
  judge_controller_and_token(site, heard, findings);
  findings.push_back(judge_clock(heard));
  findings.push_back(judge_user(site, heard));
  findings.push_back(judge_cluster(site, heard));
  for (const CheckedPartition& one : site.partitions) {
    findings.push_back(judge_partition(one, heard));
  }
  judge_accounting(site, heard, findings);
  return findings;
}

}  // namespace fabrica::sites::slurm
