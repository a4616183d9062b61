#include "policies/eligibility.h"

#include <gtest/gtest.h>

#include <set>

#include "unit/support/world.h"

namespace fabrica::test {
namespace {

using calls::AccessMode;
using calls::Application;
using calls::RuleUse;
using calls::SizeRange;
using calls::Verdict;
using federation::Organisation;
using federation::OrganisationKind;

/// A rule's question; each case changes one thing of what would pass.
struct Question {
  Organisation organisation{"Start-up", "PT", OrganisationKind::start_up};
  AccessMode mode = playground();
  calls::Call call{playground_mode, "A call", {gpu, lumi}, day_one, never};
  Application application = test::application();
  federation::Partition partition = partition_of("north-gpu", north, north_system, Unit::gpu);
  bool has_live_award = false;
};

struct RuleCase {
  std::string_view what;
  RuleUse use;
  Question question;
  bool passes;
  std::source_location where = std::source_location::current();
};

Question of_kind(OrganisationKind kind) {
  return with(Question{}, &Question::organisation, Organisation{"O", "PT", kind});
}
Question seated_in(std::string country) {
  return with(Question{}, &Question::organisation,
              Organisation{"O", std::move(country), OrganisationKind::sme});
}
Question asking(auto member, auto value) {
  return with(Question{}, &Question::application, with(application(), member, value));
}
Question sized(std::vector<SizeRange> sizes) {
  return with(Question{}, &Question::mode, with(playground(), &AccessMode::sizes, sizes));
}
Question secret(OrganisationKind kind) {
  return with(of_kind(kind), &Question::application,
              with(application(), &Application::open_research, false));
}

RuleUse rule(std::string name, std::vector<std::string> any_of = {}) {
  return {std::move(name), std::move(any_of), "No."};
}

std::vector<RuleCase> cases() {
  const RuleUse kinds = rule("organisation_kind", {"start_up", "sme"});
  const RuleUse seats = rule("seat", {"PT", "ES"});
  const ComputeTime ten = unit_hours(10);
  const ComputeTime more{ten.unit_ms() + 1};
  const ComputeTime less{ten.unit_ms() - 1};
  return {
      {"a kind of the list", kinds, of_kind(OrganisationKind::sme), true},
      {"another kind", kinds, of_kind(OrganisationKind::large_company), false},
      {"a list of none", rule("organisation_kind"), Question{}, false},
      {"a seat of the list", seats, seated_in("ES"), true},
      {"another seat", seats, seated_in("US"), false},
      {"part of a code is no code", seats, seated_in("P"), false},
      {"the package", rule("size_within"), Question{}, true},
      {"a millisecond more", rule("size_within"), asking(&Application::amount, more), false},
      {"a millisecond less", rule("size_within"), asking(&Application::amount, less), false},
      {"the upper end of a range", rule("size_within"),
       sized({{Unit::gpu, unit_hours(1), ten, false}}), true},
      {"the lower end", rule("size_within"), sized({{Unit::gpu, ten, unit_hours(90), false}}),
       true},
      {"above it", rule("size_within"), sized({{Unit::gpu, unit_hours(1), less, false}}), false},
      {"about that much", rule("size_within"),
       sized({{Unit::gpu, unit_hours(1), unit_hours(2), true}}), true},
      {"a size in another unit says nothing", rule("size_within"),
       sized({{Unit::core, unit_hours(1), ten, false}}), false},
      {"each unit has its own", rule("size_within"),
       sized({{Unit::core, unit_hours(1), unit_hours(2), false}, {Unit::gpu, ten, ten, false}}),
       true},
      {"no size", rule("size_within"), sized({}), false},
      {"a duration of the mode", rule("duration_allowed"), asking(&Application::months, 3), true},
      {"another", rule("duration_allowed"), asking(&Application::months, 4), false},
      {"a partition of the call", rule("partition_offered"), asking(&Application::partition, lumi),
       true},
      {"another", rule("partition_offered"), asking(&Application::partition, cpu), false},
      {"civil", rule("civil_use"), Question{}, true},
      {"not declared", rule("civil_use"), asking(&Application::civil_use, false), false},
      {"open", rule("open_research"), Question{}, true},
      {"a start-up must declare it", rule("open_research"), secret(OrganisationKind::start_up),
       false},
      {"so must a large company", rule("open_research"), secret(OrganisationKind::large_company),
       false},
      {"a university need not", rule("open_research"), secret(OrganisationKind::research), true},
      {"nor a ministry", rule("open_research"), secret(OrganisationKind::public_sector), true},
      {"the first award", rule("one_live_award"), Question{}, true},
      {"a second one", rule("one_live_award"), with(Question{}, &Question::has_live_award, true),
       false},
  };
}

TEST(Eligibility, EachRule) {
  for (const RuleCase& one : cases()) {
    const Question& asked = one.question;
    const Verdict verdict = policies::eligibility_rules().at(one.use.rule)(
        {asked.organisation, asked.mode, asked.call, asked.application, asked.partition,
         asked.has_live_award},
        one.use);
    expect_answer(verdict.passed, one.passes, fmt::format("{}: {}", one.use.rule, one.what),
                  one.where);
    EXPECT_EQ(verdict.rule, one.use.rule);
    if (verdict.passed) {
      EXPECT_FALSE(verdict.reason.empty()) << one.use.rule << ": " << one.what;
      EXPECT_NE(verdict.reason, "No.") << "a rule that passed says why in its own words";
    } else {
      EXPECT_EQ(verdict.reason, "No.") << "a rule that failed says what the mode says";
    }
  }
}

// Every rule that a mode may name is tested above both ways.
TEST(Eligibility, NoRuleIsForgotten) {
  std::set<std::pair<std::string_view, bool>> tested;
  const std::vector<RuleCase> all = cases();
  for (const RuleCase& one : all) tested.emplace(one.use.rule, one.passes);
  for (const auto& [name, rule] : policies::eligibility_rules()) {
    EXPECT_TRUE(tested.contains({name, true})) << name;
    EXPECT_TRUE(tested.contains({name, false})) << name;
  }
  EXPECT_EQ(tested.size(), 2 * policies::eligibility_rules().size());
}

}  // namespace
}  // namespace fabrica::test
