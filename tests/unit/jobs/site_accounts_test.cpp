#include "jobs/site_accounts.h"

#include <gtest/gtest.h>

#include "jobs/requests.h"
#include "unit/support/consistent.h"

/// Accounts that a site keeps for awards: when it is told of them, with which limit, and what it
/// says of them.
namespace fabrica::test {
namespace {

using namespace jobs;

constexpr JobId first_job{1};
constexpr SiteId keeper = north;

federation::RegisterSite keeps(const World& world, bool so) {
  return {with(world.state.federation.sites.at(keeper), &federation::Site::keeps_accounts, so)};
}

/// Awards of 100 unit-hours at a site that keeps accounts for the two that are there.
World with_keeper() {
  World world = with_awards();
  world.must(admin, keeps(world, true));
  return world;
}

/// What the site is told of the GPU award's account, and whether the first job may start there.
std::string told_of_account(const World& world) {
  std::string text;
  for (const SiteRequest& request : wanted(world.state.jobs, keeper)) {
    if (const auto* keep = std::get_if<KeepAccount>(&request);
        keep != nullptr && keep->account == gpu_award) {
      text += keep->closed ? "close" : "keep " + to_hours(keep->limit);
    }
    if (std::holds_alternative<StartJob>(request)) text += text.empty() ? "start" : " start";
  }
  return text.empty() ? "-" : text;
}

fabrica::Command kept_at_hours(std::int64_t hours, bool closed = false) {
  return jobs::Command{ReportFromSite{keeper, AccountKept{gpu_award, unit_hours(hours), closed}}};
}
fabrica::Command altered(bool lessened) {
  return jobs::Command{ReportFromSite{keeper, AccountFoundAltered{gpu_award, lessened, "changed"}}};
}
fabrica::Command not_kept(std::string text) {
  return jobs::Command{ReportFromSite{keeper, AccountNotKept{gpu_award, std::move(text)}}};
}

struct AccountLine {
  std::string_view what;
  PersonId actor;
  fabrica::Command command;
  std::string_view answer;
  std::string_view told;
  std::source_location where = std::source_location::current();
};

void account_life(World& world, const std::vector<AccountLine>& lines) {
  for (const AccountLine& line : lines) {
    expect_answer(world.ask(line.actor, line.command), line.answer, line.what, line.where);
    expect_answer(told_of_account(world), line.told, line.what, line.where);
    EXPECT_EQ(inconsistency(world.state), "") << line.what;
  }
}

// 100 hours and a sixty-fourth, which is 1.5625 of them.
constexpr ComputeTime first_limit{101'5625LL * 3'600'000 / 10'000};

fabrica::Command kept_first(AccountId id = gpu_award) {
  return jobs::Command{ReportFromSite{keeper, AccountKept{id, first_limit}}};
}

TEST(SiteAccounts, AJobWaitsForItsAccount) {
  World world = with_keeper();
  account_life(
      world,
      {{"submitted", lead, SubmitJob{project, train_on_gpu()}, "JobAccepted HoldPlaced JobPlaced",
        "keep 101.562"},
       {"refused there", the_system, not_kept("no right"), "AccountRefused", "keep 101.562"},
       {"said again", the_system, not_kept("no right"), "nothing", "keep 101.562"},
       {"not ours to say", lead, kept_first(), "forbidden", "keep 101.562"},
       {"of another site", the_system,
        jobs::Command{ReportFromSite{south, AccountKept{gpu_award, first_limit}}}, "nothing",
        "keep 101.562"},
       {"kept otherwise", the_system, kept_at_hours(7), "AccountProvided", "keep 101.562 start"},
       {"kept", the_system, kept_first(), "AccountProvided", "start"},
       {"said again", the_system, kept_first(), "nothing", "start"},
       {"of none", the_system, kept_first(AccountId{99}), "nothing", "start"}});
}

TEST(SiteAccounts, WhatIsTakenAwayStandsUntilTheOperatorHasItMended) {
  World world = with_keeper();
  account_life(
      world, {{"kept", the_system, kept_first(), "AccountProvided", "-"},
              {"submitted", lead, SubmitJob{project, train_on_gpu()},
               "JobAccepted HoldPlaced JobPlaced", "start"},
              {"taken away", the_system, altered(true), "AccountAltered", "-"},
              {"said again", the_system, altered(true), "nothing", "-"},
              {"not by members", lead, MendAccounts{keeper}, "forbidden site", "-"},
              {"no site", admin, MendAccounts{SiteId{99}}, "not_found site", "-"},
              {"mended", north_operator, MendAccounts{keeper}, "AccountsMended", "keep 101.562"},
              {"nothing to mend", north_operator, MendAccounts{keeper}, "nothing", "keep 101.562"},
              {"kept", the_system, kept_first(), "AccountProvided", "start"},
              {"taken away", the_system, altered(true), "AccountAltered", "-"},
              {"given back there", the_system, kept_first(), "AccountProvided", "start"}});
}

TEST(SiteAccounts, WhatIsLoosenedIsTakenBackAtOnce) {
  World world = with_keeper();
  account_life(world, {{"kept", the_system, kept_first(), "AccountProvided", "-"},
                       {"loosened", the_system, altered(false), "AccountAltered", "keep 101.562"},
                       {"kept", the_system, kept_first(), "AccountProvided", "-"}});
}

// What is given back may be used again, though the site counts it as used; what ran beyond its
// limit is counted there and not charged.
TEST(SiteAccounts, TheLimitIsNeverLessThanWhatMayBeSpent) {
  World world = with_keeper();
  world.must(the_system, kept_first());
  JobRequest large = train_on_gpu();
  large.time_limit = hours(40);
  large.gpus_per_node = 2;
  world.must(lead, SubmitJob{project, large});
  account_life(
      world,
      {{"used up", the_system, ended(first_job, day_one, day_one + hours(40)),
        "TaskEnded UsageCharged JobEnded", "-"},
       {"given back", north_operator, ledger::CorrectCharge{gpu_award, unit_hours(80), 1, "lost"},
        "ChargeCorrected", "keep 182.812"},
       {"kept", the_system,
        jobs::Command{ReportFromSite{keeper, AccountKept{gpu_award, ComputeTime{658'125'000}}}},
        "AccountProvided", "-"},
       {"another", lead, SubmitJob{project, large}, "JobAccepted HoldPlaced JobPlaced", "start"},
       {"killed ten hours late", the_system,
        ended(JobId{2}, day_one + hours(100), day_one + hours(150), Outcome::timeout),
        "TaskEnded UsageCharged JobEnded", "keep 203.125"},
       {"taken again", north_operator, ledger::CorrectCharge{gpu_award, unit_hours(-20), 1, "no"},
        "ChargeCorrected", "keep 203.125"}});
}

TEST(SiteAccounts, AnAwardThatIsOverTakesNoMoreJobsOnceItHoldsNothing) {
  World world = with_keeper();
  world.must(the_system, kept_first());
  world.must(lead, SubmitJob{project, train_on_gpu()});
  world.must(the_system, started(first_job, day_one));
  world.now = day_one + days(100);
  world.pass_time();
  account_life(world, {{"its job goes on", the_system, queued(first_job), "nothing", "keep 2.000"},
                       {"kept", the_system, kept_at_hours(2), "AccountProvided", "-"},
                       {"ended", the_system, ended(first_job, day_one, day_one + hours(1)),
                        "TaskEnded UsageCharged JobEnded", "close"},
                       {"not yet closed", the_system, kept_at_hours(2), "nothing", "close"},
                       {"closed", the_system, kept_at_hours(0, true), "AccountShut", "-"},
                       {"opened there", the_system, altered(false), "AccountAltered", "close"},
                       {"closed again", the_system, kept_at_hours(0, true), "AccountShut", "-"},
                       {"lessened is nothing", the_system, altered(true), "nothing", "-"}});
}

TEST(SiteAccounts, ASiteThatStopsToKeepThemLetsItsJobsGo) {
  World world = with_keeper();
  world.must(lead, SubmitJob{project, train_on_gpu()});
  account_life(world, {{"stops", admin, keeps(world, false), "SiteRegistered", "start"},
                       {"not heard", the_system, kept_first(), "nothing", "start"},
                       {"begins", admin, keeps(world, true), "SiteRegistered", "keep 101.562"},
                       {"kept", the_system, kept_first(), "AccountProvided", "start"}});
}

}  // namespace
}  // namespace fabrica::test
