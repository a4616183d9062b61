#pragma once

#include <variant>

#include "base/id.h"
#include "base/time.h"
#include "calls/events.h"
#include "federation/events.h"
#include "jobs/events.h"
#include "ledger/events.h"

namespace fabrica {

/// All that can happen, by area. Events record outcomes: replay never runs a policy.
using Event = std::variant<federation::Event, ledger::Event, calls::Event, jobs::Event>;

/// An event at its place in the log.
struct Recorded {
  Seq seq;
  Time at;
  CommandId cause;
  federation::PersonId actor;
  Event event;
};
FABRICA_DESCRIBE(Recorded, seq, at, cause, actor, event)

}  // namespace fabrica
