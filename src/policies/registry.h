#pragma once

#include <string_view>

#include "base/result.h"
#include "kernel/decide.h"

namespace fabrica::policies {

/// The rules in force: every eligibility rule by its name, the technical check, and the placement
/// rule called `placement` ("least_work"). Refused when no rule is called so; the text lists those
/// there are.
Result<Policies> choose(std::string_view placement);

/// What a fresh installation uses.
Policies defaults();

}  // namespace fabrica::policies
