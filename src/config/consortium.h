#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "federation/types.h"
#include "kernel/command.h"
#include "kernel/state.h"

/// What the data files say about the world, and its way into the log. Things name each other by
/// slug here; ids come from the engine. `at` is file and line, for messages; empty for what is in
/// no file.
namespace fabrica::config {

inline constexpr std::uint64_t mib_per_gib = 1'024;

struct Source {
  std::string key;
  std::string date;
  std::string date_is;  // "published" or "checked"
  std::string text;
  std::string at;
};

/// A model of GPU. Known to the files alone; partitions name it by slug.
struct GpuKind {
  std::string slug;
  std::string vendor;
  std::string model;
  std::uint32_t memory_gib = 0;
  std::string source;
  std::string date;
  std::string at;
};

struct CountryEntry {
  federation::Country country;
  std::string at;
};

struct SiteEntry {
  federation::Site site;
  std::string at;
};

/// `system.site` stays none: the site is named by slug.
struct SystemEntry {
  federation::System system;
  std::string site;
  std::string at;
};

/// `partition.system` and `partition.site` stay none: the system is named by slug, and has a site.
struct PartitionEntry {
  federation::Partition partition;
  std::string system;
  std::string at;
};

/// Countries that eligibility rules name together, by ISO 3166 code. Not `complete`: a country that
/// is not listed may belong to it all the same.
struct CountryGroup {
  std::string slug;
  std::string name;
  bool complete = true;
  std::vector<std::string> countries;
  std::string source;
  std::string at;
};

struct Consortium {
  std::vector<Source> sources;
  std::vector<CountryEntry> countries;
  std::vector<GpuKind> gpu_kinds;
  std::vector<SiteEntry> sites;
  std::vector<SystemEntry> systems;
  std::vector<PartitionEntry> partitions;
  std::vector<CountryGroup> country_groups;
};

/// Reads consortium/*.toml and country-groups.toml of a folder of data files, and checks them. Keys
/// that this version does not know are passed over; what is required, mistyped or refers to nothing
/// is refused with file, line and what to do.
Result<Consortium> read_consortium(const std::filesystem::path& data_files);

/// Refuses a slug that is there twice, and a reference to a country, site, system, GPU kind or
/// source that is not there. For a Consortium to which something was added; load() does it too.
Result<void> check(const Consortium& consortium);

/// Refused unless each source key of `keys` ("S1 S5") is known; `at` and `what` begin the message.
Result<void> check_sources(const Consortium& consortium, std::string_view keys, std::string_view at,
                           std::string_view what);

/// Sets how jobs reach a site, before load(). Refused when there is no such site.
Result<void> connect(Consortium& consortium, std::string_view site,
                     federation::Connection connection);

/// Runs one command as the system, and waits until it is durable or refused.
using Execute = std::function<Result<Reply>(Command)>;

/// Shows State to a function at once, between two commands.
using Look = std::function<void(const std::function<void(const State&)>&)>;

/// What was read, and the events that it took; none when all of it was known.
struct LoadCounts {
  std::size_t countries = 0;
  std::size_t sites = 0;
  std::size_t systems = 0;
  std::size_t partitions = 0;
  std::uint64_t events = 0;
};

/// Registers countries, sites, systems and partitions, in this order. The same facts again change
/// nothing; changed facts replace the old ones. Stops at the first refusal, what was registered
/// before it stays. Meant for the start, when nobody else writes: `events` counts all that came
/// meanwhile.
Result<LoadCounts> load(const Consortium& consortium, const Execute& execute, const Look& look);

}  // namespace fabrica::config
