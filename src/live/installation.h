#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "config/settings.h"
#include "jobs/reconciliation.h"
#include "live/contacts.h"
#include "live/site_checks.h"
#include "live/site_worker.h"
#include "live/writer.h"
#include "sbatch/site_words.h"
#include "store/directory_lock.h"
#include "store/sqlite_log.h"
#include "store/views.h"

namespace fabrica::live {

/// One data directory in use: its lock, its log, the writer, and a worker for each connected site.
/// Everything that a server is but for its network.
class Installation {
 public:
  /// Takes the directory, recovers State from the log, registers what the data files and the
  /// settings say, and starts the sites. `settings` must be complete. Refused when another server
  /// has the directory, the log is damaged, or a file cannot be read; the text says what to do.
  static Result<std::unique_ptr<Installation>> open(const config::Settings& settings);

  /// Finishes what was accepted, keeps a snapshot and lets the directory go. Jobs go on.
  ~Installation();
  Installation(const Installation&) = delete;
  Installation& operator=(const Installation&) = delete;

  Writer& writer() { return *writer_; }
  const std::filesystem::path& directory() const { return directory_; }

  /// The text of the first administrator's token, when this start has made the directory's first
  /// person.
  const std::optional<std::string>& first_token() const { return first_token_; }

  /// The file that a job's task writes to. From any thread.
  Result<std::filesystem::path> output_of(const store::JobView& job, std::uint32_t task,
                                          bool error_stream) const;

  std::map<std::string, SiteCounts> site_counts() const;

  /// When each Slurm cluster last answered, by the site's short name. From any thread.
  std::map<std::string, SiteContact> contacts() const;

  /// What a site, by its short name, makes of a script's own words on one of its partitions. From
  /// any thread.
  sbatch::SiteAnswer words_at(const std::string& site, const federation::Partition& partition,
                              const sbatch::AskedWords& asked) const;

  /// Looks whether a site, by its short name, can be worked with, and what its operator should
  /// mend. `done` is called once, on another thread, within about a minute. Refused, and `done` not
  /// called: a site that is not connected as a Slurm cluster (`invalid`), or is being checked
  /// already (`conflict`). From any thread.
  Result<void> check_site(const std::string& site, std::function<void(SiteChecks::Findings)> done);

  /// Holds what the runs that ended at a site, by its short name, from `from` on and before `to`
  /// were charged against the site's own books. `done` and refusals as of check_site(); what the
  /// site refuses is told to `done`.
  Result<void> reconcile_site(const std::string& site, Time from, Time to,
                              std::function<void(Result<jobs::Reconciliation>)> done);

 private:
  explicit Installation(std::filesystem::path directory);
  Result<void> take(const config::Settings& settings);
  Result<void> register_world(const config::Settings& settings);
  Result<void> make_first_person();
  Result<void> start_sites(const config::Settings& settings);
  Result<void> start_local(federation::SiteId id, const config::Settings& settings);
  void start_simulated(federation::SiteId id, std::uint64_t seed);
  Result<std::filesystem::path> sent_output_of(const store::JobView& job, std::string_view document,
                                               std::uint32_t task, bool error_stream) const;
  Result<void> start_slurm(federation::SiteId id, const config::SlurmSettings& settings);

  std::filesystem::path directory_;
  std::string node_name_;
  std::optional<store::DirectoryLock> lock_;
  std::unique_ptr<store::SqliteLog> log_;
  std::unique_ptr<Writer> writer_;
  std::map<std::string, std::unique_ptr<SiteWorker>> workers_;  // by the site's short name
  std::map<std::string, config::SlurmSettings>
      clusters_;  // by the site's short name; fixed once it is open
  std::optional<std::string> first_token_;
  SiteChecks checks_;
  SiteChecks reconciliations_;
  Contacts contacts_;
};

}  // namespace fabrica::live
