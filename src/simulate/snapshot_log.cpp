#include "simulate/snapshot_log.h"

#include "base/check.h"
#include "kernel/archive.h"

namespace fabrica::simulate {

Appended SnapshotLog::append(const Append& group) {
  const Appended appended = inner_.append(group);
  const std::uint64_t seq = group.after.last.value;
  if (appended == Appended::yes && seq >= snapshot_seq_ + interval_) {
    snapshot_.clear();
    append_bytes(snapshot_, group.after);
    snapshot_seq_ = seq;
  }
  return appended;
}

bool SnapshotLog::load_snapshot(State& state) {
  if (snapshot_.empty()) return false;
  CHECK(read_bytes(snapshot_, state), "a snapshot reads back");
  loaded_ += 1;
  return true;
}

}  // namespace fabrica::simulate
