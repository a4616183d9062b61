#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "jobs/commands.h"
#include "jobs/requests.h"
#include "kernel/command.h"
#include "kernel/event.h"
#include "kernel/state.h"

namespace fabrica {

/// A command's reply as the log keeps it, for limits::reply_kept.
struct KeptReply {
  CommandId id;
  Digest fingerprint;
  Reply reply;
};

/// One group of commands to be made durable in one step.
struct Append {
  Seq expected;  // the last event that the writer knows
  std::span<const Recorded> records;
  std::span<const KeptReply> replies;
  std::span<const Document> documents;
  const State& after;  // with the records applied, for read tables written in the same step
};

/// yes: all of it is durable. behind: nothing was written, because the log goes on beyond
/// `expected`. unknown: it may have been written or not; reading tells.
enum class Appended : std::uint8_t { yes, behind, unknown };

/// Where events live. The number of the last event is the referee between writers.
class EventLog {
 public:
  virtual ~EventLog() = default;

  virtual Appended append(const Append& group) = 0;

  /// Up to `limit` events after `after`, in order. Never yields an event that was tampered with:
  /// what does not verify ends the reading with an exception.
  virtual std::vector<Recorded> read(Seq after, std::size_t limit) = 0;

  virtual std::optional<KeptReply> reply_to(CommandId id) = 0;

  /// Sets `state`, which is fresh, to a state kept earlier; false when there is none that can be
  /// read.
  virtual bool load_snapshot(State& state) = 0;
};

/// A site as the ring sees it. One worker owns a connector and calls it from one thread.
class SiteConnector {
 public:
  virtual ~SiteConnector() = default;

  /// Tells the site what is wanted. At least once: the same request may come again until it is
  /// reported done.
  virtual void tell(const jobs::SiteRequest& request) = 0;

  /// What the site did. May repeat, be late and be out of order. What was heard is said again,
  /// after a restart too, until `acknowledge`.
  virtual std::vector<jobs::Report> hear(Time now) = 0;

  /// These reports are durable in the log; the site may forget them.
  virtual void acknowledge(std::span<const jobs::Report> reports) = 0;
};

}  // namespace fabrica
