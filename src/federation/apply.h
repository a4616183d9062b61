#pragma once

#include "federation/events.h"

namespace fabrica::federation {

/// What happened cannot be refused. Writes only this area's part of State.
void apply(State& state, const Event& event);

}  // namespace fabrica::federation
