#pragma once

#include "calls/policy.h"

namespace fabrica::policies {

/// What a machine can say about a proposal: the partition's site takes jobs, the pool can pay, and
/// one job of the stated size fits the partition. One verdict each, in this order.
std::vector<calls::Verdict> technical_check(const calls::TechnicalQuestion& question);

}  // namespace fabrica::policies
