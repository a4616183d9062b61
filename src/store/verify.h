#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "kernel/state.h"

namespace fabrica::store {

/// What a full check of the log found.
struct Verification {
  std::uint64_t events = 0;
  Sha256 head;                      // the chain at the last event
  Digest state;                     // of the replayed state
  std::vector<std::string> faults;  // empty: all is well
};

/// Replays the whole log of `directory` from its first event, checks every link of the chain and
/// the invariants of the state it leads to, rebuilds the read tables in memory and compares them
/// row by row with those kept, and compares the documents with their hashes. Changes nothing; the
/// server may run beside it. `progress` is told the events done and the events there are.
Verification verify(const std::filesystem::path& directory,
                    const std::function<void(std::uint64_t, std::uint64_t)>& progress);

/// Empties the read tables and fills them anew from the log. The server must not run beside it.
/// Throws LogDamaged.
void rebuild_tables(const std::filesystem::path& directory);

}  // namespace fabrica::store
