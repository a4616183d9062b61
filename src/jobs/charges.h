#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "jobs/decide.h"

/// What a run costs, and how it is charged, given back and released: shared by the ends of tasks
/// and the ends of their earlier runs.
namespace fabrica::jobs {

/// A site's clock may be wrong by any amount; what the log cannot write becomes the nearest it can.
/// Before 1970 means never.
Time writable(Time time);

/// What a site says, cut to what the log keeps of it.
std::string short_text(std::string_view text);

/// What a run of one task costs: its units for its time, rounded up, and never more than for the
/// whole limit. Nothing when it did not begin.
ComputeTime cost_of_run(const Job& job, Time started, Time ended);

/// Nobody can spend from an award that is over, so what its account gets goes on to the pool.
void pass_on_if_over(const Context& context, const Job& job, ComputeTime amount,
                     std::vector<Yield>& yields);

/// Gives `amount` of the job's hold back.
void release(const Context& context, const Job& job, JobId id, ComputeTime amount,
             std::vector<Yield>& yields);

/// Moves `amount` from the job's hold to the partition's usage; nothing when it is zero.
void charge(const Context& context, const Job& job, JobId id, ComputeTime amount,
            std::vector<Yield>& yields);

/// Whether the rule in force gives back what a task, or a run of it, was charged that ended so.
bool refund_is_due(const Context& context, const Job& job, Outcome outcome);

/// The entry that gives back `amount`, with the rule as its reason.
ledger::Event given_back(const Context& context, const Job& job, JobId id, Outcome outcome,
                         ComputeTime amount);

}  // namespace fabrica::jobs
