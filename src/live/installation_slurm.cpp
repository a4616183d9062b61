#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <random>

#include "json/read.h"
#include "live/installation.h"
#include "sites/slurm/job_shell.h"
#include "sites/slurm/rest_cluster.h"
#include "sites/slurm/slurm_site.h"
#include "sites/slurm/words.h"
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
  words.account = settings.account;
  words.user = settings.user;
  const auto found =
      std::ranges::find(settings.partition, slug, &config::SlurmPartitionSettings::slug);
  if (found == settings.partition.end()) return words;
  words.partition = found->partition;
  if (!found->account.empty()) words.account = found->account;
  words.qos = found->qos;
  words.constraint = found->constraint;
  words.reservation = found->reservation;
  words.gpu_kind = found->gpu_type;
  return words;
}

// A partition keeps its slug for ever, so that the writer is asked once.
class PartitionSlugs {
 public:
  explicit PartitionSlugs(Writer& writer) : writer_(writer) {}

  const std::string& of(federation::PartitionId id) {
    std::string& slug = slugs_[id];
    if (slug.empty()) {
      writer_.ask_and_wait(
          [&](const State& state) { slug = state.federation.partitions.at(id).slug; });
    }
    return slug;
  }

 private:
  Writer& writer_;
  std::map<federation::PartitionId, std::string> slugs_;
};

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
  options.installation = std::move(mark);
  options.hold = settings.hold;
  options.accounting = settings.accounting;
  options.tasks_speak = !settings.jobs_url.empty();
  TRY(store::JobKey key, store::JobKey::open(directory_));
  const auto translate = [settings, key = std::move(key),
                          slugs = std::make_shared<PartitionSlugs>(*writer_),
                          reader = std::make_shared<store::Reader>(directory_)](
                             const jobs::StartJob& request) -> Result<slurm::Submission> {
    const std::string& slug = slugs->of(request.partition);
    std::optional<std::string> script = reader->document(request.request.script);
    const std::optional<std::string> text = reader->document(request.request.document);
    if (!script || !text) {
      return refuse(refusal::not_found, "script", "The job's script is not in the store.");
    }
    TRY(const jobs::JobDocument document,
        json::read<jobs::JobDocument>(*text, json::Missing::defaulted));
    slurm::Submission job =
        slurm::in_words_of(words_for(settings, slug), request, document, *std::move(script));
    if (settings.jobs_url.empty()) return job;
    const slurm::JobSpeech speech{settings.jobs_url, settings.jobs_ca_file, request.job,
                                  request.attempt, key.token(request.job, request.attempt)};
    job.script = slurm::speaking_script(speech, job.script, job.signal);
    return job;
  };
  if (options.tasks_speak) slurm_sites_.insert(settings.site);
  auto connector =
      std::make_unique<slurm::SlurmSite>(std::move(cluster), std::move(options), translate);
  writer_->ask_and_wait([&](const State& state) { connector->resume(state.jobs, id); });
  workers_.emplace(settings.site,
                   std::make_unique<SiteWorker>(*writer_, id, std::move(connector), wake_fd));
  return {};
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
