#pragma once

#include <vector>

#include "base/result.h"
#include "calls/policy.h"
#include "jobs/policy.h"
#include "kernel/command.h"
#include "kernel/state.h"

namespace fabrica {

/// The named rules in force. Pure functions; policies/ has the choices.
struct Policies {
  calls::Policies calls;
  jobs::Policies jobs;
};

/// Pure: depends on its arguments alone and changes nothing. An accepted command may yield no
/// event, when there was nothing left to do.
Result<std::vector<Event>> decide(const State& state, const Policies& policies,
                                  const Envelope& envelope);

}  // namespace fabrica
