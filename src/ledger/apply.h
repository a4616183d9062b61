#pragma once

#include <array>
#include <string>

#include "ledger/events.h"

namespace fabrica::ledger {

/// What happened cannot be refused; an event that breaks an invariant ends the process, because it
/// can only come from a bug or from a log that was tampered with.
void apply(State& state, const Event& event);

/// The sum of all balances of each unit, in the order of Unit; all zero (invariant 1).
std::array<ComputeTime, 3> sums(const State& state);

/// Empty when invariants 1, 2 and 3 hold; otherwise a sentence about the first account or hold that
/// breaks one.
std::string broken_invariant(const State& state);

}  // namespace fabrica::ledger
