#pragma once

#include <atomic>
#include <memory>

#include "base/time.h"
#include "federation/types.h"
#include "live/contacts.h"
#include "live/writer.h"

namespace fabrica::live {

/// Tells the log when a site has not answered for long, so that its waiting jobs may leave it, and
/// when it answers again. A site that does not answer for a moment is left alone.
class SilenceWatch {
 public:
  struct Options {
    Duration after;         // of silence, from which on it is told
    bool jobs_ask = false;  // the site's jobs begin nothing without asking the server
  };

  /// `writer` must outlive it. Begins to count now.
  SilenceWatch(Writer& writer, federation::SiteId site, const Options& options, Time now);

  /// What is known of the site now. From one thread; never blocks.
  void note(const SiteContact& contact, Time now);

 private:
  enum class Told : std::uint8_t { nothing, answers, silent };

  Writer& writer_;
  federation::SiteId site_;
  Options options_;
  Time heard_;
  // Shared with replies that may come after it is gone.
  std::shared_ptr<std::atomic<Told>> told_;
};

}  // namespace fabrica::live
