#pragma once

#include "jobs/policy.h"

namespace fabrica::policies {

/// Every job that has not begun may leave a site that takes none any more.
bool unstarted(const jobs::MoveQuestion& question);

/// Only where the site does not answer; one that was drained has time.
bool silent_only(const jobs::MoveQuestion& question);

/// Jobs stay where they were placed.
bool no_move(const jobs::MoveQuestion& question);

}  // namespace fabrica::policies
