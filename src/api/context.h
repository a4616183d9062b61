#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/metrics.h"
#include "api/private_access.h"
#include "api/readers.h"
#include "api/site_words.h"
#include "api/watchers.h"
#include "federation/finding.h"
#include "jobs/reconciliation.h"
#include "kernel/decide.h"
#include "live/contacts.h"
#include "live/writer.h"
#include "store/job_key.h"
#include "store/sent_output.h"
#include "store/views.h"

namespace fabrica::api {

/// The file that a task writes its output to, or its errors. `task` is its place in the array, from
/// 0. Called on server threads. A refusal with not_found means that there is no such file yet; any
/// other is told to whoever asked.
using OutputOf = std::function<Result<std::filesystem::path>(
    const store::JobView& job, std::uint32_t task, bool error_stream)>;

/// Begins to look whether a site, by its slug, can be worked with, and calls `done` once, on any
/// thread. When it is refused `done` is not called. Called on server threads.
using CheckSite = std::function<Result<void>(
    const std::string& site, std::function<void(std::vector<federation::Finding>)> done)>;

/// Likewise holds what a site's runs were charged in a period against the site's own books.
using ReconcileSite =
    std::function<Result<void>(const std::string& site, Time from, Time to,
                               std::function<void(Result<jobs::Reconciliation>)> done)>;
/// When each site whose machines are elsewhere last answered, by its slug.
using ContactsOf = std::function<std::map<std::string, live::SiteContact>()>;

struct Setup {
  live::Writer& writer;             // must outlive the context
  std::filesystem::path directory;  // of the log and of private.db
  Policies policies;                // those of the writer, for plans
  OutputOf output_of;
  WordsAt words_at;
  CheckSite check_site;
  ReconcileSite reconcile_site;
  std::string version;
  std::function<void(std::string_view)> on_trouble;  // a line for the operator; any thread
  ContactsOf contacts = {};                          // none: no such site
};

/// What the routes need. Used from all server threads; must outlive the server.
class Context {
 public:
  explicit Context(Setup setup);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  live::Writer& writer() const { return setup_.writer; }
  const Policies& policies() const { return setup_.policies; }
  const OutputOf& output_of() const { return setup_.output_of; }
  const WordsAt& words_at() const { return setup_.words_at; }
  const CheckSite& check_site() const { return setup_.check_site; }
  const ReconcileSite& reconcile_site() const { return setup_.reconcile_site; }
  const ContactsOf& contacts() const { return setup_.contacts; }
  const std::string& version() const { return setup_.version; }
  Readers::Borrowed reader() { return readers_.borrow(); }
  PrivateAccess& secrets() { return secrets_; }
  const store::JobKey& job_key() const { return job_key_; }
  store::SentOutput& sent_output() { return sent_output_; }
  Watchers& watchers() const { return *watchers_; }
  Metrics& metrics() { return metrics_; }

  void report(std::string_view trouble) const;

  /// 16 hexadecimal digits, never the same in one process.
  std::string next_request_id();

  // A slug keeps its id for ever, so what was found once is remembered.
  std::optional<federation::SiteId> site(const std::string& slug);
  std::optional<federation::PartitionId> partition(const std::string& slug);
  std::optional<calls::ModeId> mode(const std::string& slug);

 private:
  std::optional<std::uint64_t> find_slug(std::string_view kind, const std::string& slug);

  Setup setup_;
  Readers readers_;
  PrivateAccess secrets_;
  store::JobKey job_key_;
  store::SentOutput sent_output_;
  std::shared_ptr<Watchers> watchers_;
  Metrics metrics_;
  std::uint64_t request_key_;
  std::atomic<std::uint64_t> requests_{0};
  std::mutex slugs_mutex_;
  std::map<std::pair<std::string_view, std::string>, std::uint64_t> slugs_;
};

}  // namespace fabrica::api
