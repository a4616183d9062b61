#pragma once

#include <optional>
#include <vector>

#include "base/digest.h"
#include "calls/types.h"
#include "federation/types.h"
#include "jobs/types.h"
#include "kernel/event.h"
#include "ledger/types.h"

namespace fabrica {

/// All that decisions read, one part an area. Written by apply alone.
struct State {
  federation::State federation;
  ledger::State ledger;
  calls::State calls;
  jobs::State jobs;
  Seq last;  // the last event applied
  Time now;  // its time; log time never goes back
};
FABRICA_DESCRIBE(State, federation, ledger, calls, jobs, last, now)

/// Total: what happened cannot be refused. `recorded.seq` must follow State's last.
void apply(State& state, const Recorded& recorded);

/// When PassTime next has something to do; nothing when there is no deadline.
std::optional<Time> next_deadline(const State& state);

/// Equal states, equal digests.
Digest digest(const State& state);

/// Empty when the invariants of docs/invariants.md that State alone can show hold; otherwise a
/// sentence about the first broken one.
std::string broken_invariant(const State& state);

}  // namespace fabrica
