#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "cli/words.h"
#include "shims/commands.h"
#include "shims/fields.h"

/// sinfo: the partitions of the connected sites. How busy their nodes are is not known here.
namespace fabrica::shims {

namespace {

constexpr auto sinfo_options = std::to_array<OptionRow>({
    {"noheader", 'h'},
    {"format", 'o', Takes::value},
    {"Format", 'O', Takes::value},
    {"partition", 'p', Takes::value},
    {"clusters", 'M', Takes::value},
    {"all", 'a', Takes::ignored},
    {"long", 'l', Takes::ignored},
    {"exact", 'e', Takes::ignored},
    {"Node", 'N', Takes::ignored},
    {"responding", 'r', Takes::ignored},
    {"verbose", 'v', Takes::ignored},
    {"noconvert", '\0', Takes::ignored},
    {"federation", '\0', Takes::ignored},
    {"local", '\0', Takes::ignored},
    {"hide", '\0', Takes::ignored},
    {"summarize", 's', Takes::refused},
    {"nodes", 'n', Takes::refused},
    {"states", 't', Takes::refused},
    {"sort", 'S', Takes::ignored_value},
    {"iterate", 'i', Takes::refused},
    {"list-reasons", 'R', Takes::refused},
    {"dead", 'd', Takes::refused},
    {"reservation", 'T', Takes::refused},
});

PartitionRow partition_row(const json::Value& partition, const json::Value& site) {
  PartitionRow row;
  row.name = partition.get("slug").text();
  row.site = partition.get("site").text();
  row.up = !site.get("drained").as_bool().value_or(false);
  row.state = row.up ? "unk" : "drain";
  row.time_limit_max = milliseconds(cli::number_in(partition, "time_limit_max"));
  row.nodes = static_cast<std::uint32_t>(cli::number_in(partition, "nodes"));
  row.cpus_per_node = static_cast<std::uint32_t>(cli::number_in(partition, "cores_per_node"));
  row.gpus_per_node =
      static_cast<std::uint32_t>(cli::number_in(partition, "gpus_per_node_scheduled"));
  row.gpu_kind = partition.get("gpu_kind").text();
  row.memory_mib_per_node =
      static_cast<std::uint64_t>(cli::number_in(partition, "memory_mib_per_node"));
  return row;
}

Outcome<std::vector<PartitionRow>> partition_rows(Caller& caller, const Words& words) {
  TRY(const std::vector<std::string> wanted, caller.sites("sinfo", words));
  TRY(cli::Server* const server, caller.session().server());
  TRY(const std::vector<json::Value> sites, server->list({"v1", "sites"}));
  TRY(const std::vector<json::Value> partitions, server->list({"v1", "partitions"}));
  std::map<std::string, json::Value> connected;
  for (const json::Value& site : sites) {
    if (site.get("connection").text() != "none") connected.emplace(site.get("slug").text(), site);
  }
  std::vector<PartitionRow> rows;
  for (const json::Value& partition : partitions) {
    const auto site = connected.find(partition.get("site").text());
    if (site == connected.end() || !is_wanted(wanted, site->first) ||
        !is_wanted(words.list("partition"), partition.get("slug").text()))
      continue;
    rows.push_back(partition_row(partition, site->second));
  }
  return rows;
}

// Slurm's "%#P" is as wide as the longest name.
std::string usual_sinfo_form(const std::vector<PartitionRow>& rows) {
  std::size_t widest = 9;
  for (const PartitionRow& row : rows) widest = std::max(widest, row.name.size());
  return fmt::format("%{}P %.5a %.10l %.6D %.6t %N", widest);
}

Outcome<Format<PartitionRow>> sinfo_format(const Words& words,
                                           const std::vector<PartitionRow>& rows) {
  if (const auto names = words.value("Format"))
    return named_format("sinfo", sinfo_fields(), *names);
  const std::string variable = environment_text("SINFO_FORMAT");
  const std::string usual = variable.empty() ? usual_sinfo_form(rows) : variable;
  return percent_format("sinfo", sinfo_fields(), words.value("format").value_or(usual));
}

}  // namespace

Outcome<int> sinfo(Caller& caller, Arguments arguments) {
  TRY(const Words words, read_words("sinfo", sinfo_options, arguments));
  TRY(const std::vector<PartitionRow> rows, partition_rows(caller, words));
  TRY(const Format<PartitionRow> format, sinfo_format(words, rows));
  std::string text = words.has("noheader") ? std::string() : format.header() + "\n";
  for (const PartitionRow& row : rows) text += format.line_of(row) + "\n";
  say(text);
  return 0;
}

}  // namespace fabrica::shims
