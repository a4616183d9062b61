#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/consortium.h"
#include "config/nearest.h"

namespace fabrica::config {

namespace {

/// Slugs of one kind of thing, and where each is.
using Slugs = std::map<std::string_view, std::string_view, std::less<>>;

std::vector<std::string_view> names_of(const Slugs& slugs) {
  std::vector<std::string_view> names;
  for (const auto& [slug, at] : slugs) names.push_back(slug);
  return names;
}

std::unexpected<Refusal> wrong(std::string_view at, std::string_view field, std::string text) {
  return refuse(refusal::invalid, std::string(field),
                at.empty() ? std::move(text) : fmt::format("{}: {}", at, text));
}

template <class Entries, class SlugOf>
Result<Slugs> slugs_of(std::string_view kind, const Entries& entries, SlugOf slug_of) {
  Slugs slugs;
  for (const auto& entry : entries) {
    const std::string_view slug = slug_of(entry);
    const auto [known, is_new] = slugs.emplace(slug, entry.at);
    if (is_new) continue;
    const std::string first = known->second.empty() ? "" : fmt::format(" at {}", known->second);
    return wrong(
        entry.at, slug,
        fmt::format("The {} \"{}\" is there already{}; keep one of them.", kind, slug, first));
  }
  return slugs;
}

/// A reference from one thing to another, of which `kind` says what it is.
Result<void> need(const Slugs& slugs, std::string_view kind, std::string_view slug,
                  std::string_view at, std::string_view from) {
  if (slugs.contains(slug)) return {};
  return wrong(at, from,
               fmt::format("{} names the {} \"{}\", which is not there.{}", from, kind, slug,
                           hint(slug, names_of(slugs))));
}

/// Everything by its slug.
struct Index {
  Slugs sources;
  Slugs countries;
  Slugs gpu_kinds;
  Slugs sites;
  Slugs systems;
};

Result<Index> index_of(const Consortium& consortium) {
  Index index;
  TRY(index.sources, slugs_of("source", consortium.sources,
                              [](const Source& one) -> std::string_view { return one.key; }));
  TRY(index.countries,
      slugs_of("country", consortium.countries,
               [](const CountryEntry& one) -> std::string_view { return one.country.code; }));
  TRY(index.gpu_kinds, slugs_of("GPU kind", consortium.gpu_kinds,
                                [](const GpuKind& one) -> std::string_view { return one.slug; }));
  TRY(index.sites, slugs_of("site", consortium.sites, [](const SiteEntry& one) -> std::string_view {
        return one.site.slug;
      }));
  TRY(index.systems,
      slugs_of("system", consortium.systems,
               [](const SystemEntry& one) -> std::string_view { return one.system.slug; }));
  TRY_DONE(
      slugs_of("partition", consortium.partitions,
               [](const PartitionEntry& one) -> std::string_view { return one.partition.slug; }));
  TRY_DONE(slugs_of("country group", consortium.country_groups,
                    [](const CountryGroup& one) -> std::string_view { return one.slug; }));
  return index;
}

Result<void> need_sources(const Slugs& sources, std::string_view keys, std::string_view at,
                          std::string_view what) {
  while (!keys.empty()) {
    const std::string_view key = keys.substr(0, keys.find(' '));
    keys.remove_prefix(std::min(keys.size(), key.size() + 1));
    TRY_DONE(need(sources, "source", key, at, what));
  }
  return {};
}

std::string named(std::string_view kind, std::string_view slug) {
  return fmt::format("{} \"{}\"", kind, slug);
}

Result<void> check_one(const Index& index, const CountryEntry& entry) {
  return need_sources(index.sources, entry.country.source, entry.at,
                      named("Country", entry.country.code));
}

Result<void> check_one(const Index& index, const GpuKind& kind) {
  return need_sources(index.sources, kind.source, kind.at, named("GPU kind", kind.slug));
}

Result<void> check_one(const Index& index, const SiteEntry& entry) {
  const std::string self = named("Site", entry.site.slug);
  if (!entry.site.country.empty()) {
    TRY_DONE(need(index.countries, "country", entry.site.country, entry.at, self));
  }
  for (const std::string& partner : entry.site.partners) {
    TRY_DONE(need(index.countries, "country", partner, entry.at, self));
  }
  return need_sources(index.sources, entry.site.source, entry.at, self);
}

Result<void> check_one(const Index& index, const SystemEntry& entry) {
  const std::string self = named("System", entry.system.slug);
  TRY_DONE(need(index.sites, "site", entry.site, entry.at, self));
  return need_sources(index.sources, entry.system.source, entry.at, self);
}

Result<void> check_one(const Index& index, const PartitionEntry& entry) {
  const std::string self = named("Partition", entry.partition.slug);
  TRY_DONE(need(index.systems, "system", entry.system, entry.at, self));
  if (!entry.partition.gpu_kind.empty()) {
    TRY_DONE(need(index.gpu_kinds, "GPU kind", entry.partition.gpu_kind, entry.at, self));
  }
  return need_sources(index.sources, entry.partition.source, entry.at, self);
}

Result<void> check_one(const Index& index, const CountryGroup& group) {
  const std::string self = named("Country group", group.slug);
  for (const std::string& code : group.countries) {
    const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
    if (code.size() == 2 && std::ranges::all_of(code, is_capital)) continue;
    return wrong(
        group.at, self,
        fmt::format("{} names \"{}\"; a country's code has the two capital letters of ISO 3166.",
                    self, code));
  }
  return need_sources(index.sources, group.source, group.at, self);
}

template <class Entries>
Result<void> check_all(const Index& index, const Entries& entries) {
  for (const auto& entry : entries) TRY_DONE(check_one(index, entry));
  return {};
}

}  // namespace

Result<void> check(const Consortium& consortium) {
  TRY(const Index index, index_of(consortium));
  TRY_DONE(check_all(index, consortium.countries));
  TRY_DONE(check_all(index, consortium.gpu_kinds));
  TRY_DONE(check_all(index, consortium.sites));
  TRY_DONE(check_all(index, consortium.systems));
  TRY_DONE(check_all(index, consortium.partitions));
  return check_all(index, consortium.country_groups);
}

Result<void> check_sources(const Consortium& consortium, std::string_view keys, std::string_view at,
                           std::string_view what) {
  Slugs sources;
  for (const Source& source : consortium.sources) sources.emplace(source.key, source.at);
  return need_sources(sources, keys, at, what);
}

Result<void> connect(Consortium& consortium, std::string_view site,
                     federation::Connection connection) {
  std::vector<std::string_view> names;
  for (SiteEntry& entry : consortium.sites) {
    names.push_back(entry.site.slug);
    if (entry.site.slug != site) continue;
    entry.site.connection = connection;
    return {};
  }
  return refuse(refusal::not_found, "site",
                fmt::format("There is no site \"{}\".{}", site, hint(site, names)));
}

}  // namespace fabrica::config
