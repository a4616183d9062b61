#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "jobs/decide.h"

/// How jobs that have not begun leave a site that takes none any more, because it was drained or
/// does not answer. Each is first recalled: its site is asked to give it back unless it has begun,
/// and only when that is certain it is placed anew, with a hold on the account there. A site that
/// is silent cannot be asked; where its jobs ask the server before they begin they are moved all
/// the same, for the attempt that stays behind is refused.
///
/// Only a job moves that the move rule lets go, that has one task, was not asked for at that site
/// or partition by name, is in no chain of dependencies, and that another site can take now.
namespace fabrica::jobs {

/// Begins to look at the jobs of a site.
std::vector<Yield> evacuate(SiteId site);

/// Looks at some more jobs of the sites that are being evacuated, or moves one that is recalled:
/// each spends from an account, so the next must see what is left.
std::vector<Yield> advance_evacuation(const Context& context);

/// True while there is something of that to do.
bool is_evacuating(const State& state);

/// True when the rules above let the job move, wherever it goes.
bool may_move(const Context& context, JobId id, const Job& job);

/// True when some task has begun, be it in a run that was requeued.
bool has_begun(const State& state, JobId id, const Job& job);

/// As move(), or else the next attempt follows at the same site.
void move_or_stay(const Context& context, JobId id, const Job& job, std::string_view text,
                  std::vector<Yield>& yields);

/// Places a job anew whose attempt will certainly never begin. Does nothing and is false when no
/// other site can take it now.
bool move(const Context& context, JobId id, const Job& job, std::string_view text,
          std::vector<Yield>& yields);

}  // namespace fabrica::jobs
