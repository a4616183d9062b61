#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <random>

#include "base/limits.h"
#include "json/read.h"
#include "live/installation.h"
#include "live/silence_watch.h"
#include "sites/slurm/check_asks.h"
#include "sites/slurm/job_shell.h"
#include "sites/slurm/rest_cluster.h"
#include "sites/slurm/site_books.h"
#include "sites/slurm/site_words.h"
#include "sites/slurm/slurm_site.h"
#include "store/job_key.h"
#include "store/reader.h"
#include "store/sent_output.h"

/// Slurm clusters as sites of an installation.
namespace fabrica::live {

namespace {

namespace slurm = sites::slurm;

// Sixteen letters and digits that no other installation has. They are in the tag of every job at
// every cluster, so they are made once, and kept beside the log.
Result<std::string> installation_mark(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / "installation";
  std::string mark;
  std::ifstream(file) >> mark;
  if (!mark.empty()) return mark;
  std::random_device random;
  mark = fmt::format("{:08x}{:08x}", random(), random());
  const std::filesystem::path fresh = directory / "installation.new";
  std::ofstream(fresh, std::ios::trunc) << mark << '\n';
  std::error_code error;
  std::filesystem::rename(fresh, file, error);
  if (!error) return mark;
  return refuse(refusal::unavailable, "data_directory",
                fmt::format("{} cannot be written: {}.", file.string(), error.message()));
}

slurm::RestOptions rest_options(const config::SlurmSettings& settings) {
  slurm::RestOptions options;
  options.url = settings.url;
  options.ca_file = settings.ca_file;
  options.api_version = settings.api_version;
  options.cluster_name = settings.cluster;
  options.key_kind = settings.token_kind == config::TokenKind::hs256 ? slurm::KeyKind::hs256
                                                                     : slurm::KeyKind::rs256;
  options.key_file = settings.key_file;
  options.key_id = settings.key_id;
  options.token_user = settings.token_user;
  options.own_tokens = settings.own_tokens;
  options.connections = settings.connections;
  return options;
}

// The cluster's words for a partition; where the settings say nothing, those of the site.
slurm::PartitionWords words_for(const config::SlurmSettings& settings, const std::string& slug) {
  slurm::PartitionWords words;
  // Where each award has an account, a job's is that of its award.
  words.account = settings.provision ? "" : settings.account;
  words.user = settings.user;
  const auto found =
      std::ranges::find(settings.partition, slug, &config::SlurmPartitionSettings::slug);
  if (found == settings.partition.end()) return words;
  words.partition = found->partition;
  if (!found->account.empty() && !settings.provision) words.account = found->account;
  words.qos = found->qos;
  words.constraint = found->constraint;
  words.reservation = found->reservation;
  words.gpu_kind = found->gpu_type;
  return words;
}

slurm::WordKind kind_of(config::SlurmWordKind kind) {
  switch (kind) {
    case config::SlurmWordKind::constraint:
      return slurm::WordKind::constraint;
    case config::SlurmWordKind::qos:
      return slurm::WordKind::qos;
    case config::SlurmWordKind::reservation:
      return slurm::WordKind::reservation;
    case config::SlurmWordKind::gpu_type:
      return slurm::WordKind::gpu_type;
  }
  return slurm::WordKind::constraint;
}

slurm::PartitionDictionary dictionary_for(const config::SlurmSettings& settings,
                                          const federation::Partition& partition) {
  slurm::PartitionDictionary dictionary;
  dictionary.slurm = true;
  dictionary.slug = partition.slug;
  dictionary.gpu_kind = partition.gpu_kind;
  dictionary.own = words_for(settings, partition.slug);
  for (const config::SlurmWordSettings& one : settings.word) {
    if (one.partition.empty() || one.partition == partition.slug)
      dictionary.known.push_back({kind_of(one.option), one.word, one.here});
  }
  for (const config::SlurmPartitionSettings& one : settings.partition)
    dictionary.partitions.emplace_back(one.slug, one.partition);
  return dictionary;
}

slurm::CheckedPartition checked(const config::SlurmSettings& settings,
                                const federation::Partition& registered) {
  const slurm::PartitionWords words = words_for(settings, registered.slug);
  return {.slug = registered.slug,
          .partition = words.partition,
          .account = words.account,
          .gpu_kind = words.gpu_kind,
          .nodes = registered.nodes,
          .gpus_per_node = registered.gpus_per_node_scheduled,
          .cores_per_node = registered.cores_per_node,
          .memory_mib_per_node = registered.memory_mib_per_node};
}

slurm::AccountWords account_words(const config::SlurmSettings& settings, const std::string& mark,
                                  const State& state, const jobs::KeepAccount& request) {
  const federation::Partition& partition = state.federation.partitions.at(request.partition);
  const auto words =
      std::ranges::find(settings.partition, partition.slug, &config::SlurmPartitionSettings::slug);
  const std::uint32_t cpus = words == settings.partition.end() ? 1 : words->cpus_per_core;
  const slurm::TresMinutes limit = slurm::minutes_of(partition, request.limit, cpus);
  return {.name = slurm::account_name(mark, request.account),
          .description = fmt::format("{} on {}", state.ledger.accounts.at(request.account).project,
                                     partition.slug),
          .parent = settings.parent_account,
          .user = settings.user,
          .tres = limit.tres,
          .minutes = limit.minutes,
          .closed = request.closed};
}

slurm::CheckedSite checked(const config::SlurmSettings& settings, const std::string& mark,
                           const State& all) {
  const federation::State& state = all.federation;
  slurm::CheckedSite site;
  site.url = settings.url;
  site.cluster = settings.cluster;
  site.user = settings.user;
  site.token_user = settings.token_user;
  site.own_tokens = settings.own_tokens;
  site.accounting = settings.accounting;
  state.partitions.for_each([&](federation::PartitionId, const federation::Partition& partition) {
    if (state.sites.at(partition.site).slug == settings.site) {
      site.partitions.push_back(checked(settings, partition));
    }
  });
  site.keeps_accounts = settings.provision;
  for (const auto& [id, account] : all.jobs.site_accounts) {
    const bool here = state.sites.at(account.site).slug == settings.site;
    if (!here || account.standing == jobs::AccountStanding::idle) continue;
    site.accounts.push_back({account_words(settings, mark, all, jobs::account_for(id, account)),
                             account.standing, account.trouble});
  }
  return site;
}

// Those of a site's partitions, which are registered when the server starts, so that the writer is
// asked once.
class Dictionaries {
 public:
  Dictionaries(Writer& writer, config::SlurmSettings settings)
      : writer_(writer), settings_(std::move(settings)) {}

  const slurm::PartitionDictionary& of(federation::PartitionId id) {
    const auto known = known_.find(id);
    if (known != known_.end()) return known->second;
    federation::Partition partition;
    writer_.ask_and_wait(
        [&](const State& state) { partition = state.federation.partitions.at(id); });
    return known_.emplace(id, dictionary_for(settings_, partition)).first->second;
  }

 private:
  Writer& writer_;
  config::SlurmSettings settings_;
  std::map<federation::PartitionId, slurm::PartitionDictionary> known_;
};

// Asks the writer each time: a partition's shape may have changed.
slurm::TranslateAccount account_translation(Writer& writer, const config::SlurmSettings& settings,
                                            const std::string& mark) {
  return
      [&writer, settings, mark](const jobs::KeepAccount& request) -> Result<slurm::AccountWords> {
        slurm::AccountWords words;
        const auto look = [&](const State& state) {
          words = account_words(settings, mark, state, request);
        };
        if (!writer.ask_and_wait(look))
          return refuse(refusal::unavailable, "", "The server is being stopped.");
        return words;
      };
}

// Those on partitions that are registered, in what those are billed in.
Writer::Carried carried_at(const State& state, const config::SlurmSettings& settings,
                           const std::vector<slurm::OtherJob>& others) {
  std::map<std::string, federation::PartitionId> partitions;
  for (const config::SlurmPartitionSettings& one : settings.partition) {
    const auto known = state.federation.partition_by_slug.find(one.slug);
    if (known != state.federation.partition_by_slug.end())
      partitions.emplace(one.partition, known->second);
  }
  Writer::Carried carried;
  for (const slurm::OtherJob& other : others) {
    const auto found = partitions.find(other.partition);
    if (found == partitions.end()) continue;
    carried.push_back(
        {found->second, other.id,
         jobs::units_of(state.federation.partitions.at(found->second), other.allocation),
         other.ends, other.limit});
  }
  return carried;
}

}  // namespace

Result<void> Installation::start_slurm(federation::SiteId id,
                                       const config::SlurmSettings& settings) {
  TRY(std::string mark, installation_mark(directory_));
  TRY(std::unique_ptr<slurm::RestCluster> cluster,
      slurm::RestCluster::open(rest_options(settings)));
  const int wake_fd = cluster->wake_fd();
  slurm::SlurmSiteOptions options;
  options.cluster = settings.cluster.empty() ? settings.site : settings.cluster;
  options.cluster_name = settings.cluster;
  options.say = [site = settings.site](std::string_view text) {
    fmt::print(stderr, "fabricad: site {}: {}\n", site, text);
  };
  options.installation = mark;
  options.hold = settings.hold;
  options.accounting = settings.accounting;
  contacts_.note(settings.site, {});
  const SilenceWatch::Options silence{minutes(settings.silent_after_minutes),
                                      !settings.jobs_url.empty()};
  options.on_contact = [this, site = settings.site,
                        watch = std::make_shared<SilenceWatch>(*writer_, id, silence, now())](
                           const slurm::SiteContact& contact) {
    contacts_.note(site, {contact.last, contact.silent});
    watch->note({contact.last, contact.silent}, now());
  };
  options.on_others = [this, id, settings](std::vector<slurm::OtherJob> others) {
    writer_->carry(id, [settings, others = std::move(others)](const State& state) {
      return carried_at(state, settings, others);
    });
  };
  options.keeps_accounts = settings.provision;
  options.user = settings.user;
  options.tasks_speak = !settings.jobs_url.empty();
  TRY(store::JobKey key, store::JobKey::open(directory_));
  const auto translate = [settings, mark, key = std::move(key),
                          dictionaries = std::make_shared<Dictionaries>(*writer_, settings),
                          reader = std::make_shared<store::Reader>(directory_)](
                             const jobs::StartJob& request) -> Result<slurm::Submission> {
    std::optional<std::string> script = reader->document(request.request->script);
    const std::optional<std::string> text = reader->document(request.request->document);
    if (!script || !text) {
      return refuse(refusal::not_found, "script", "The job's script is not in the store.");
    }
    TRY(const jobs::JobDocument document,
        json::read<jobs::JobDocument>(*text, json::Missing::defaulted));
    TRY(const slurm::PartitionWords words,
        slurm::words_for_job(dictionaries->of(request.partition), document));
    slurm::Submission job = slurm::in_words_of(words, request, document, *std::move(script));
    if (settings.provision) job.account = slurm::account_name(mark, request.account);
    if (settings.jobs_url.empty()) return job;
    const slurm::JobSpeech speech{settings.jobs_url, settings.jobs_ca_file, request.job,
                                  request.attempt, key.token(request.job, request.attempt)};
    job.script = slurm::speaking_script(speech, job.script, job.signal);
    return job;
  };
  auto connector =
      std::make_unique<slurm::SlurmSite>(std::move(cluster), std::move(options), translate,
                                         account_translation(*writer_, settings, mark));
  writer_->ask_and_wait([&](const State& state) { connector->resume(state.jobs, id); });
  workers_.emplace(settings.site,
                   std::make_unique<SiteWorker>(*writer_, id, std::move(connector), wake_fd));
  clusters_.emplace(settings.site, settings);
  return {};
}

sbatch::SiteAnswer Installation::words_at(const std::string& site,
                                          const federation::Partition& partition,
                                          const sbatch::AskedWords& asked) const {
  const auto cluster = clusters_.find(site);
  if (cluster != clusters_.end()) {
    return slurm::answer_of(dictionary_for(cluster->second, partition), asked);
  }
  slurm::PartitionDictionary no_slurm;
  no_slurm.slug = partition.slug;
  no_slurm.gpu_kind = partition.gpu_kind;
  return slurm::answer_of(no_slurm, asked);
}

Result<void> Installation::check_site(const std::string& site,
                                      std::function<void(SiteChecks::Findings)> done) {
  const auto cluster = clusters_.find(site);
  if (cluster == clusters_.end()) {
    return refuse(
        refusal::invalid, "site",
        fmt::format("Site {} is not connected as a Slurm cluster; only those are checked.", site));
  }
  TRY(const std::string mark, installation_mark(directory_));
  auto check = std::make_shared<slurm::SiteCheck>(rest_options(cluster->second));
  const auto run = [this, check, mark, &settings = cluster->second]() -> SiteChecks::Findings {
    slurm::CheckedSite known;
    const auto look = [&](const State& state) { known = checked(settings, mark, state); };
    if (!writer_->ask_and_wait(look)) {
      return {{.what = "check",
               .verdict = federation::FindingKind::unknown,
               .text = "The server has too much to do, or is being stopped.",
               .mend = "Check again later."}};
    }
    return check->run(known);
  };
  return checks_.start(site, {.run = run, .abandon = [check] { check->abandon(); }},
                       std::move(done));
}

namespace {

// Of each side: what ends near the edges of the period may have ended there by the other's clock.
constexpr Duration beyond_the_edges = days(1);
constexpr std::size_t reconciled_runs_max = 200'000;

slurm::BookedSite booked(const config::SlurmSettings& settings, const std::string& mark,
                         const State& state) {
  slurm::BookedSite site;
  site.cluster = settings.cluster;
  site.user = settings.user;
  site.installation = mark;
  const federation::State& federation = state.federation;
  federation.partitions.for_each([&](federation::PartitionId, const federation::Partition& one) {
    if (federation.sites.at(one.site).slug != settings.site) return;
    const slurm::PartitionWords words = words_for(settings, one.slug);
    site.partitions.push_back({words.partition, words.account, one});
  });
  for (const auto& [id, account] : state.jobs.site_accounts) {
    if (federation.sites.at(account.site).slug != settings.site) continue;
    const federation::Partition& one = federation.partitions.at(account.partition);
    site.partitions.push_back(
        {words_for(settings, one.slug).partition, slurm::account_name(mark, id), one});
  }
  return site;
}

/// A question for the books of a site, and its answer once there is one.
struct AskedBooks {
  explicit AskedBooks(const slurm::RestOptions& options) : books(options) {}

  slurm::SiteBooks books;
  Result<jobs::Reconciliation> answer =
      refuse(refusal::unavailable, "site", "The server has too much to do, or is being stopped.");
};

struct Period {
  std::string site;
  Time from;
  Time to;
};

Result<jobs::Reconciliation> reconciled(const Period& period, store::Reader& reader,
                                        std::vector<jobs::SiteRun> theirs) {
  const std::vector<jobs::ChargedRun> ours =
      reader.runs_of(period.site, period.from - beyond_the_edges, period.to + beyond_the_edges,
                     reconciled_runs_max + 1);
  if (ours.size() > reconciled_runs_max || theirs.size() > reconciled_runs_max) {
    return refuse(
        refusal::too_large, "from",
        fmt::format("More than {} runs ended then; choose a shorter period.", reconciled_runs_max));
  }
  for (jobs::SiteRun& run : theirs) run.settled = !run.job || reader.has_ended(*run.job);
  return jobs::reconcile(period.from, period.to, ours, theirs, limits::list_items_max);
}

}  // namespace

Result<void> Installation::reconcile_site(const std::string& site, Time from, Time to,
                                          std::function<void(Result<jobs::Reconciliation>)> done) {
  const auto cluster = clusters_.find(site);
  if (cluster == clusters_.end() || !cluster->second.accounting) {
    return refuse(refusal::invalid, "site",
                  fmt::format("Site {} is not connected as a Slurm cluster with accounting; only "
                              "those have books of their own.",
                              site));
  }
  TRY(std::string mark, installation_mark(directory_));
  auto asked = std::make_shared<AskedBooks>(rest_options(cluster->second));
  const auto run = [this, asked, mark, period = Period{site, from, to},
                    &settings = cluster->second]() -> SiteChecks::Findings {
    slurm::BookedSite known;
    const auto look = [&](const State& state) { known = booked(settings, mark, state); };
    if (!writer_->ask_and_wait(look)) return {};
    auto theirs =
        asked->books.runs(known, period.from - beyond_the_edges, period.to + beyond_the_edges);
    store::Reader reader(directory_);
    asked->answer = theirs ? reconciled(period, reader, *std::move(theirs))
                           : std::unexpected(std::move(theirs).error());
    return {};
  };
  const auto tell = [asked, done = std::move(done)](const SiteChecks::Findings& trouble) {
    if (!trouble.empty()) asked->answer = refuse(refusal::unavailable, "site", trouble[0].text);
    done(std::move(asked->answer));
  };
  return reconciliations_.start(site, {.run = run, .abandon = [asked] { asked->books.abandon(); }},
                                tell);
}

Result<std::filesystem::path> Installation::sent_output_of(const store::JobView& job,
                                                           std::string_view text,
                                                           std::uint32_t task,
                                                           bool error_stream) const {
  TRY(const jobs::JobDocument document,
      json::read<jobs::JobDocument>(text, json::Missing::defaulted));
  const bool array = !document.array.empty();
  if (task >= std::max<std::size_t>(1, document.array.size()))
    return refuse(refusal::not_found, "task", fmt::format("{} has no task {}.", job.id, task));
  return store::SentOutput(directory_ / "output")
      .file(job.id, array ? document.array[task] : 0, error_stream && !document.error.empty());
}

}  // namespace fabrica::live
