#pragma once

#include "jobs/policy.h"

namespace fabrica::policies {

/// A job that several partitions would take waits with us, meant for the one that least_work()
/// chooses, until there is room at one of them: placement/dispatcher.h. An array, and a job that
/// waits for others, goes where least_work() says at once.
jobs::PlacementAnswer late_binding(const jobs::PlacementQuestion& question);

}  // namespace fabrica::policies
