#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>

#include "kernel/ports.h"
#include "live/writer.h"

namespace fabrica::live {

/// What a worker did since it started, for /metrics.
struct SiteCounts {
  std::uint64_t told = 0;
  std::uint64_t heard = 0;
};

/// The one voice to a site: a thread that asks State what the site should be told, tells it, hears
/// what the site did, and has that recorded before the site may forget it. Nothing is resumed after
/// a crash: it is asked again.
class SiteWorker {
 public:
  /// `wake_fd` is readable when the connector has something to say; without one it is asked every
  /// 200 ms.
  SiteWorker(Writer& writer, federation::SiteId site, std::unique_ptr<SiteConnector> connector,
             std::optional<int> wake_fd);
  ~SiteWorker();
  SiteWorker(const SiteWorker&) = delete;
  SiteWorker& operator=(const SiteWorker&) = delete;

  /// State has changed: there may be something new to tell. From any thread.
  void wake();

  /// Ends the thread after what it is doing. Jobs at the site go on.
  void stop();

  SiteCounts counts() const { return {told_.load(), heard_.load()}; }

 private:
  void run();
  bool tell();
  bool hear();
  void wait(bool busy);

  Writer& writer_;
  federation::SiteId site_;
  std::unique_ptr<SiteConnector> connector_;
  std::optional<int> site_wake_;
  int wake_ = -1;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> changed_ = true;
  std::atomic<std::uint64_t> told_ = 0;
  std::atomic<std::uint64_t> heard_ = 0;
  std::thread thread_;
};

}  // namespace fabrica::live
