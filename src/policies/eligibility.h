#pragma once

#include <map>
#include <string_view>

#include "calls/policy.h"

namespace fabrica::policies {

/// Every eligibility rule by the name that access modes use for it:
/// - organisation_kind: the organisation is of a kind in any_of (start_up, sme, ...).
/// - seat: the organisation's country is among the codes in any_of.
/// - size_within: the amount lies within the mode's range for the unit that the partition is billed
/// in;
///   a mode without such a range refuses, an approximate range refuses nobody.
/// - duration_allowed: the months are among the mode's durations.
/// - partition_offered: the call offers the partition.
/// - civil_use: the applicant declares civil use.
/// - open_research: a company declares open research and development; other organisations pass.
/// - one_live_award: the project has no award of this mode that is offered or active.
const std::map<std::string_view, calls::EligibilityRule>& eligibility_rules();

}  // namespace fabrica::policies
