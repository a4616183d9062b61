#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "calls/types.h"

namespace fabrica::calls {

/// All that an eligibility rule may look at.
struct EligibilityQuestion {
  const federation::Organisation& organisation;
  const AccessMode& mode;
  const Call& call;
  const Application& application;
  const federation::Partition& partition;  // the one that the application names
  bool has_live_award = false;             // of this mode, for this project
};

/// A pure rule. Its verdict's reason is the rule's own words when it passed and `use.reason` when
/// not.
using EligibilityRule = Verdict (*)(const EligibilityQuestion& question, const RuleUse& use);

/// All that the machine's technical check may look at.
struct TechnicalQuestion {
  const federation::Partition& partition;
  const Application& application;
  bool site_takes_jobs = false;
  ComputeTime pool_left;
};

using TechnicalCheck = std::vector<Verdict> (*)(const TechnicalQuestion& question);

struct Policies {
  std::map<std::string_view, EligibilityRule> eligibility;
  TechnicalCheck technical = nullptr;
};

}  // namespace fabrica::calls
