#include <gtest/gtest.h>

#include "base/limits.h"
#include "policies/site_faults.h"
#include "unit/support/consistent.h"
#include "unit/support/world.h"

/// Earlier runs of a requeued task: each is charged once, the hold goes on to cover the next run,
/// and no account pays more than it has.
namespace fabrica::test::past_runs {
namespace {

using namespace jobs;

constexpr JobId sent{1};

/// A run that began so many minutes after the first day's morning.
SiteRunEnded run_of(int began, int ran, std::uint32_t restarts,
                    Outcome outcome = Outcome::cancelled) {
  SiteRunEnded report;
  report.job = sent;
  report.key = {17, day_one, day_one + minutes(began), restarts};
  report.ended = day_one + minutes(began + ran);
  report.outcome = outcome;
  return report;
}
ReportFromSite requeued(int began, int ran, std::uint32_t restarts,
                        Outcome outcome = Outcome::cancelled) {
  return {north, run_of(began, ran, restarts, outcome)};
}
ReportFromSite speaking(int began, int ran, std::uint32_t restarts) {
  return {north, with(run_of(began, ran, restarts), &SiteRunEnded::says_start, true)};
}
ReportFromSite ended_at(int began, int ran, std::uint32_t restarts,
                        Outcome outcome = Outcome::completed) {
  SiteEnded report =
      ended_report(sent, day_one + minutes(began), day_one + minutes(began + ran), outcome);
  report.key = {17, day_one, report.started, restarts};
  return {north, report};
}

struct Step {
  std::string_view what;
  PersonId actor;
  fabrica::Command command;
  std::string_view answer;
  std::string_view standing;  // phase, what the site should be told, the account, its usage
  std::source_location where = std::source_location::current();
};

void walk(World& world, std::initializer_list<Step> lines) {
  for (const Step& line : lines) {
    expect_answer(world.ask(line.actor, line.command), line.answer, line.what, line.where);
    EXPECT_EQ(inconsistency(world.state), "") << line.what;
    const Job& now = world.job(sent);
    const std::string standing =
        fmt::format("{}{} {}", name_of(now.phase),
                    now.cancel_requested && now.phase != JobPhase::ended ? " stop" : "",
                    world.balances(now.account, gpu_usage));
    expect_answer(standing, line.standing, line.what, line.where);
  }
}

/// A world with the job, on an account with so many hours, at a Slurm site.
World with_placed_job(std::int64_t award_hours, JobRequest request = train_on_gpu()) {
  World world = with_capacity();
  give_award(world, lead, project, gpu, unit_hours(award_hours));
  world.state.federation.sites.at(north).connection = federation::Connection::slurm;
  world.must(lead, SubmitJob{project, std::move(request)});
  return world;
}
World with_job_of(std::int64_t award_hours, JobRequest request = train_on_gpu()) {
  World world = with_placed_job(award_hours, std::move(request));
  world.must(the_system, queued(sent));
  return world;
}

TEST(PastRuns, EachIsChargedOnceAndTheHoldGoesOn) {
  World world = with_job_of(100);
  walk(world, {{"a user's requeue", the_system, requeued(0, 30, 0),
                "RunEnded UsageCharged HoldExtended", "queued 99h+1800000ms-1 0h+1800000ms"},
               {"said again", the_system, requeued(0, 30, 0), "nothing",
                "queued 99h+1800000ms-1 0h+1800000ms"},
               {"the first, known only now", the_system, requeued(-60, 30, 0),
                "RunEnded UsageCharged HoldExtended", "queued 99-1 1"},
               {"it took no time", the_system, requeued(40, 0, 1), "nothing", "queued 99-1 1"},
               {"a node failed", the_system, requeued(40, 60, 1, Outcome::lost),
                "RunEnded UsageCharged ChargeCorrected HoldExtended", "queued 99-1 1"},
               {"the end", the_system, ended_at(200, 15, 2),
                "TaskEnded UsageCharged HoldReleased JobEnded", "ended 98h+2700000ms 1h+900000ms"},
               {"the last run is no earlier one", the_system, requeued(200, 15, 2), "nothing",
                "ended 98h+2700000ms 1h+900000ms"},
               {"nor under another number", the_system, requeued(200, 15, 1), "nothing",
                "ended 98h+2700000ms 1h+900000ms"},
               {"one that was not known", the_system, requeued(120, 15, 1),
                "RunEnded ChargeCorrected", "ended 98h+1800000ms 1h+1800000ms"},
               {"said again", the_system, requeued(120, 15, 1), "nothing",
                "ended 98h+1800000ms 1h+1800000ms"},
               {"another attempt", the_system,
                ReportFromSite{north, with(run_of(150, 15, 1), &SiteRunEnded::attempt, 2U)},
                "nothing", "ended 98h+1800000ms 1h+1800000ms"},
               {"another site", the_system, ReportFromSite{south, run_of(150, 15, 1)}, "nothing",
                "ended 98h+1800000ms 1h+1800000ms"}});
}

TEST(PastRuns, WhatWasAnEarlierRunIsNotChargedAsTheLast) {
  World world = with_job_of(100);
  walk(world, {{"", the_system, requeued(0, 30, 0), "RunEnded UsageCharged HoldExtended",
                "queued 99h+1800000ms-1 0h+1800000ms"},
               {"", the_system, ended_at(0, 30, 0), "TaskEnded HoldReleased JobEnded",
                "ended 99h+1800000ms 0h+1800000ms"}});
}

TEST(PastRuns, WhatTheAccountDoesNotHaveIsOwedAndTheJobIsStopped) {
  World world = with_job_of(1);
  walk(world, {{"the hold is all there is", the_system, requeued(0, 40, 0),
                "RunEnded JobCancelRequested", "queued stop 1-1 0"},
               {"another run before it is stopped", the_system, requeued(50, 6, 1), "RunEnded",
                "queued stop 1-1 0"},
               {"its end leaves what it owes", the_system, ended_at(60, 12, 2, Outcome::cancelled),
                "TaskEnded UsageCharged OwedCharged UsageCharged OwedCharged UsageCharged "
                "HoldReleased JobEnded",
                "ended 0h+120000ms 0h+3480000ms"}});
  EXPECT_EQ(world.state.jobs.past_runs.at(sent)[0].owed, ComputeTime{});
}

TEST(PastRuns, WhatTheHoldCannotPayStaysOwed) {
  World world = with_job_of(1);
  walk(world, {{"the whole limit", the_system, requeued(0, 60, 0), "RunEnded JobCancelRequested",
                "queued stop 1-1 0"},
               {"and most of it again", the_system, ended_at(90, 45, 1, Outcome::cancelled),
                "TaskEnded UsageCharged OwedCharged UsageCharged JobEnded", "ended 0 1"}});
  EXPECT_EQ(world.state.jobs.past_runs.at(sent)[0].owed, ComputeTime{45 * 60'000});
}

TEST(PastRuns, ASitesFaultStopsNobody) {
  World world = with_job_of(1);
  walk(world, {{"all of the hold, and back", the_system, requeued(0, 60, 0, Outcome::lost),
                "RunEnded UsageCharged ChargeCorrected HoldExtended", "queued 1-1 0"},
               {"the end", the_system, ended_at(90, 60, 1), "TaskEnded UsageCharged JobEnded",
                "ended 0 1"}});
  World harsh = with_job_of(1);
  harsh.policies.jobs.refund = policies::no_refund;
  walk(harsh, {{"where nothing is given back", the_system, requeued(0, 60, 0, Outcome::lost),
                "RunEnded JobCancelRequested", "queued stop 1-1 0"}});
}

TEST(PastRuns, AnAwardThatIsOverPaysForTheLastRunOnly) {
  World world = with_job_of(10);
  world.now = world.now + days(100);
  world.pass_time();
  walk(world, {{"a node failed", the_system, requeued(0, 60, 0, Outcome::lost),
                "RunEnded UsageCharged ChargeCorrected HoldExtended", "queued 1-1 0"},
               {"a user's", the_system, requeued(100, 15, 1), "RunEnded JobCancelRequested",
                "queued stop 1-1 0"},
               {"the end", the_system, ended_at(120, 15, 2),
                "TaskEnded UsageCharged OwedCharged UsageCharged HoldReleased Transferred JobEnded",
                "ended 0 0h+1800000ms"},
               {"late", the_system, requeued(110, 5, 1), "RunEnded", "ended 0 0h+1800000ms"}});
}

TEST(PastRuns, ARunThatDidNotSayThatItBeginsIsFree) {
  World world = with_placed_job(100);
  world.must(the_system, ReportFromSite{north, SiteBound{sent, 1, "c1", {17, day_one}}});
  walk(world,
       {{"could not ask", the_system, speaking(0, 10, 0), "RunEnded", "placed 100-1 0"},
        {"the second begins", the_system, BeginTask{{sent, 1, 0, 17, 1}}, "TaskStarted",
         "running 100-1 0"},
        {"it is requeued", the_system, speaking(20, 15, 1), "RunEnded UsageCharged HoldExtended",
         "running 99h+2700000ms-1 0h+900000ms"},
        {"the third never asked", the_system, speaking(40, 15, 2), "RunEnded",
         "running 99h+2700000ms-1 0h+900000ms"},
        {"nor said that it returned: the site settles", the_system, ended_at(60, 30, 3),
         "TaskEnded UsageCharged HoldReleased JobEnded", "ended 99h+900000ms 0h+2700000ms"}});
}

TEST(PastRuns, ARequeuedJobThatVanishesIsNotTriedAgain) {
  World world = with_job_of(100);
  walk(world, {{"", the_system, requeued(0, 30, 0), "RunEnded UsageCharged HoldExtended",
                "queued 99h+1800000ms-1 0h+1800000ms"},
               {"vanished", the_system, ReportFromSite{north, SiteAbsent{sent, 1, "gone"}},
                "TaskEnded HoldReleased JobEnded", "ended 99h+1800000ms 0h+1800000ms"}});
}

TEST(PastRuns, TasksOfAnArrayAreKeptApart) {
  World world = with_job_of(100, with(train_on_gpu(), &JobRequest::array, std::vector{1U, 2U}));
  SiteRunEnded second = with(run_of(0, 30, 0), &SiteRunEnded::task, 1U);
  SiteRunEnded none = with(second, &SiteRunEnded::task, 2U);
  walk(world,
       {{"the first", the_system, requeued(0, 30, 0), "RunEnded UsageCharged HoldExtended",
         "queued 99h+1800000ms-2 0h+1800000ms"},
        {"the second", the_system, ReportFromSite{north, second},
         "RunEnded UsageCharged HoldExtended", "queued 99-2 1"},
        {"no such task", the_system, ReportFromSite{north, none}, "nothing", "queued 99-2 1"}});
}

TEST(PastRuns, AreBounded) {
  World world = with_job_of(100);
  for (std::size_t i = 0; i < limits::past_runs_max; ++i)
    world.must(the_system, requeued(static_cast<int>(i) * 2, 0, 0));
  EXPECT_FALSE(world.state.jobs.past_runs.contains(sent)) << "what took no time is not kept";
  SiteRunEnded brief = run_of(0, 0, 0);
  for (std::size_t i = 0; i <= limits::past_runs_max; ++i) {
    brief.key.started = day_one + seconds(static_cast<std::int64_t>(i) + 1);
    brief.ended = brief.key.started + milliseconds(1);
    world.must(the_system, ReportFromSite{north, brief});
  }
  EXPECT_EQ(world.state.jobs.past_runs.at(sent).size(), limits::past_runs_max);
}

}  // namespace
}  // namespace fabrica::test::past_runs
