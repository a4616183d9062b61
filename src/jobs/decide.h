#pragma once

#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "jobs/commands.h"
#include "jobs/events.h"
#include "jobs/policy.h"

namespace fabrica::jobs {

/// What a decision in this area reads.
struct Context {
  const State& jobs;
  const federation::State& federation;
  const ledger::State& ledger;
  const Policies& policies;
  PersonId actor;
  Time now;
};

/// Refusals are in refusals.h and the ledger's. A report that tells nothing new yields no event.
Result<std::vector<Yield>> decide(const Context& context, const Command& command);

}  // namespace fabrica::jobs
