#include <gtest/gtest.h>

#include "policies/late_binding.h"
#include "policies/least_work.h"
#include "policies/registry.h"
#include "policies/site_faults.h"
#include "unit/support/world.h"

namespace fabrica::test {
namespace {

using jobs::Offer;

/// An offer of a partition: its work in hours, its units, the balance left in hours.
Offer offer(std::uint64_t partition, std::int64_t work, std::uint64_t units,
            std::int64_t balance_after) {
  Offer one;
  one.partition = PartitionId{partition};
  one.work = unit_hours(work);
  one.units_total = units;
  one.balance_after = unit_hours(balance_after);
  return one;
}

struct PlacementCase {
  std::string_view what;
  std::vector<Offer> offers;
  std::uint64_t chosen;
  std::source_location where = std::source_location::current();
};

TEST(LeastWork, Chooses) {
  const std::int64_t huge = ledger::issued_max.unit_ms() / 3'600'000;
  for (const PlacementCase& one : std::vector<PlacementCase>{
           {"the only one", {offer(3, 9, 1, 0)}, 3},
           {"the one with less work", {offer(1, 9, 16, 5), offer(2, 8, 16, 5)}, 2},
           {"in either order", {offer(2, 8, 16, 5), offer(1, 9, 16, 5)}, 2},
           {"less work for its size", {offer(1, 8, 16, 5), offer(2, 15, 32, 5)}, 2},
           {"an idle small one before a busy large one",
            {offer(1, 1, 1'000, 5), offer(2, 0, 1, 5)},
            2},
           {"as much for its size: the larger balance",
            {offer(1, 8, 16, 5), offer(2, 16, 32, 6)},
            2},
           {"balances do not matter before work", {offer(1, 8, 16, 500), offer(2, 7, 16, 6)}, 2},
           {"all equal: the lower id",
            {offer(7, 0, 16, 5), offer(4, 0, 16, 5), offer(5, 0, 16, 5)},
            4},
           {"idle ones of any size are equal", {offer(2, 0, 1, 5), offer(1, 0, 1'000, 5)}, 1},
           {"of unknown size counts as one unit", {offer(1, 2, 0, 5), offer(2, 3, 2, 5)}, 2},
           {"two of unknown size", {offer(1, 2, 0, 5), offer(2, 1, 0, 5)}, 2},
           {"exact where a double is not",
            {offer(1, huge, 1'000'003, 5), offer(2, huge - 1, 1'000'003, 5),
             offer(3, huge, 1'000'003, 5)},
            2}}) {
    const JobRequest request = train();
    const jobs::PlacementAnswer answer = policies::least_work({request, one.offers});
    ASSERT_LT(answer.chosen, one.offers.size()) << one.what;
    expect_answer(one.offers[answer.chosen].partition.value, one.chosen, one.what, one.where);
    EXPECT_FALSE(answer.reasons.empty()) << one.what;
  }
}

TEST(Refund, GivesBackWhatASiteLostButNotHere) {
  using federation::Connection;
  using jobs::Outcome;
  const struct {
    Outcome outcome;
    Connection connection;
    bool refunded;
  } cases[] = {
      {Outcome::lost, Connection::slurm, true},      {Outcome::lost, Connection::simulated, true},
      {Outcome::lost, Connection::local, false},     {Outcome::failed, Connection::slurm, false},
      {Outcome::timeout, Connection::slurm, false},  {Outcome::completed, Connection::slurm, false},
      {Outcome::cancelled, Connection::slurm, false}};
  for (const auto& one : cases) {
    EXPECT_EQ(policies::site_faults({one.outcome, one.connection}), one.refunded)
        << name_of(one.outcome) << " at a site of connection " << name_of(one.connection);
    EXPECT_FALSE(policies::no_refund({one.outcome, one.connection}));
  }
}

TEST(Registry, KnowsItsRules) {
  const Policies defaults = policies::defaults();
  EXPECT_EQ(defaults.jobs.placement_name, "late_binding");
  EXPECT_EQ(defaults.jobs.placement, &policies::late_binding);
  EXPECT_NE(defaults.calls.technical, nullptr);
  EXPECT_EQ(defaults.calls.eligibility.size(), 8U);
  EXPECT_EQ(defaults.jobs.refund, &policies::site_faults);
  const Result<Policies> refund = policies::choose({.refund = "all"});
  ASSERT_FALSE(refund.has_value());
  EXPECT_EQ(answer_of(refund.error()), "invalid refund");
  const Result<Policies> unknown = policies::choose({.placement = "most_work"});
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(answer_of(unknown.error()), "invalid placement");
  EXPECT_NE(unknown.error().text.find("least_work"), std::string::npos) << "it lists the rules";
}

}  // namespace
}  // namespace fabrica::test
