#include "live/installation.h"

#include <fmt/core.h>

#include <algorithm>

#include "config/access_modes.h"
#include "config/consortium.h"
#include "config/own_sites.h"
#include "policies/registry.h"
#include "sites/local/connector.h"
#include "sites/local/machine.h"
#include "sites/local/output.h"
#include "sites/simulated/simulated_site.h"
#include "store/private_store.h"
#include "store/reader.h"

namespace fabrica::live {

namespace {

constexpr Duration first_token_good = days(365);

config::LocalMachine machine_for_config(const sites::local::Machine& machine) {
  config::LocalMachine has{machine.cores, machine.memory_bytes >> 20U, {}};
  for (const sites::local::Gpu& gpu : machine.gpus) has.gpu_models.push_back(gpu.model);
  return has;
}

}  // namespace

Installation::Installation(std::filesystem::path directory) : directory_(std::move(directory)) {}

Installation::~Installation() {
  checks_.stop();
  for (auto& [slug, worker] : workers_) worker->stop();
  if (writer_) writer_->stop();
}

Result<std::unique_ptr<Installation>> Installation::open(const config::Settings& settings) {
  std::unique_ptr<Installation> made(new Installation(settings.data_directory));
  try {
    TRY_DONE(made->take(settings));
    TRY_DONE(made->register_world(settings));
    TRY_DONE(made->make_first_person());
    TRY_DONE(made->start_sites(settings));
  } catch (const std::exception& trouble) {
    return refuse(refusal::unavailable, "data_directory", trouble.what());
  }
  return made;
}

Result<void> Installation::take(const config::Settings& settings) {
  std::filesystem::create_directories(directory_);
  std::filesystem::permissions(directory_, std::filesystem::perms::owner_all);
  TRY(lock_, store::DirectoryLock::take(directory_));
  TRY(Policies policies, policies::choose({settings.placement, settings.refund, settings.move}));
  log_ = std::make_unique<store::SqliteLog>(directory_);
  writer_ = std::make_unique<Writer>(*log_, std::move(policies));
  writer_->on_idle([this](const State& state) { log_->keep_snapshot(state); });
  return {};
}

Result<void> Installation::register_world(const config::Settings& settings) {
  const sites::local::Machine machine = sites::local::look_at_machine();
  node_name_ = machine.name;
  TRY(config::Consortium consortium, config::read_consortium(settings.data_files));
  config::add_local_site(consortium, settings.local, machine_for_config(machine));
  for (const config::SimulatedSettings& simulated : settings.simulated) {
    TRY_DONE(config::add_simulated_site(consortium, simulated));
  }
  for (const config::SlurmSettings& cluster : settings.slurm)
    TRY_DONE(config::add_slurm_site(consortium, cluster));
  const config::Execute execute = [this](Command command) {
    Envelope envelope;
    envelope.command = std::move(command);
    return writer_->execute(std::move(envelope));
  };
  const config::Look look = [this](const std::function<void(const State&)>& see) {
    writer_->ask_and_wait(see);
  };
  TRY_DONE(config::load(consortium, execute, look));
  TRY(const std::vector<config::ModeEntry> modes,
      config::read_access_modes(settings.data_files, consortium));
  return config::register_modes(modes, execute);
}

// A log without people gets its administrator, whose token is shown once.
Result<void> Installation::make_first_person() {
  bool nobody = false;
  writer_->ask_and_wait([&](const State& state) { nobody = state.federation.people.empty(); });
  store::PrivateStore secrets(directory_);
  if (!nobody && secrets.has_tokens()) return {};
  federation::PersonId administrator{1};
  if (nobody) {
    Envelope envelope;
    envelope.command = federation::Command{federation::RegisterPerson{
        federation::OrganisationId{}, {federation::Role::administrator}, {}}};
    TRY(const Reply reply, writer_->execute(std::move(envelope)));
    administrator = federation::PersonId{reply.id};
    secrets.put_person(administrator, {"Administrator", ""});
  }
  // A crash between the two steps leaves a person and no token; the next start mints one for the
  // first person.
  const Time today = now();
  first_token_ = secrets.mint_token(administrator, "first administrator", false, today,
                                    today + first_token_good);
  return {};
}

Result<void> Installation::start_sites(const config::Settings& settings) {
  std::vector<std::pair<federation::SiteId, federation::Site>> sites;
  writer_->ask_and_wait([&](const State& state) {
    state.federation.sites.for_each(
        [&](federation::SiteId id, const federation::Site& site) { sites.emplace_back(id, site); });
  });
  for (const auto& [id, site] : sites) {
    if (site.connection == federation::Connection::local && settings.local.enabled) {
      TRY_DONE(start_local(id, settings));
    }
    const auto simulated =
        std::ranges::find(settings.simulated, site.slug, &config::SimulatedSettings::site);
    if (site.connection == federation::Connection::simulated &&
        simulated != settings.simulated.end()) {
      start_simulated(id, simulated->seed);
    }
    const auto cluster = std::ranges::find(settings.slurm, site.slug, &config::SlurmSettings::site);
    if (site.connection == federation::Connection::slurm && cluster != settings.slurm.end())
      TRY_DONE(start_slurm(id, *cluster));
  }
  std::vector<SiteWorker*> workers;
  for (const auto& [slug, worker] : workers_) workers.push_back(worker.get());
  writer_->watch([workers](const State&) {
    for (SiteWorker* worker : workers) worker->wake();
  });
  return {};
}

Result<void> Installation::start_local(federation::SiteId id, const config::Settings& settings) {
  const sites::local::Machine machine = sites::local::look_at_machine();
  sites::local::LocalSiteOptions options;
  options.runner.spool = settings.local.spool;
  options.runner.programs = settings.local.programs;
  options.runner.cores = settings.local.cores.value_or(machine.cores);
  options.runner.memory_bytes =
      settings.local.memory_mib ? *settings.local.memory_mib << 20U : machine.memory_bytes;
  const std::size_t gpus =
      settings.local.gpus.value_or(static_cast<std::uint32_t>(machine.gpus.size()));
  for (std::size_t i = 0; i < gpus; ++i) {
    options.runner.gpus.push_back(i < machine.gpus.size() ? machine.gpus[i].index
                                                          : static_cast<std::uint32_t>(i));
  }
  options.cluster = settings.local.slug;
  options.node_name = machine.name;
  options.fetch = [reader = std::make_shared<store::Reader>(directory_)](const Sha256& hash) {
    return reader->document(hash);
  };
  options.partition_name = [this](federation::PartitionId partition) {
    std::string slug;
    writer_->ask_and_wait(
        [&](const State& state) { slug = state.federation.partitions.at(partition).slug; });
    return slug;
  };
  TRY(sites::local::LocalSite site, sites::local::LocalSite::open(std::move(options)));
  auto connector = std::make_unique<sites::local::LocalSite>(std::move(site));
  const std::optional<int> wake_fd = connector->wake_fd();
  workers_.emplace(settings.local.slug,
                   std::make_unique<SiteWorker>(*writer_, id, std::move(connector), wake_fd));
  return {};
}

void Installation::start_simulated(federation::SiteId id, std::uint64_t seed) {
  std::unique_ptr<sites::simulated::SimulatedSite> connector;
  std::string slug;
  writer_->ask_and_wait([&](const State& state) {
    connector = std::make_unique<sites::simulated::SimulatedSite>(
        seed, sites::simulated::partitions_of(state.federation, id));
    connector->adopt(state.jobs, id);
    slug = state.federation.sites.at(id).slug;
  });
  workers_.emplace(slug,
                   std::make_unique<SiteWorker>(*writer_, id, std::move(connector), std::nullopt));
}

Result<std::filesystem::path> Installation::output_of(const store::JobView& job, std::uint32_t task,
                                                      bool error_stream) const {
  const auto worker = workers_.find(job.site);
  if (worker == workers_.end()) {
    return refuse(refusal::not_found, "site",
                  fmt::format("Site {} keeps no output here.", job.site));
  }
  const std::optional<std::string> document = store::Reader(directory_).document(job.document);
  if (!document)
    return refuse(refusal::not_found, "document", "The job's document is not in the store.");
  const auto cluster = clusters_.find(job.site);
  if (cluster != clusters_.end() && !cluster->second.jobs_url.empty())
    return sent_output_of(job, *document, task, error_stream);
  TRY(const sites::local::OutputPaths paths,
      sites::local::output_paths(*document, job.id, job.name, node_name_, task));
  return std::filesystem::path(error_stream ? paths.error : paths.output);
}

std::map<std::string, SiteCounts> Installation::site_counts() const {
  std::map<std::string, SiteCounts> counts;
  for (const auto& [slug, worker] : workers_) counts.emplace(slug, worker->counts());
  return counts;
}

std::map<std::string, SiteContact> Installation::contacts() const { return contacts_.all(); }

}  // namespace fabrica::live
