#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "federation/finding.h"

namespace fabrica::live {

/// Checks of sites in work, each on a thread of its own, because it waits for the site. For any
/// thread.
class SiteChecks {
 public:
  using Findings = std::vector<federation::Finding>;

  /// What one check does.
  struct Work {
    std::function<Findings()> run;
    std::function<void()> abandon;  // from another thread: run() then returns within moments
  };

  SiteChecks() = default;
  ~SiteChecks() { stop(); }
  SiteChecks(const SiteChecks&) = delete;
  SiteChecks& operator=(const SiteChecks&) = delete;

  /// Calls `done` once, on the check's own thread. Refused as a conflict while the site is being
  /// checked, and `done` is then not called.
  Result<void> start(const std::string& site, Work work, std::function<void(Findings)> done);

  /// Abandons what is in work and waits for it; each `done` is still called. Nothing may be started
  /// any more.
  void stop();

 private:
  struct Running {
    std::function<void()> abandon;
    std::thread thread;
    bool ended = false;
  };

  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Running>> running_;  // by the site's short name
};

}  // namespace fabrica::live
