#include <gtest/gtest.h>

#include "base/limits.h"
#include "calls/decide.h"
#include "ledger/apply.h"
#include "unit/support/world.h"

namespace fabrica::test {
namespace {

using namespace calls;

TEST(Time, OffersLapseAndAwardsExpire) {
  World world = with_capacity();
  EXPECT_EQ(next_deadline(world.state), std::nullopt);
  offer_award(world, lead, project, gpu, unit_hours(10));
  give_award(world, lead, project, lumi, unit_hours(20));
  const Time lapses = day_one + days(14);
  const Time expires = add_months(day_one, 3);
  EXPECT_EQ(next_deadline(world.state), lapses);
  check(world, {{"nothing yet", the_system, PassTime{}, "nothing"}});
  world.now = lapses - milliseconds(1);
  check(world, {{"not yet", the_system, PassTime{}, "nothing"}});
  world.now = lapses;
  check(world, {{"the offer", the_system, PassTime{}, "AwardLapsed Transferred AccountClosed"},
                {"once", the_system, PassTime{}, "nothing"}});
  EXPECT_EQ(world.balances(gpu_pool, gpu_award), "1000 0");
  EXPECT_EQ(next_deadline(world.state), expires);
  world.now = expires;
  check(world, {{"the award", the_system, PassTime{}, "AwardExpired Transferred AccountClosed"},
                {"once", the_system, PassTime{}, "nothing"},
                {"its hours are spent no more", lead,
                 jobs::SubmitJob{project, with(train(), &JobRequest::partition, lumi)},
                 "no_award project"}});
  EXPECT_EQ(world.balances(lumi_pool, AccountId{14}), "1000 0");
  EXPECT_EQ(next_deadline(world.state), std::nullopt);
}

// At the end of an award its jobs go on: what they hold stays, is charged, and the rest flows to
// the pool.
TEST(Time, AnAwardEndsWithLiveHolds) {
  World world = with_awards();
  const JobRequest ten_hours = with(train_on_gpu(), &JobRequest::time_limit, hours(10));
  const JobRequest array = with(ten_hours, &JobRequest::array, std::vector<std::uint32_t>{0, 1});
  for (const JobRequest& request : {ten_hours, ten_hours, array})
    world.must(lead, jobs::SubmitJob{project, request});
  EXPECT_EQ(world.balances(gpu_pool, gpu_award, gpu_usage), "900 100-40 0");
  world.now = add_months(day_one, 3);
  check(world, {{"all four awards", the_system, PassTime{},
                 "AwardExpired Transferred AccountClosed AwardExpired Transferred AccountClosed "
                 "AwardExpired Transferred AccountClosed AwardExpired Transferred AccountClosed"}});
  EXPECT_EQ(world.balances(gpu_pool, gpu_award, gpu_usage), "960 40-40 0");
  const Time then = world.now;
  check(world,
        {{"part used", the_system, ended(JobId{1}, then, then + hours(4)),
          "TaskEnded UsageCharged HoldReleased Transferred JobEnded"},
         {"all used", the_system, ended(JobId{2}, then, then + hours(10)),
          "TaskEnded UsageCharged JobEnded"},
         {"a task of two", the_system, ended(JobId{3}, then, then + hours(1)),
          "TaskEnded UsageCharged HoldReleased Transferred"},
         {"never started", the_system, ended(JobId{3}, Time{}, then, jobs::Outcome::cancelled, 1),
          "TaskEnded HoldReleased Transferred JobEnded"}});
  EXPECT_EQ(world.balances(gpu_pool, gpu_award, gpu_usage), "985 0 15");
}

// A waiting job of an award that ends at the very moment when the job turns out never to run: its
// hours must not be left in the closed account.
TEST(Time, AnAwardEndsWithDoomedJobs) {
  World world = with_awards();
  world.must(lead, jobs::SubmitJob{project, train_on_gpu()});
  world.must(lead, jobs::SubmitJob{project, with(train_on_gpu(), &JobRequest::dependencies,
                                                 std::vector{jobs::Dependency{
                                                     jobs::DependencyKind::after_ok, JobId{1}}})});
  world.must(the_system, ended(JobId{1}, day_one, day_one + hours(1), jobs::Outcome::failed));
  EXPECT_EQ(next_deadline(world.state), Time{}) << "at once";
  world.now = add_months(day_one, 3);
  EXPECT_EQ(world.pass_time(), 2) << "the awards, then the job";
  EXPECT_EQ(world.job(JobId{2}).outcome, jobs::Outcome::dependency_failed);
  EXPECT_EQ(world.balances(gpu_pool, gpu_award, gpu_usage), "999 0 1");
}

// Many at once come in several commands, none is forgotten.
TEST(Time, ManyDeadlinesAtOnce) {
  World world = with_capacity();
  constexpr std::uint64_t offers = limits::events_per_command_max / 3 + 10;
  const Time until = day_one + days(1);
  for (std::uint64_t i = 1; i <= offers; ++i) {
    const AccountId account{gpu_award.value - 1 + i};
    ledger::apply(world.state.ledger,
                  ledger::AccountOpened{account, ledger::AccountKind::award, Unit::gpu, gpu,
                                        project, ComputeTime{}, true});
    ledger::apply(world.state.ledger, ledger::Transferred{gpu_pool, account, ComputeTime{1}, ""});
    Award award;
    award.project = project;
    award.partition = gpu;
    award.account = account;
    award.accept_until = until;
    world.state.calls.awards.insert(AwardId{i}, award);
    world.state.calls.deadlines.emplace(until, AwardId{i});
  }
  world.now = until;
  std::size_t commands = 0;
  while (world.something_is_due()) {
    const auto events = world.decide_only(the_system, PassTime{});
    ASSERT_TRUE(events.has_value());
    EXPECT_LE(events->size(), limits::events_per_command_max);
    world.apply_all(the_system, *events);
    commands += 1;
  }
  EXPECT_EQ(commands, 2U);
  EXPECT_EQ(world.balances(gpu_pool), "1000");
}

}  // namespace
}  // namespace fabrica::test
