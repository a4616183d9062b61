#pragma once

#include <map>
#include <vector>

#include "kernel/ports.h"

namespace fabrica::store {

/// A log that lives in memory: for simulation and for tests. Keeps real state and refuses what a
/// durable log refuses.
class MemoryLog : public EventLog {
 public:
  Appended append(const Append& group) override;
  std::vector<Recorded> read(Seq after, std::size_t limit) override;
  std::optional<KeptReply> reply_to(CommandId id) override;
  bool load_snapshot(State&) override { return false; }

  /// So many events will come: saves moving those that are there.
  void reserve(std::size_t events) { records_.reserve(events); }

  const std::vector<Recorded>& records() const { return records_; }
  const std::map<Sha256, std::string>& documents() const { return documents_; }

 private:
  std::vector<Recorded> records_;
  std::map<CommandId, KeptReply> replies_;
  std::map<Sha256, std::string> documents_;
};

}  // namespace fabrica::store
