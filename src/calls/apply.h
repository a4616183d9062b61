#pragma once

#include "calls/events.h"

namespace fabrica::calls {

/// What happened cannot be refused. Writes only this area's part of State.
void apply(State& state, const Event& event);

}  // namespace fabrica::calls
