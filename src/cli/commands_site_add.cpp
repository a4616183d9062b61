#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/commands.h"
#include "cli/words.h"
#include "config/settings.h"
#include "json/write.h"
#include "sites/slurm/check_asks.h"
#include "sites/slurm/propose.h"

/// `fabrica site add`: looks at a Slurm cluster from here, and writes the settings with which a
/// server works with it. It asks no server, because none knows the cluster yet.
namespace fabrica::cli {

namespace {

namespace fs = std::filesystem;
namespace slurm = sites::slurm;

using federation::Finding;
using federation::FindingKind;

slurm::RestOptions way_to(const AddSiteOptions& options) {
  slurm::RestOptions way;
  way.url = options.url;
  way.ca_file = options.ca_file;
  way.cluster_name = options.cluster;
  way.key_kind = options.key_id.empty() ? slurm::KeyKind::hs256 : slurm::KeyKind::rs256;
  way.key_file = fs::absolute(options.key_file);
  way.key_id = options.key_id;
  way.token_user = options.token_user;
  return way;
}

slurm::CheckedSite site_of(const AddSiteOptions& options) {
  slurm::CheckedSite site;
  site.url = options.url;
  site.cluster = options.cluster;
  site.user = options.user;
  site.token_user = options.token_user;
  site.keeps_accounts = options.provision;
  return site;
}

slurm::CheckedPartition checked_of(const slurm::ProposedPartition& proposed,
                                   const AddSiteOptions& options) {
  return {.slug = proposed.slug,
          .partition = proposed.partition,
          .account = options.account,
          .gpu_kind = proposed.gpu_type,
          .nodes = proposed.nodes,
          .gpus_per_node = proposed.gpus_per_node,
          .cores_per_node = proposed.cores_per_node,
          .memory_mib_per_node = proposed.memory_gib_per_node * 1024};
}

// A TOML string; JSON's escapes are TOML's too.
std::string text_line(std::string_view key, const std::string& value) {
  return value.empty() ? "" : fmt::format("{} = {}\n", key, json::to_json(value));
}

std::string partition_toml(const slurm::ProposedPartition& one) {
  std::string text = "\n[[slurm.partition]]\n";
  text += text_line("slug", one.slug) + text_line("partition", one.partition);
  text += text_line("gpu_type", one.gpu_type);
  text +=
      fmt::format("unit = \"{}\"  # what it is billed in: gpu, node or core\n", name_of(one.unit));
  text += fmt::format("nodes = {}\ngpus_per_node = {}\ncores_per_node = {}\n", one.nodes,
                      one.gpus_per_node, one.cores_per_node);
  text += fmt::format("memory_gib_per_node = {}\n", one.memory_gib_per_node);
  return text + (one.remark.empty() ? "" : fmt::format("# {}\n", one.remark));
}

std::string settings_toml(const AddSiteOptions& options,
                          const std::vector<slurm::ProposedPartition>& partitions) {
  std::string text = "[[slurm]]\n";
  text += text_line("site", options.site) + text_line("name", options.name);
  text += text_line("url", options.url) + text_line("ca_file", options.ca_file);
  text += text_line("cluster", options.cluster);
  if (!options.key_id.empty()) text += text_line("token_kind", "rs256");
  text += text_line("key_file", fs::absolute(options.key_file).string());
  text += text_line("key_id", options.key_id);
  if (options.token_user != "slurm") text += text_line("token_user", options.token_user);
  text += text_line("user", options.user) + text_line("account", options.account);
  if (options.provision) text += "provision = true\n";
  for (const slurm::ProposedPartition& one : partitions) text += partition_toml(one);
  return text;
}

std::string site_finding_line(const Finding& finding, bool colour) {
  const Paint paint = finding.verdict == FindingKind::well    ? Paint::green
                      : finding.verdict == FindingKind::wrong ? Paint::red
                                                              : Paint::yellow;
  std::string text = fmt::format(
      "{} {}: {}", painted(colour, paint, fmt::format("{:<7}", name_of(finding.verdict))),
      printable(finding.what), printable(finding.text));
  if (!finding.mend.empty()) text += fmt::format("\n        mend: {}", printable(finding.mend));
  return text;
}

// Appends to the file what a server can then read as a whole; the file is changed in one step.
Outcome<void> append_to(const fs::path& file, const std::string& piece) {
  std::ostringstream before;
  if (std::ifstream in(file); in) before << in.rdbuf();
  const std::string text = before.str() + (before.str().empty() ? "" : "\n") + piece;
  if (const auto settings = config::parse_settings(file.string(), text); !settings) {
    return usage_failure(
        fmt::format("{} would not be good settings: {}", file.string(), settings.error().text),
        "Correct the file, or leave out --write and add the lines yourself.");
  }
  const fs::path fresh = file.string() + ".new";
  std::error_code error;
  {
    std::ofstream out(fresh, std::ios::trunc);
    out << text;
    out.flush();
    if (!out) error = std::make_error_code(std::errc::io_error);
  }
  if (!error) fs::rename(fresh, file, error);
  if (!error) return {};
  return usage_failure(fmt::format("{} cannot be written: {}.", file.string(), error.message()),
                       "Name a file that you may write.");
}

}  // namespace

Outcome<int> add_site(Session& session, const AddSiteOptions& options) {
  slurm::CheckedSite site = site_of(options);
  const slurm::HeardAtSite heard = slurm::SiteCheck(way_to(options)).hear(site);
  const std::vector<slurm::ProposedPartition> partitions =
      slurm::propose_partitions(options.site, heard);
  for (const slurm::ProposedPartition& one : partitions)
    site.partitions.push_back(checked_of(one, options));
  const std::string piece = settings_toml(options, partitions);
  bool wrong = partitions.empty();
  for (const Finding& finding : slurm::judge_site(site, heard)) {
    wrong = wrong || finding.verdict == FindingKind::wrong;
    session.terminal().note(site_finding_line(finding, session.terminal().colour_err));
  }
  if (wrong && !options.force) {
    session.terminal().note("Nothing is written. Mend what is wrong, or say --force.");
    return exit_code::failed;
  }
  if (options.write.empty()) {
    session.terminal().print(piece);
    return exit_code::ok;
  }
  TRY_DONE(append_to(options.write, piece));
  session.terminal().print(fmt::format(
      "{} has site {} now, with {} partitions. Look at what they are billed in, and start the "
      "server anew.\n",
      options.write, options.site, partitions.size()));
  return exit_code::ok;
}

}  // namespace fabrica::cli
