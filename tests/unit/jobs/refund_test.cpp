#include <gtest/gtest.h>

#include "policies/site_faults.h"
#include "unit/support/world.h"

/// What a site lost is given back, as a new entry, where the rule in force says so.
namespace fabrica::test::refund {
namespace {

using namespace jobs;

constexpr JobId sent{1};

std::string ends_with(Outcome outcome, RefundRule rule, std::string_view balance,
                      std::source_location where = std::source_location::current()) {
  World world = with_awards();
  world.policies.jobs.refund = rule;
  world.state.federation.sites.at(north).connection = federation::Connection::slurm;
  world.must(lead, SubmitJob{project, train_on_gpu()});
  const std::string said = world.ask(
      the_system, ReportFromSite{north, ended_report(sent, day_one, day_one + hours(1), outcome)});
  expect_answer(world.balances(world.job(sent).account), balance, name_of(outcome), where);
  return said;
}

TEST(Refund, IsAnEntryOfItsOwnAndTheChargeStands) {
  EXPECT_EQ(ends_with(Outcome::lost, policies::site_faults, "100"),
            "TaskEnded UsageCharged ChargeCorrected JobEnded");
  EXPECT_EQ(ends_with(Outcome::lost, policies::no_refund, "99"), "TaskEnded UsageCharged JobEnded");
  EXPECT_EQ(ends_with(Outcome::failed, policies::site_faults, "99"),
            "TaskEnded UsageCharged JobEnded");
}

}  // namespace
}  // namespace fabrica::test::refund
