#include "policies/registry.h"

#include <fmt/core.h>

#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "policies/eligibility.h"
#include "policies/late_binding.h"
#include "policies/least_work.h"
#include "policies/site_faults.h"
#include "policies/technical.h"
#include "policies/unstarted.h"

namespace fabrica::policies {

namespace {

const std::map<std::string_view, jobs::PlacementRule>& placement_rules() {
  static const std::map<std::string_view, jobs::PlacementRule> rules{{"late_binding", late_binding},
                                                                     {"least_work", least_work}};
  return rules;
}

const std::map<std::string_view, jobs::RefundRule>& refund_rules() {
  static const std::map<std::string_view, jobs::RefundRule> rules{{"none", no_refund},
                                                                  {"site_faults", site_faults}};
  return rules;
}

const std::map<std::string_view, jobs::MoveRule>& move_rules() {
  static const std::map<std::string_view, jobs::MoveRule> rules{
      {"none", no_move}, {"silent_only", silent_only}, {"unstarted", unstarted}};
  return rules;
}

template <class Rule>
Result<std::pair<const std::string_view, Rule>> rule_called(
    std::string_view name, std::string_view kind, const std::map<std::string_view, Rule>& rules) {
  if (const auto rule = rules.find(name); rule != rules.end()) return *rule;
  std::string known;
  for (const auto& [one, function] : rules)
    known += fmt::format("{}{}", known.empty() ? "" : ", ", one);
  return refuse(refusal::invalid, std::string(kind),
                fmt::format("There is no {} rule \"{}\"; the rules are: {}.", kind, name, known));
}

}  // namespace

Result<Policies> choose(const RuleNames& names) {
  Policies policies;
  policies.calls.eligibility = eligibility_rules();
  policies.calls.technical = technical_check;
  TRY(std::tie(policies.jobs.placement_name, policies.jobs.placement),
      rule_called(names.placement, "placement", placement_rules()));
  TRY(std::tie(policies.jobs.refund_name, policies.jobs.refund),
      rule_called(names.refund, "refund", refund_rules()));
  TRY(std::tie(policies.jobs.move_name, policies.jobs.move),
      rule_called(names.move, "move", move_rules()));
  return policies;
}

Policies defaults() {
  Result<Policies> policies = choose({});
  CHECK(policies.has_value(), "the default rules exist");
  return *std::move(policies);
}

}  // namespace fabrica::policies
