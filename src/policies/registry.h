#pragma once

#include <string_view>

#include "base/result.h"
#include "kernel/decide.h"

namespace fabrica::policies {

/// The rules in force: every eligibility rule by its name, the technical check, the placement rule
/// called `placement` ("least_work") and the refund rule called `refund` ("site_faults", "none").
/// Refused when no rule is called so, with its kind as the field; the text lists those there are.
Result<Policies> choose(std::string_view placement, std::string_view refund);

/// What a fresh installation uses.
Policies defaults();

}  // namespace fabrica::policies
