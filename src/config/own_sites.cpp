#include "config/own_sites.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

#include "base/limits.h"

namespace fabrica::config {

namespace {

federation::System only_system(const std::string& slug, const std::string& name) {
  federation::System system;
  system.slug = slug;
  system.name = name;
  system.status = "operating";
  return system;
}

// "nvidia-h100-80gb-hbm3" for "NVIDIA H100 80GB HBM3".
std::string slug_of_model(std::string_view model) {
  std::string slug;
  for (const char c : model.substr(0, limits::name_bytes_max)) {
    const bool is_capital = c >= 'A' && c <= 'Z';
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || is_capital;
    if (is_word) {
      slug += is_capital ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!slug.empty() && slug.back() != '-') {
      slug += '-';
    }
  }
  if (slug.ends_with('-')) slug.pop_back();
  return slug;
}

// The kind that all GPUs are of, known to the consortium from then on; empty where they differ.
std::string only_gpu_kind(Consortium& consortium, const std::vector<std::string>& models) {
  if (models.empty() ||
      std::ranges::any_of(models, [&](const auto& one) { return one != models.front(); }))
    return "";
  const std::string slug = slug_of_model(models.front());
  if (slug.empty() ||
      std::ranges::find(consortium.gpu_kinds, slug, &GpuKind::slug) != consortium.gpu_kinds.end()) {
    return slug;
  }
  GpuKind kind;
  kind.slug = slug;
  kind.model = models.front();
  consortium.gpu_kinds.push_back(std::move(kind));
  return slug;
}

SiteEntry* find_site(Consortium& consortium, const std::string& slug) {
  const auto found = std::ranges::find(
      consortium.sites, slug,
      [](const SiteEntry& entry) -> const std::string& { return entry.site.slug; });
  return found == consortium.sites.end() ? nullptr : &*found;
}

// A new site of one system, both under one slug.
void add_site(Consortium& consortium, const std::string& slug, const std::string& name,
              federation::Connection connection) {
  federation::Site site;
  site.slug = slug;
  site.name = name.empty() ? slug : name;
  site.connection = connection;
  consortium.systems.push_back({only_system(slug, site.name), slug, ""});
  consortium.sites.push_back({std::move(site), ""});
}

template <class PartitionSettings>
federation::Partition partition_of(const PartitionSettings& settings) {
  federation::Partition partition;
  partition.slug = settings.slug;
  partition.name = settings.slug;
  partition.unit = settings.unit;
  partition.nodes = settings.nodes;
  partition.gpus_per_node_billed = settings.gpus_per_node;
  partition.gpus_per_node_scheduled = settings.gpus_per_node;
  partition.cores_per_node = settings.cores_per_node;
  partition.memory_mib_per_node = settings.memory_gib_per_node * mib_per_gib;
  partition.whole_nodes = settings.whole_nodes;
  return partition;
}

// Every partition that the settings speak of must be one of the site's.
Result<void> need_partitions(const Consortium& consortium, const SlurmSettings& settings) {
  for (const SlurmPartitionSettings& one : settings.partition) {
    const bool known = std::ranges::any_of(consortium.partitions, [&](const auto& entry) {
      if (entry.partition.slug != one.slug) return false;
      return std::ranges::any_of(consortium.systems, [&](const auto& system) {
        return system.system.slug == entry.system && system.site == settings.site;
      });
    });
    if (!known) {
      return refuse(refusal::not_found, "slurm.partition.slug",
                    fmt::format("Site \"{}\" has no partition \"{}\" in the data files.",
                                settings.site, one.slug));
    }
  }
  return {};
}

Result<void> need_some_partition(std::string_view kind, const std::string& site, bool some) {
  if (some) return {};
  return refuse(refusal::not_found, fmt::format("{}.site", kind),
                fmt::format("There is no site \"{}\" in the data files; correct the name, or "
                            "give the new site a [[{}.partition]].",
                            site, kind));
}

}  // namespace

void add_local_site(Consortium& consortium, const LocalSettings& settings,
                    const LocalMachine& machine) {
  if (!settings.enabled) return;
  federation::Site site;
  site.slug = settings.slug;
  site.name = settings.name;
  site.connection = federation::Connection::local;
  consortium.sites.push_back({std::move(site), ""});
  consortium.systems.push_back({only_system(settings.slug, settings.name), settings.slug, ""});

  federation::Partition partition;
  partition.slug = settings.slug + "-cpu";
  partition.name = settings.name + ", cores";
  partition.unit = Unit::core;
  partition.nodes = 1;
  partition.cores_per_node = settings.cores.value_or(machine.cores);
  partition.memory_mib_per_node = settings.memory_mib.value_or(machine.memory_mib);
  consortium.partitions.push_back({partition, settings.slug, ""});

  const auto gpus = settings.gpus.value_or(static_cast<std::uint32_t>(machine.gpu_models.size()));
  if (gpus == 0) return;
  partition.slug = settings.slug + "-gpu";
  partition.name = settings.name + ", GPUs";
  partition.unit = Unit::gpu;
  partition.gpus_per_node_billed = gpus;
  partition.gpus_per_node_scheduled = gpus;
  partition.gpu_kind = only_gpu_kind(consortium, machine.gpu_models);
  consortium.partitions.push_back({std::move(partition), settings.slug, ""});
}

Result<void> add_simulated_site(Consortium& consortium, const SimulatedSettings& settings) {
  if (SiteEntry* const known = find_site(consortium, settings.site)) {
    if (!settings.partition.empty()) {
      return refuse(
          refusal::conflict, "simulated.partition",
          fmt::format("Site \"{}\" has its partitions in the data files; leave out those of "
                      "[[simulated.partition]], or give the simulated site another name.",
                      settings.site));
    }
    known->site.connection = federation::Connection::simulated;
    return {};
  }
  TRY_DONE(need_some_partition("simulated", settings.site, !settings.partition.empty()));
  add_site(consortium, settings.site, settings.name, federation::Connection::simulated);
  for (const SimulatedPartitionSettings& one : settings.partition)
    consortium.partitions.push_back({partition_of(one), settings.site, ""});
  return {};
}

Result<void> add_slurm_site(Consortium& consortium, const SlurmSettings& settings) {
  if (SiteEntry* const known = find_site(consortium, settings.site)) {
    known->site.connection = federation::Connection::slurm;
    known->site.keeps_accounts = settings.provision;
    return need_partitions(consortium, settings);
  }
  TRY_DONE(need_some_partition("slurm", settings.site, !settings.partition.empty()));
  add_site(consortium, settings.site, settings.name, federation::Connection::slurm);
  consortium.sites.back().site.keeps_accounts = settings.provision;
  for (const SlurmPartitionSettings& one : settings.partition)
    consortium.partitions.push_back({partition_of(one), settings.site, ""});
  return {};
}

}  // namespace fabrica::config
