#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "jobs/decide.h"
#include "jobs/offers.h"

/// Where jobs go: when they are submitted, and those that waited with us for room.
namespace fabrica::jobs {

/// The job goes to this offer, as the placement rule answered; its hold is hold_for() the offer.
JobPlaced placed(const Context& context, JobId id, const Offer& offer,
                 const PlacementAnswer& answer);

/// Places the hold that goes with an offer.
ledger::HoldPlaced hold_for(const Context& context, JobId id, const Offer& offer);

/// Leaves the offers at the sites of the jobs that are awaited, for there are their results; all
/// where there is none such.
void stay_together(const Context& context, const JobRequest& request, std::vector<Offer>& offers);

/// Jobs that are awaited and wait with us stay where they are meant to go.
void place_awaited(const Context& context, const JobRequest& request, std::vector<Yield>& yields);

Result<std::vector<Yield>> place_job(const Context& context, const PlaceJob& command);

}  // namespace fabrica::jobs
