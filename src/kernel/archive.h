#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "kernel/command.h"
#include "kernel/event.h"
#include "kernel/state.h"

/// base/archive.h over the kernel's own types. They are large, so the walks over them are compiled
/// here once. The digest of State is declared beside it.
namespace fabrica {

Digest digest(const Command& command);
Digest digest(std::span<const Event> events);
Digest digest(std::span<const Recorded> records);

/// Appends the binary form of `state`.
void append_bytes(std::string& out, const State& state);

/// Writes `state` over from the bytes that append_bytes() made. False when they are not exactly
/// that; `state` is then anything.
bool read_bytes(std::string_view bytes, State& state);

}  // namespace fabrica
