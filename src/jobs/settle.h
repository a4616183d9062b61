#pragma once

#include <optional>
#include <vector>

#include "jobs/decide.h"

/// How a job comes to its end: what a site's report means, what is charged, what is released, and
/// which jobs that waited can never run.
namespace fabrica::jobs {

std::vector<Yield> heard(const Context& context, SiteId site, const SiteQueued& report);
std::vector<Yield> heard(const Context& context, SiteId site, const SiteStarted& report);

/// Charges what the task used, never more than its hold, gives it back where the refund rule says
/// so, and releases the rest; the last task ends the job. A task that outlives its limit is killed
/// by the site as Slurm does, and what it ran beyond the limit while being killed is not charged.
std::vector<Yield> heard(const Context& context, SiteId site, const SiteEnded& report);
std::vector<Yield> heard(const Context& context, SiteId site, const SiteUnknown& report);
std::vector<Yield> heard(const Context& context, SiteId site, const SiteBound& report);
std::vector<Yield> heard(const Context& context, SiteId site, const SiteAbsent& report);

/// Gives all of the job's hold back.
void release_all(const Context& context, JobId id, const Job& job, std::vector<Yield>& yields);

/// Ends a job that no site knows and gives its whole hold back.
void end_without_site(const Context& context, JobId job, Outcome outcome,
                      std::vector<Yield>& yields);

/// Ends jobs whose dependencies can never be met, some at a time; see also evacuate.h.
std::vector<Yield> pass_time(const Context& context);

/// At once while there is something of that to do.
std::optional<Time> next_deadline(const State& state);

}  // namespace fabrica::jobs
