#pragma once

#include <vector>

#include "jobs/decide.h"

/// Runs of a requeued task before its last. Each is charged once, as an end is, and the job's hold
/// goes on to cover the run that follows; see docs/decisions/0007.
namespace fabrica::jobs {

/// Settles an earlier run. Of a live task it is charged to the hold, given back where the refund
/// rule says so, and the hold made whole from what the account may spend. What the account does not
/// have is owed, and the job is stopped: its next run would be covered by nothing. Of an ended task
/// it is a correction. A run that is settled already, or the last, changes nothing.
std::vector<Yield> heard(const Context& context, SiteId site, const SiteRunEnded& report);

/// True when the run that began then is settled.
bool is_settled(const State& state, JobId job, std::uint32_t task, Time started);

/// Charges what earlier runs of the task owe, at most `left`, which is what the end of the task
/// leaves of its hold. Says how much was taken.
ComputeTime charge_owed(const Context& context, JobId id, const Job& job, std::uint32_t task,
                        ComputeTime left, std::vector<Yield>& yields);

}  // namespace fabrica::jobs
