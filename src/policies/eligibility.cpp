#include "policies/eligibility.h"

#include <fmt/core.h>

#include <algorithm>
#include <string>

namespace fabrica::policies {

namespace {

using calls::EligibilityQuestion;
using calls::RuleUse;
using calls::Verdict;

Verdict answer(const RuleUse& use, bool passed, const std::string& why_passed) {
  return {use.rule, passed, passed ? why_passed : use.reason};
}

bool among(const std::vector<std::string>& any_of, std::string_view word) {
  return std::ranges::find(any_of, word) != any_of.end();
}

Verdict organisation_kind(const EligibilityQuestion& question, const RuleUse& use) {
  const std::string_view kind = name_of(question.organisation.kind);
  return answer(use, among(use.any_of, kind),
                fmt::format("The organisation is registered as {}.", kind));
}

Verdict seat(const EligibilityQuestion& question, const RuleUse& use) {
  return answer(
      use, among(use.any_of, question.organisation.country),
      fmt::format("The seat {} is in an eligible country.", question.organisation.country));
}

Verdict size_within(const EligibilityQuestion& question, const RuleUse& use) {
  const Unit unit = question.partition.unit;
  const calls::SizeRange* size = calls::size_in(question.mode, unit);
  if (size == nullptr) return answer(use, false, "");
  const ComputeTime amount = question.application.amount;
  const std::string asked = fmt::format("{} {}", to_hours(amount), hours_name(unit));
  const std::string range = fmt::format("{} to {}", to_hours(size->min), to_hours(size->max));
  if (size->approximate)
    return answer(use, true,
                  fmt::format("{} are asked for; the mode is for about {}.", asked, range));
  const bool passed = amount >= size->min && amount <= size->max;
  if (size->min == size->max)
    return answer(use, passed, fmt::format("{} are this mode's package.", asked));
  return answer(use, passed, fmt::format("{} lie within {}.", asked, range));
}

Verdict duration_allowed(const EligibilityQuestion& question, const RuleUse& use) {
  const auto& months = question.mode.months;
  const bool passed = std::ranges::find(months, question.application.months) != months.end();
  return answer(use, passed, fmt::format("{} months can be chosen.", question.application.months));
}

Verdict partition_offered(const EligibilityQuestion& question, const RuleUse& use) {
  const bool passed =
      std::ranges::binary_search(question.call.partitions, question.application.partition);
  return answer(use, passed, "The call offers the partition.");
}

Verdict civil_use(const EligibilityQuestion& question, const RuleUse& use) {
  return answer(use, question.application.civil_use, "Civil use is declared.");
}

Verdict open_research(const EligibilityQuestion& question, const RuleUse& use) {
  using federation::OrganisationKind;
  const OrganisationKind kind = question.organisation.kind;
  if (kind == OrganisationKind::research || kind == OrganisationKind::public_sector) {
    return answer(use, true, "Companies alone must declare open research and development.");
  }
  return answer(use, question.application.open_research,
                "Open research and development is declared.");
}

Verdict one_live_award(const EligibilityQuestion& question, const RuleUse& use) {
  return answer(use, !question.has_live_award, "The project has no other live award of this mode.");
}

}  // namespace

const std::map<std::string_view, calls::EligibilityRule>& eligibility_rules() {
  static const std::map<std::string_view, calls::EligibilityRule> rules{
      {"organisation_kind", organisation_kind},
      {"seat", seat},
      {"size_within", size_within},
      {"duration_allowed", duration_allowed},
      {"partition_offered", partition_offered},
      {"civil_use", civil_use},
      {"open_research", open_research},
      {"one_live_award", one_live_award}};
  return rules;
}

}  // namespace fabrica::policies
