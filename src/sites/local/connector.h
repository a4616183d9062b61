#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/digest.h"
#include "jobs/document.h"
#include "kernel/ports.h"
#include "sites/local/runner.h"

namespace fabrica::sites::local {

/// What the site must know beside what it is told.
struct LocalSiteOptions {
  RunnerOptions runner;
  std::string cluster;    // the site's short name, SLURM_CLUSTER_NAME
  std::string node_name;  // this machine's
  Duration grace = seconds(30);
  /// A document by its hash; nothing when it is not there.
  std::function<std::optional<std::string>(const Sha256&)> fetch;
  /// A partition's short name.
  std::function<std::string(federation::PartitionId)> partition_name;
};

/// This machine as a site: each task of a job becomes a supervised process tree of its own that
/// outlives the server. A task is known by job, attempt and place in the array, and runs at most
/// once (invariant 14).
class LocalSite : public SiteConnector {
 public:
  static Result<LocalSite> open(LocalSiteOptions options);

  void tell(const jobs::SiteRequest& request) override;
  std::vector<jobs::Report> hear(Time now) override;
  void acknowledge(std::span<const jobs::Report> reports) override;

  /// Readable when hear() has something to say.
  std::optional<int> wake_fd() const { return runner_.wake_fd(); }

 private:
  LocalSite(LocalSiteOptions options, Runner runner)
      : options_(std::move(options)), runner_(std::move(runner)) {}

  void start(const jobs::StartJob& request);
  void stop(const jobs::StopJob& request);
  void note_never_started(jobs::JobId job, std::uint32_t attempt, std::uint32_t task,
                          jobs::Outcome outcome, std::string text);
  TaskSpec spec_for(const jobs::StartJob& request, const jobs::JobDocument& document,
                    std::uint32_t task) const;

  LocalSiteOptions options_;
  Runner runner_;
  // The latest news of each task, until it is acknowledged. An end says all that a start would.
  std::map<std::string, jobs::Report> news_;
  std::map<jobs::JobId, std::string> queued_;
};

}  // namespace fabrica::sites::local
