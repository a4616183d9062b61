#pragma once

#include "jobs/policy.h"

namespace fabrica::policies {

/// Chooses the partition whose live jobs hold the least work for its size; on a tie the one with
/// the larger balance after, then the lower id. Exact integer comparisons.
jobs::PlacementAnswer least_work(const jobs::PlacementQuestion& question);

}  // namespace fabrica::policies
