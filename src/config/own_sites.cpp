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
  const auto known = std::ranges::find(
      consortium.sites, settings.site,
      [](const SiteEntry& entry) -> const std::string& { return entry.site.slug; });
  if (known != consortium.sites.end()) {
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
  if (settings.partition.empty()) {
    return refuse(
        refusal::not_found, "simulated.site",
        fmt::format(
            "There is no site \"{}\" in the data files; correct the name, or give the new site "
            "a [[simulated.partition]].",
            settings.site));
  }
  const std::string& name = settings.name.empty() ? settings.site : settings.name;
  federation::Site site;
  site.slug = settings.site;
  site.name = name;
  site.connection = federation::Connection::simulated;
  consortium.sites.push_back({std::move(site), ""});
  consortium.systems.push_back({only_system(settings.site, name), settings.site, ""});
  for (const SimulatedPartitionSettings& one : settings.partition) {
    federation::Partition partition;
    partition.slug = one.slug;
    partition.name = one.slug;
    partition.unit = one.unit;
    partition.nodes = one.nodes;
    partition.gpus_per_node_billed = one.gpus_per_node;
    partition.gpus_per_node_scheduled = one.gpus_per_node;
    partition.cores_per_node = one.cores_per_node;
    partition.memory_mib_per_node = one.memory_gib_per_node * mib_per_gib;
    partition.whole_nodes = one.whole_nodes;
    consortium.partitions.push_back({std::move(partition), settings.site, ""});
  }
  return {};
}

}  // namespace fabrica::config
