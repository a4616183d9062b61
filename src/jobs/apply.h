#pragma once

#include <string>

#include "jobs/events.h"

namespace fabrica::jobs {

/// What happened cannot be refused. Writes only this area's part of State. `charged` is told by the
/// ledger's event in the same batch through `charge`.
void apply(State& state, const Event& event);

/// Notes on the job what the ledger charged for it, and takes it from the partition's work.
void apply(State& state, const ledger::UsageCharged& event);
void apply(State& state, const ledger::HoldReleased& event);
void apply(State& state, const ledger::HoldExtended& event);

}  // namespace fabrica::jobs
