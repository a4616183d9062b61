#include <fmt/core.h>

#include <map>
#include <string>
#include <utility>

#include "base/check.h"
#include "config/consortium.h"

namespace fabrica::config {

namespace {

/// Sends commands and says, when one is refused, which line of which file it came from.
class Registration {
 public:
  explicit Registration(const Execute& execute) : execute_(execute) {}

  Result<void> send(federation::Command command, std::string_view at, std::string_view kind,
                    std::string_view slug) {
    Result<Reply> reply = execute_(Command{std::move(command)});
    if (reply) return {};
    Refusal refusal = std::move(reply).error();
    refusal.text =
        fmt::format("{}{}{} \"{}\": {}", at, at.empty() ? "" : ": ", kind, slug, refusal.text);
    return std::unexpected(std::move(refusal));
  }

 private:
  const Execute& execute_;
};

// `of` takes from State what maps slugs to ids.
template <class Id>
std::map<std::string, Id> look_up(const Look& look,
                                  std::map<std::string, Id> federation::State::* of) {
  std::map<std::string, Id> ids;
  look([&](const State& state) { ids = state.federation.*of; });
  return ids;
}

template <class Id>
Id id_of(const std::map<std::string, Id>& ids, const std::string& slug) {
  const auto found = ids.find(slug);
  CHECK(found != ids.end(), "what was registered before has an id");
  return found->second;
}

Seq last_event(const Look& look) {
  Seq last;
  look([&](const State& state) { last = state.last; });
  return last;
}

Result<void> load_systems(const Consortium& consortium, Registration& registration,
                          const Look& look) {
  const auto sites = look_up(look, &federation::State::site_by_slug);
  for (const SystemEntry& entry : consortium.systems) {
    federation::System system = entry.system;
    system.site = id_of(sites, entry.site);
    TRY_DONE(registration.send(federation::RegisterSystem{std::move(system)}, entry.at, "System",
                               entry.system.slug));
  }
  return {};
}

Result<void> load_partitions(const Consortium& consortium, Registration& registration,
                             const Look& look) {
  const auto sites = look_up(look, &federation::State::site_by_slug);
  const auto systems = look_up(look, &federation::State::system_by_slug);
  std::map<std::string_view, std::string_view> site_of_system;
  for (const SystemEntry& entry : consortium.systems)
    site_of_system.emplace(entry.system.slug, entry.site);
  for (const PartitionEntry& entry : consortium.partitions) {
    federation::Partition partition = entry.partition;
    partition.system = id_of(systems, entry.system);
    partition.site = id_of(sites, std::string(site_of_system.at(entry.system)));
    TRY_DONE(registration.send(federation::RegisterPartition{std::move(partition)}, entry.at,
                               "Partition", entry.partition.slug));
  }
  return {};
}

}  // namespace

Result<LoadCounts> load(const Consortium& consortium, const Execute& execute, const Look& look) {
  TRY_DONE(check(consortium));
  const Seq before = last_event(look);
  Registration registration(execute);
  for (const CountryEntry& entry : consortium.countries) {
    TRY_DONE(registration.send(federation::RegisterCountry{entry.country}, entry.at, "Country",
                               entry.country.code));
  }
  for (const SiteEntry& entry : consortium.sites) {
    TRY_DONE(
        registration.send(federation::RegisterSite{entry.site}, entry.at, "Site", entry.site.slug));
  }
  TRY_DONE(load_systems(consortium, registration, look));
  TRY_DONE(load_partitions(consortium, registration, look));
  return LoadCounts{consortium.countries.size(), consortium.sites.size(), consortium.systems.size(),
                    consortium.partitions.size(), last_event(look).value - before.value};
}

}  // namespace fabrica::config
