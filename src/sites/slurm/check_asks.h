#pragma once

#include <memory>
#include <vector>

#include "sites/slurm/check.h"
#include "sites/slurm/rest_cluster.h"

namespace fabrica::sites::slurm {

/// Asks a site, over a connection of its own, what a check looks at. Nothing is changed there.
class SiteCheck {
 public:
  explicit SiteCheck(const RestOptions& options);
  ~SiteCheck();
  SiteCheck(const SiteCheck&) = delete;
  SiteCheck& operator=(const SiteCheck&) = delete;

  /// Blocks, for a minute at most save for the lookup of a name. Once. No finding has a token or a
  /// key in it.
  std::vector<federation::Finding> run(const CheckedSite& site);

  /// What run() judges, for who wants to know more of it. Once, instead of it.
  HeardAtSite hear(const CheckedSite& site);

  /// From any thread: run() returns within moments, with findings that are worth nothing.
  void abandon();

 private:
  class Asking;

  std::unique_ptr<Asking> asking_;  // none when the settings or the key cannot be used
  std::string trouble_;
};

}  // namespace fabrica::sites::slurm
