#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/amount.h"
#include "base/describe.h"
#include "federation/types.h"

/// The tables of consortium/*.toml and country-groups.toml as they are written. What is optional
/// here may be absent, which means unknown; the rest is required.
namespace fabrica::config::rows {

struct Source {
  std::string key;
  std::string date;
  std::string date_is;
  std::string text;
};
FABRICA_DESCRIBE(Source, key, date, date_is, text)

struct Country {
  std::string code;
  std::string name;
  federation::CountryRole role = federation::CountryRole::member_state;
  std::optional<std::string> source;
};
FABRICA_DESCRIBE(Country, code, name, role, source)

struct GpuKind {
  std::string id;
  std::string vendor;
  std::string model;
  std::optional<std::uint32_t> memory_gib;
  std::optional<std::string> source;
  std::optional<std::string> date;
};
FABRICA_DESCRIBE(GpuKind, id, vendor, model, memory_gib, source, date)

struct Site {
  std::string id;
  std::string name;
  std::optional<std::string> host;
  std::optional<std::string> place;
  std::optional<std::string> country;
  std::vector<std::string> partners;
  std::optional<std::string> factory_kind;
  std::optional<bool> experimental_platform;
  std::optional<std::string> source;
  std::optional<std::string> date;
  std::optional<std::string> notes;
};
FABRICA_DESCRIBE(Site, id, name, host, place, country, partners, factory_kind,
                 experimental_platform, source, date, notes)

struct System {
  std::string id;
  std::string name;
  std::string site;
  std::optional<std::string> status;
  std::optional<std::string> source;
  std::optional<std::string> date;
  std::optional<std::string> notes;
};
FABRICA_DESCRIBE(System, id, name, site, status, source, date, notes)

struct Partition {
  std::string id;
  std::string name;
  std::string system;
  Unit unit = Unit::gpu;
  std::optional<std::uint32_t> nodes;
  std::uint32_t gpus_per_node_billed = 0;
  std::uint32_t gpus_per_node_scheduled = 0;
  std::optional<std::string> gpu_kind;
  std::optional<std::uint32_t> cores_per_node;
  std::optional<std::uint32_t> memory_gib_per_node;
  std::optional<bool> whole_nodes;
  std::optional<std::uint32_t> time_limit_hours_max;
  std::optional<std::string> source;
  std::optional<std::string> date;
  std::optional<std::string> notes;
};
FABRICA_DESCRIBE(Partition, id, name, system, unit, nodes, gpus_per_node_billed,
                 gpus_per_node_scheduled, gpu_kind, cores_per_node, memory_gib_per_node,
                 whole_nodes, time_limit_hours_max, source, date, notes)

struct ConsortiumFile {
  std::vector<Source> source;
  std::vector<Country> country;
  std::vector<GpuKind> gpu_kind;
  std::vector<Site> site;
  std::vector<System> system;
  std::vector<Partition> partition;
};
FABRICA_DESCRIBE(ConsortiumFile, source, country, gpu_kind, site, system, partition)

struct CountryGroup {
  std::string id;
  std::string name;
  bool complete = true;
  std::vector<std::string> countries;
  std::optional<std::string> source;
};
FABRICA_DESCRIBE(CountryGroup, id, name, complete, countries, source)

struct CountryGroupsFile {
  std::vector<CountryGroup> group;
};
FABRICA_DESCRIBE(CountryGroupsFile, group)

}  // namespace fabrica::config::rows
