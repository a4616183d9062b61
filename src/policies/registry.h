#pragma once

#include <string_view>

#include "base/result.h"
#include "kernel/decide.h"

namespace fabrica::policies {

/// Which rules are in force, by their names.
struct RuleNames {
  std::string_view placement = "late_binding";
  std::string_view refund = "site_faults";
  std::string_view move = "unstarted";
};

/// Every eligibility rule by its name, the technical check, and the rules called: `placement`
/// ("late_binding", "least_work"), `refund` ("site_faults", "none"), and `move` for jobs at a site
/// that takes none any more ("unstarted", "silent_only", "none"). Refused when no rule is called
/// so, with its kind as the field; the text lists those there are.
Result<Policies> choose(const RuleNames& names);

/// What a fresh installation uses.
Policies defaults();

}  // namespace fabrica::policies
