#pragma once

#include <filesystem>
#include <optional>

#include "base/digest.h"
#include "kernel/state.h"

namespace fabrica::store {

/// Where in the log a kept state stands.
struct Snapshot {
  Seq seq;
  Sha256 chain;
};

/// Replaces the file at once: header, the state's binary form, SHA-256 of all before. Synced before
/// it takes the old one's place. A snapshot is a cache: failure to write one is told on standard
/// error and harmless.
void write_snapshot(const std::filesystem::path& path, const Snapshot& at, const State& state);

/// Fills `state`, which is fresh, from the file. Nothing (and `state` may then be in part filled)
/// when there is none, when its checksum is wrong, or when it was written by a program with another
/// shape of State.
std::optional<Snapshot> read_snapshot(const std::filesystem::path& path, State& state);

}  // namespace fabrica::store
