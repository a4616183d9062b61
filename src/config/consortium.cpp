#include "config/consortium.h"

#include <fmt/core.h>

#include <utility>

#include "base/time.h"
#include "config/consortium_rows.h"
#include "config/files.h"

namespace fabrica::config {

namespace {

template <class T>
T or_default(std::optional<T> value) {
  return std::move(value).value_or(T{});
}

Source entry_of(rows::Source row, std::string at) {
  return {std::move(row.key), std::move(row.date), std::move(row.date_is), std::move(row.text),
          std::move(at)};
}

CountryEntry entry_of(rows::Country row, std::string at) {
  return {{std::move(row.code), std::move(row.name), row.role, or_default(std::move(row.source))},
          std::move(at)};
}

GpuKind entry_of(rows::GpuKind row, std::string at) {
  return {std::move(row.id),
          std::move(row.vendor),
          std::move(row.model),
          or_default(row.memory_gib),
          or_default(std::move(row.source)),
          or_default(std::move(row.date)),
          std::move(at)};
}

SiteEntry entry_of(rows::Site row, std::string at) {
  federation::Site site;
  site.slug = std::move(row.id);
  site.name = std::move(row.name);
  site.host = or_default(std::move(row.host));
  site.place = or_default(std::move(row.place));
  site.country = or_default(std::move(row.country));
  site.partners = std::move(row.partners);
  site.factory_kind = or_default(std::move(row.factory_kind));
  site.experimental_platform = or_default(row.experimental_platform);
  site.source = or_default(std::move(row.source));
  site.date = or_default(std::move(row.date));
  site.notes = or_default(std::move(row.notes));
  return {std::move(site), std::move(at)};
}

SystemEntry entry_of(rows::System row, std::string at) {
  federation::System system;
  system.slug = std::move(row.id);
  system.name = std::move(row.name);
  system.status = or_default(std::move(row.status));
  system.source = or_default(std::move(row.source));
  system.date = or_default(std::move(row.date));
  system.notes = or_default(std::move(row.notes));
  return {std::move(system), std::move(row.site), std::move(at)};
}

PartitionEntry entry_of(rows::Partition row, std::string at) {
  federation::Partition partition;
  partition.slug = std::move(row.id);
  partition.name = std::move(row.name);
  partition.unit = row.unit;
  partition.nodes = or_default(row.nodes);
  partition.gpus_per_node_billed = row.gpus_per_node_billed;
  partition.gpus_per_node_scheduled = row.gpus_per_node_scheduled;
  partition.gpu_kind = or_default(std::move(row.gpu_kind));
  partition.cores_per_node = or_default(row.cores_per_node);
  partition.memory_mib_per_node = or_default(row.memory_gib_per_node) * mib_per_gib;
  partition.whole_nodes = or_default(row.whole_nodes);
  partition.time_limit_ms_max = hours(or_default(row.time_limit_hours_max)).ms;
  partition.source = or_default(std::move(row.source));
  partition.date = or_default(std::move(row.date));
  partition.notes = or_default(std::move(row.notes));
  return {std::move(partition), std::move(row.system), std::move(at)};
}

CountryGroup entry_of(rows::CountryGroup row, std::string at) {
  return {std::move(row.id),
          std::move(row.name),
          row.complete,
          std::move(row.countries),
          or_default(std::move(row.source)),
          std::move(at)};
}

template <class Row, class Entry>
void add(const TomlText& toml, std::string_view name, std::vector<Row> rows,
         std::vector<Entry>& entries) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    entries.push_back(entry_of(std::move(rows[i]), toml.at(fmt::format("/{}/{}", name, i))));
  }
}

Result<void> add_file(const std::filesystem::path& path, Consortium& consortium) {
  TRY(const TomlText toml, parse_file(path));
  TRY(rows::ConsortiumFile file,
      read_toml<rows::ConsortiumFile>(toml, json::Missing::refused, UnknownKeys::tolerated));
  add(toml, "source", std::move(file.source), consortium.sources);
  add(toml, "country", std::move(file.country), consortium.countries);
  add(toml, "gpu_kind", std::move(file.gpu_kind), consortium.gpu_kinds);
  add(toml, "site", std::move(file.site), consortium.sites);
  add(toml, "system", std::move(file.system), consortium.systems);
  add(toml, "partition", std::move(file.partition), consortium.partitions);
  return {};
}

Result<void> add_country_groups(const std::filesystem::path& path, Consortium& consortium) {
  TRY(const TomlText toml, parse_file(path));
  TRY(rows::CountryGroupsFile file,
      read_toml<rows::CountryGroupsFile>(toml, json::Missing::refused, UnknownKeys::tolerated));
  add(toml, "group", std::move(file.group), consortium.country_groups);
  return {};
}

}  // namespace

Result<Consortium> read_consortium(const std::filesystem::path& data_files) {
  Consortium consortium;
  TRY(const std::vector<std::filesystem::path> paths, toml_files(data_files / "consortium"));
  for (const std::filesystem::path& path : paths) TRY_DONE(add_file(path, consortium));
  TRY_DONE(add_country_groups(data_files / "country-groups.toml", consortium));
  TRY_DONE(check(consortium));
  return consortium;
}

}  // namespace fabrica::config
