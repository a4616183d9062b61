#include "simulate/snapshot_log.h"

#include "base/archive.h"
#include "base/check.h"

namespace fabrica::simulate {

Appended SnapshotLog::append(const Append& group) {
  const Appended appended = inner_.append(group);
  const std::uint64_t seq = group.after.last.value;
  if (appended == Appended::yes && seq >= snapshot_seq_ + interval_) {
    snapshot_ = to_bytes(group.after);
    snapshot_seq_ = seq;
  }
  return appended;
}

bool SnapshotLog::load_snapshot(State& state) {
  if (snapshot_.empty()) return false;
  std::optional<State> kept = from_bytes<State>(snapshot_);
  CHECK(kept.has_value(), "a snapshot reads back");
  state = *std::move(kept);
  loaded_ += 1;
  return true;
}

}  // namespace fabrica::simulate
