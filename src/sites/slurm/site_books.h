#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "federation/types.h"
#include "jobs/reconciliation.h"
#include "sites/slurm/rest_cluster.h"

/// A Slurm site's own books: what slurmdbd has of the runs of a period, to be held against ours.
namespace fabrica::sites::slurm {

/// One of the site's partitions, what Slurm calls it, and an account of ours there. Once for each
/// account.
struct BookedPartition {
  std::string name;     // Slurm's; empty: the cluster's default
  std::string account;  // that our jobs charge there
  federation::Partition partition;
};

/// What of slurmdbd's records is ours.
struct BookedSite {
  std::string cluster;       // ClusterName; empty: of any
  std::string user;          // whom our jobs belong to
  std::string installation;  // in the tags
  std::vector<BookedPartition> partitions;
};

/// Reads slurmdbd's records (v0.0.38 to v0.0.43). Kept are runs with a tag of ours, and those of
/// others in the accounts that our jobs charge. Refused is what is no such reply.
Result<std::vector<jobs::SiteRun>> read_books(std::string_view body, const BookedSite& site);

/// Asks for them over a connection of its own. Nothing is changed there.
class SiteBooks {
 public:
  explicit SiteBooks(const RestOptions& options);
  ~SiteBooks();
  SiteBooks(const SiteBooks&) = delete;
  SiteBooks& operator=(const SiteBooks&) = delete;

  /// The runs that were there at any time from `from` on and before `to`. Blocks, for a minute at
  /// most save for the lookup of a name. Once. The refusal says what is wrong with the site, and
  /// has no token in it.
  Result<std::vector<jobs::SiteRun>> runs(const BookedSite& site, Time from, Time to);

  /// From any thread: runs() returns within moments, refused.
  void abandon();

 private:
  class Asking;

  std::unique_ptr<Asking> asking_;  // none when the settings or the key cannot be used
  std::string trouble_;
};

}  // namespace fabrica::sites::slurm
