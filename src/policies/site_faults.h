#pragma once

#include "jobs/policy.h"

namespace fabrica::policies {

/// Gives back what a task was charged that its site lost, as when a node fails. Not on the server's
/// own machine: there nobody else's books say that it was the site's fault.
bool site_faults(const jobs::RefundQuestion& question);

/// What was used is paid, however it ended.
bool no_refund(const jobs::RefundQuestion& question);

}  // namespace fabrica::policies
