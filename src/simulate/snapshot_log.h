#pragma once

#include <string>

#include "kernel/ports.h"

namespace fabrica::simulate {

/// Wraps a log and keeps a snapshot of the state every `interval` events, as a durable store does.
class SnapshotLog : public EventLog {
 public:
  /// `inner` must outlive this.
  SnapshotLog(EventLog& inner, std::uint64_t interval) : inner_(inner), interval_(interval) {}

  Appended append(const Append& group) override;
  std::vector<Recorded> read(Seq after, std::size_t limit) override {
    return inner_.read(after, limit);
  }
  std::optional<KeptReply> reply_to(CommandId id) override { return inner_.reply_to(id); }
  bool load_snapshot(State& state) override;

  std::uint64_t loaded() const { return loaded_; }

 private:
  EventLog& inner_;
  std::uint64_t interval_;
  std::uint64_t snapshot_seq_ = 0;
  std::uint64_t loaded_ = 0;
  std::string snapshot_;
};

}  // namespace fabrica::simulate
