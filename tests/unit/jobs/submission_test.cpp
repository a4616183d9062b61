#include <gtest/gtest.h>

#include "base/limits.h"
#include "jobs/requests.h"
#include "unit/support/world.h"

/// How a job comes to a site whose answers may be lost: unknown, bound, absent, tried again.
namespace fabrica::test {
namespace {

using namespace jobs;

constexpr JobId sent{1};
const Binding binding{17, day_one};

ReportFromSite unknown(std::uint32_t attempt = 1) {
  return {north, SiteUnknown{sent, attempt, "no answer"}};
}
ReportFromSite bound(std::uint32_t attempt = 1, Binding to = binding) {
  return {north, SiteBound{sent, attempt, "c1", to}};
}
ReportFromSite absent(std::uint32_t attempt = 1) {
  return {north, SiteAbsent{sent, attempt, "not there"}};
}
ReportFromSite queued_as(std::uint32_t attempt) {
  return {north, SiteQueued{sent, "c1:17", attempt}};
}
ReportFromSite ended_as(std::uint32_t attempt) {
  SiteEnded report = ended_report(sent, day_one, day_one + hours(1), Outcome::completed);
  report.attempt = attempt;
  return {north, report};
}

std::string told(const fabrica::State& state) {
  struct Word {
    std::string operator()(const StartJob& one) const {
      return fmt::format("start {}", one.attempt);
    }
    std::string operator()(const FindJob& one) const { return fmt::format("find {}", one.attempt); }
    std::string operator()(const ReleaseJob& one) const {
      return fmt::format("release {} {}", one.attempt, one.binding.id);
    }
    std::string operator()(const StopJob& one) const {
      return fmt::format("stop {} {}", one.attempt, one.binding.id);
    }
    std::string operator()(const KeepAccount&) const { return "keep"; }
  };
  const std::vector<SiteRequest> requests = wanted(state.jobs, north);
  return requests.empty() ? "-" : std::visit(Word{}, requests.front());
}

struct Step {
  std::string_view what;
  PersonId actor;
  fabrica::Command command;
  std::string_view answer;
  std::string_view standing;  // phase, submission, what the site is told, the award's balance
  std::source_location where = std::source_location::current();
};

void submission(std::initializer_list<Step> lines) {
  World world = with_awards();
  world.must(lead, SubmitJob{project, train_on_gpu()});
  for (const Step& line : lines) {
    expect_answer(world.ask(line.actor, line.command), line.answer, line.what, line.where);
    const Job& now = world.job(sent);
    const std::string standing =
        fmt::format("{} {} {} {}", name_of(now.phase), name_of(now.submission), told(world.state),
                    world.balances(now.account));
    expect_answer(standing, line.standing, line.what, line.where);
  }
}

TEST(Submission, BoundBeforeItIsLetGo) {
  submission(
      {{"bound", the_system, bound(), "JobBound", "placed bound release 1 17 100-1"},
       {"said again", the_system, bound(), "nothing", "placed bound release 1 17 100-1"},
       {"another id", the_system, bound(1, {18, day_one}), "nothing",
        "placed bound release 1 17 100-1"},
       {"doubt comes too late", the_system, unknown(), "nothing",
        "placed bound release 1 17 100-1"},
       {"let go", the_system, queued_as(1), "JobQueued", "queued bound - 100-1"},
       {"ended", the_system, ended_as(1), "TaskEnded UsageCharged JobEnded", "ended bound - 99"}});
}

TEST(Submission, AnUnknownOneIsLookedForAndFound) {
  submission({{"unknown", the_system, unknown(), "JobUnknown", "placed unknown find 1 100-1"},
              {"said again", the_system, unknown(), "nothing", "placed unknown find 1 100-1"},
              {"found", the_system, bound(), "JobBound", "placed bound release 1 17 100-1"},
              {"without a name it is not bound", the_system, bound(1, {}), "nothing",
               "placed bound release 1 17 100-1"}});
}

TEST(Submission, AnAbsentOneIsTriedAgainAndItsLateReportsChangeNothing) {
  submission(
      {{"unknown", the_system, unknown(), "JobUnknown", "placed unknown find 1 100-1"},
       {"absent", the_system, absent(), "JobRetried", "placed none start 2 100-1"},
       {"said again", the_system, absent(), "nothing", "placed none start 2 100-1"},
       {"a late copy", the_system, bound(1), "nothing", "placed none start 2 100-1"},
       {"in its queue", the_system, queued_as(1), "nothing", "placed none start 2 100-1"},
       {"even its end", the_system, ended_as(1), "nothing", "placed none start 2 100-1"},
       {"the second", the_system, bound(2), "JobBound", "placed bound release 2 17 100-1"},
       {"ended", the_system, ended_as(2), "TaskEnded UsageCharged JobEnded", "ended bound - 99"}});
}

TEST(Submission, OneThatVanishedFromTheQueueIsTriedAgain) {
  submission({{"bound", the_system, bound(), "JobBound", "placed bound release 1 17 100-1"},
              {"let go", the_system, queued_as(1), "JobQueued", "queued bound - 100-1"},
              {"vanished", the_system, absent(), "JobRetried", "placed none start 2 100-1"}});
}

TEST(Submission, OneThatHasBegunIsNeverTriedAgain) {
  submission(
      {{"bound", the_system, bound(), "JobBound", "placed bound release 1 17 100-1"},
       {"begun", the_system, started(sent, day_one), "TaskStarted", "running bound - 100-1"},
       {"absent", the_system, absent(), "TaskEnded HoldReleased JobEnded", "ended bound - 100"}});
}

TEST(Submission, CancelledOnesAreNotTriedAgainAndGiveTheirHoldBack) {
  submission(
      {{"unknown", the_system, unknown(), "JobUnknown", "placed unknown find 1 100-1"},
       {"cancelled", lead, CancelJob{sent}, "JobCancelRequested", "placed unknown stop 1 0 100-1"},
       {"found", the_system, bound(), "JobBound", "placed bound stop 1 17 100-1"},
       {"gone", the_system, absent(), "TaskEnded HoldReleased JobEnded", "ended bound - 100"}});
}

TEST(Submission, ASiteThatLosesEveryAttemptIsGivenUp) {
  World world = with_awards();
  world.must(lead, SubmitJob{project, train_on_gpu()});
  for (std::uint32_t attempt = 1; attempt < limits::attempts_max; ++attempt)
    world.must(the_system, absent(attempt));
  expect_answer(world.ask(the_system, absent(limits::attempts_max)),
                "TaskEnded HoldReleased JobEnded", "the last attempt",
                std::source_location::current());
  EXPECT_EQ(world.job(sent).outcome, Outcome::launch_failed);
  EXPECT_EQ(world.balances(world.job(sent).account), "100");
}

}  // namespace
}  // namespace fabrica::test
