#include "policies/registry.h"

#include <fmt/core.h>

#include <map>

#include "base/check.h"
#include "policies/eligibility.h"
#include "policies/least_work.h"
#include "policies/technical.h"

namespace fabrica::policies {

namespace {

const std::map<std::string_view, jobs::PlacementRule>& placement_rules() {
  static const std::map<std::string_view, jobs::PlacementRule> rules{{"least_work", least_work}};
  return rules;
}

}  // namespace

Result<Policies> choose(std::string_view placement) {
  const auto rule = placement_rules().find(placement);
  if (rule == placement_rules().end()) {
    std::string known;
    for (const auto& [name, function] : placement_rules())
      known += fmt::format("{}{}", known.empty() ? "" : ", ", name);
    return refuse(
        refusal::invalid, "placement",
        fmt::format("There is no placement rule \"{}\"; the rules are: {}.", placement, known));
  }
  Policies policies;
  policies.calls.eligibility = eligibility_rules();
  policies.calls.technical = technical_check;
  policies.jobs.placement_name = rule->first;
  policies.jobs.placement = rule->second;
  return policies;
}

Policies defaults() {
  Result<Policies> policies = choose("least_work");
  CHECK(policies.has_value(), "the default placement rule exists");
  return *std::move(policies);
}

}  // namespace fabrica::policies
