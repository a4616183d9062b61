#include "config/settings.h"

#include <fmt/core.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/limits.h"
#include "config/files.h"
#include "config/toml.h"
#include "policies/registry.h"

namespace fabrica::config {

namespace {

constexpr std::uint32_t threads_max = 16;
constexpr std::uint32_t slurm_connections_max = 64;
constexpr std::uint32_t silent_after_minutes_max = 24 * 60;
constexpr std::uint32_t cpus_per_core_max = 16;

/// Says no to values that cannot be, at their line.
class SettingsCheck {
 public:
  SettingsCheck(const TomlText& toml, const Settings& settings)
      : toml_(toml), settings_(settings) {}

  Result<void> all() const {
    const auto policies = policies::choose({settings_.placement, settings_.refund, settings_.move});
    if (!policies) return toml_.refuse_at("/" + policies.error().field, policies.error().text);
    TRY_DONE(check_listen());
    TRY_DONE(check_local());
    for (std::size_t i = 0; i < settings_.simulated.size(); ++i) TRY_DONE(check_simulated(i));
    for (std::size_t i = 0; i < settings_.slurm.size(); ++i) TRY_DONE(check_slurm(i));
    return {};
  }

 private:
  Result<void> check_listen() const {
    const ListenSettings& listen = settings_.listen;
    if (listen.address.empty() && listen.unix_socket.empty()) {
      return toml_.refuse_at("/listen/address",
                             "Give an address or a unix_socket: nobody could connect.");
    }
    if (settings_.tls.certificate.empty() != settings_.tls.key.empty()) {
      return toml_.refuse_at("/tls", "Give both certificate and key, or neither.");
    }
    return need_within("/listen/threads", listen.threads, 1, threads_max);
  }

  Result<void> check_local() const {
    const LocalSettings& local = settings_.local;
    TRY_DONE(need_slug("/local/slug", local.slug));
    if (local.name.empty()) return toml_.refuse_at("/local/name", "Give the site a name.");
    if (local.cores)
      TRY_DONE(need_within("/local/cores", *local.cores, 1, limits::cores_per_node_max));
    if (local.gpus) TRY_DONE(need_within("/local/gpus", *local.gpus, 0, limits::gpus_per_node_max));
    if (!local.memory_mib) return {};
    return need_within("/local/memory_mib", *local.memory_mib, 1, limits::memory_mib_per_node_max);
  }

  Result<void> check_simulated(std::size_t i) const {
    const SimulatedSettings& site = settings_.simulated[i];
    const std::string pointer = fmt::format("/simulated/{}", i);
    TRY_DONE(need_slug(pointer + "/site", site.site));
    if (settings_.local.enabled && site.site == settings_.local.slug) {
      return toml_.refuse_at(pointer + "/site", "Name another site: this is the local one.");
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (settings_.simulated[j].site != site.site) continue;
      return toml_.refuse_at(pointer + "/site", fmt::format("Name site \"{}\" once.", site.site));
    }
    for (std::size_t j = 0; j < site.partition.size(); ++j) {
      TRY_DONE(check_partition(fmt::format("{}/partition/{}", pointer, j), site.partition[j]));
    }
    return {};
  }

  Result<void> check_slurm(std::size_t i) const {
    const SlurmSettings& site = settings_.slurm[i];
    const std::string pointer = fmt::format("/slurm/{}", i);
    TRY_DONE(need_slug(pointer + "/site", site.site));
    const bool twice =
        (settings_.local.enabled && site.site == settings_.local.slug) ||
        std::ranges::any_of(settings_.simulated,
                            [&](const auto& other) { return other.site == site.site; }) ||
        std::ranges::count(settings_.slurm, site.site, &SlurmSettings::site) > 1;
    if (twice) {
      return toml_.refuse_at(pointer + "/site", fmt::format("Name site \"{}\" once.", site.site));
    }
    if (site.url.empty()) return toml_.refuse_at(pointer, "Give the url of the site's slurmrestd.");
    if (site.key_file.empty())
      return toml_.refuse_at(pointer, "Give the key_file that tokens are signed with.");
    if (site.user.empty()) return toml_.refuse_at(pointer, "Give the user whom jobs belong to.");
    if (site.provision && (!site.accounting || site.cluster.empty())) {
      return toml_.refuse_at(pointer + "/provision",
                             "Accounts are made in a slurmdbd, for one cluster of it: say "
                             "accounting = true, and the ClusterName as cluster.");
    }
    TRY_DONE(need_within(pointer + "/silent_after_minutes", site.silent_after_minutes, 1,
                         silent_after_minutes_max));
    TRY_DONE(need_within(pointer + "/connections", site.connections, 1, slurm_connections_max));
    for (std::size_t j = 0; j < site.partition.size(); ++j) {
      const std::string partition = fmt::format("{}/partition/{}", pointer, j);
      TRY_DONE(need_slug(partition + "/slug", site.partition[j].slug));
      TRY_DONE(need_within(partition + "/cpus_per_core", site.partition[j].cpus_per_core, 1,
                           cpus_per_core_max));
    }
    for (std::size_t j = 0; j < site.word.size(); ++j)
      TRY_DONE(check_word(fmt::format("{}/word/{}", pointer, j), site, site.word[j]));
    return {};
  }

  Result<void> check_word(const std::string& pointer, const SlurmSettings& site,
                          const SlurmWordSettings& word) const {
    if (word.word.empty()) return toml_.refuse_at(pointer, "Give the word that scripts use.");
    const bool known = word.partition.empty() ||
                       std::ranges::find(site.partition, word.partition,
                                         &SlurmPartitionSettings::slug) != site.partition.end();
    if (!known) {
      return toml_.refuse_at(
          pointer + "/partition",
          fmt::format("Give \"{}\" a [[slurm.partition]] first.", word.partition));
    }
    const auto same = [&](const SlurmWordSettings& other) {
      return other.option == word.option && other.word == word.word &&
             other.partition == word.partition;
    };
    if (std::ranges::count_if(site.word, same) == 1) return {};
    return toml_.refuse_at(pointer + "/word", fmt::format("Name word \"{}\" once.", word.word));
  }

  Result<void> check_partition(const std::string& pointer,
                               const SimulatedPartitionSettings& partition) const {
    TRY_DONE(need_slug(pointer + "/slug", partition.slug));
    TRY_DONE(need_within(pointer + "/nodes", partition.nodes, 1, limits::nodes_max));
    TRY_DONE(need_within(pointer + "/cores_per_node", partition.cores_per_node, 1,
                         limits::cores_per_node_max));
    const std::uint64_t gpus_min = partition.unit == Unit::gpu ? 1 : 0;
    return need_within(pointer + "/gpus_per_node", partition.gpus_per_node, gpus_min,
                       limits::gpus_per_node_max);
  }

  Result<void> need_within(std::string_view pointer, std::uint64_t value, std::uint64_t least,
                           std::uint64_t most) const {
    if (value >= least && value <= most) return {};
    return toml_.refuse_at(pointer, fmt::format("Give {} to {}: found {}.", least, most, value));
  }

  Result<void> need_slug(std::string_view pointer, std::string_view slug) const {
    const auto allowed = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    if (!slug.empty() && slug.size() <= limits::name_bytes_max &&
        std::ranges::all_of(slug, allowed))
      return {};
    return toml_.refuse_at(pointer,
                           "Give a short name of lower-case letters, digits, '-' and '_'.");
  }

  const TomlText& toml_;
  const Settings& settings_;
};

Result<Settings> settings_of(const TomlText& toml) {
  TRY(Settings settings, read_toml<Settings>(toml, json::Missing::defaulted, UnknownKeys::refused));
  TRY_DONE(SettingsCheck(toml, settings).all());
  return settings;
}

// Where fabrica.toml is, or nothing where nobody asked for it and there is none.
std::optional<std::filesystem::path> find_file(const std::optional<std::filesystem::path>& wanted,
                                               const Surroundings& around) {
  if (wanted) return wanted;
  const auto folder = config_directory(around);
  std::error_code error;
  if (!folder || !std::filesystem::exists(*folder / "fabrica.toml", error)) return std::nullopt;
  return *folder / "fabrica.toml";
}

}  // namespace

Result<Settings> parse_settings(std::string file, std::string_view text) {
  TRY(const TomlText toml, TomlText::parse(std::move(file), text));
  return settings_of(toml);
}

Result<Settings> read_settings(const std::optional<std::filesystem::path>& file,
                               const Surroundings& around) {
  const std::optional<std::filesystem::path> path = find_file(file, around);
  if (!path) return Settings{};
  TRY(const TomlText toml, parse_file(*path));
  TRY(Settings settings, settings_of(toml));
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::absolute(*path, error).parent_path();
  for (std::string* written :
       {&settings.data_directory, &settings.data_files, &settings.listen.unix_socket,
        &settings.tls.certificate, &settings.tls.key, &settings.local.spool,
        &settings.local.programs}) {
    if (!written->empty()) *written = resolve(*written, folder, around).string();
  }
  for (SlurmSettings& site : settings.slurm) {
    for (std::string* written : {&site.key_file, &site.ca_file})
      if (!written->empty()) *written = resolve(*written, folder, around).string();
  }
  return settings;
}

Result<void> complete(Settings& settings, const Surroundings& around) {
  if (settings.data_directory.empty()) {
    TRY(const std::filesystem::path directory, state_directory(around));
    settings.data_directory = directory.string();
  }
  TRY(const std::filesystem::path data_files, data_files_directory(settings.data_files, around));
  settings.data_files = data_files.string();
  if (settings.local.spool.empty()) {
    settings.local.spool = (std::filesystem::path(settings.data_directory) / "spool").string();
  }
  if (settings.local.programs.empty())
    settings.local.programs = around.program.parent_path().string();
  return {};
}

}  // namespace fabrica::config
