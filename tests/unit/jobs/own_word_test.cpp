#include <gtest/gtest.h>

#include "unit/support/world.h"

/// What tasks say of themselves, and what it counts for: they ask before they run, and where their
/// site forgets them their own word settles them.
namespace fabrica::test::own_word {
namespace {

using namespace jobs;

constexpr JobId sent{1};

BeginTask begin(std::uint32_t attempt = 1, std::uint64_t binding = 17, std::uint32_t task = 0,
                std::uint32_t run = 0) {
  return {{sent, attempt, task, binding, run}};
}
ReturnTask returned(std::int32_t code, std::uint32_t run = 0, std::uint32_t task = 0) {
  return {{sent, 1, task, 17, run}, code};
}
ReportFromSite bound(std::uint32_t attempt = 1) {
  return {north, SiteBound{sent, attempt, "c1", {17, day_one}}};
}
ReportFromSite absent() { return {north, SiteAbsent{sent, 1, "forgotten"}}; }
ReportFromSite ended(Outcome outcome, Time from = day_one, Time to = day_one + hours(1)) {
  SiteEnded report = ended_report(sent, from, to, outcome);
  report.says_start = true;
  return {north, report};
}

struct Step {
  std::string_view what;
  PersonId actor;
  Duration later;  // than the step before
  fabrica::Command command;
  std::string_view answer;
  std::string_view standing;  // phase, outcome, when it returned, the award's balance
  std::source_location where = std::source_location::current();
};

void own_words(std::initializer_list<Step> lines, JobRequest request = train_on_gpu()) {
  World world = with_awards();
  world.must(lead, SubmitJob{project, std::move(request)});
  for (const Step& line : lines) {
    world.now = world.now + line.later;
    expect_answer(world.ask(line.actor, line.command), line.answer, line.what, line.where);
    const Job& now = world.job(sent);
    const Task& task = now.tasks[0];
    const std::string standing =
        fmt::format("{} {} {} {}", name_of(now.phase), name_of(task.outcome),
                    task.returned == Time{} ? "-" : "returned", world.balances(now.account));
    expect_answer(standing, line.standing, line.what, line.where);
  }
}

TEST(OwnWord, ATaskRunsOnlyAsTheOneCopyThatCounts) {
  own_words({
      {"too early", the_system, {}, begin(), "not_bound job", "placed none - 100-1"},
      {"bound", the_system, {}, bound(), "JobBound", "placed none - 100-1"},
      {"a person", lead, {}, begin(), "forbidden", "placed none - 100-1"},
      {"a copy", the_system, {}, begin(1, 18), "superseded job", "placed none - 100-1"},
      {"another attempt", the_system, {}, begin(2), "superseded job", "placed none - 100-1"},
      {"another task", the_system, {}, begin(1, 17, 1), "superseded job", "placed none - 100-1"},
      {"the one", the_system, {}, begin(), "TaskStarted", "running none - 100-1"},
      {"asked again", the_system, {}, begin(), "nothing", "running none - 100-1"},
      {"anew", the_system, {}, begin(1, 17, 0, 1), "TaskStarted", "running none - 100-1"},
      {"the run before", the_system, {}, returned(0, 0), "superseded job", "running none - 100-1"},
      {"returned", the_system, {}, returned(0, 1), "TaskReturned", "running none returned 100-1"},
      {"said twice", the_system, {}, returned(3, 1), "nothing", "running none returned 100-1"},
      {"ended",
       the_system,
       {},
       ended(Outcome::completed),
       "TaskEnded UsageCharged JobEnded",
       "ended completed returned 99"},
      {"too late",
       the_system,
       {},
       begin(1, 17, 0, 1),
       "superseded job",
       "ended completed returned 99"},
  });
}

TEST(OwnWord, ACancelledTaskDoesNotBegin) {
  own_words({
      {"bound", the_system, {}, bound(), "JobBound", "placed none - 100-1"},
      {"cancelled", lead, {}, CancelJob{sent}, "JobCancelRequested", "placed none - 100-1"},
      {"begins", the_system, {}, begin(), "superseded job", "placed none - 100-1"},
  });
}

TEST(OwnWord, OneThatDidNotSayThatItReturnsCannot) {
  own_words({
      {"bound", the_system, {}, bound(), "JobBound", "placed none - 100-1"},
      {"returned", the_system, {}, returned(0), "superseded job", "placed none - 100-1"},
  });
}

TEST(OwnWord, SettlesWhatItsSiteForgot) {
  own_words({
      {"bound", the_system, {}, bound(), "JobBound", "placed none - 100-1"},
      {"begins", the_system, {}, begin(), "TaskStarted", "running none - 100-1"},
      {"returned", the_system, minutes(30), returned(0), "TaskReturned",
       "running none returned 100-1"},
      {"forgotten", the_system, minutes(9), absent(),
       "TaskEnded UsageCharged HoldReleased JobEnded", "ended completed returned 99h+1800000ms"},
  });
  own_words({
      {"bound", the_system, {}, bound(), "JobBound", "placed none - 100-1"},
      {"begins", the_system, {}, begin(), "TaskStarted", "running none - 100-1"},
      {"returned", the_system, minutes(30), returned(3), "TaskReturned",
       "running none returned 100-1"},
      {"lost", the_system, minutes(9), ended(Outcome::lost, day_one, day_one),
       "TaskEnded UsageCharged HoldReleased JobEnded", "ended failed returned 99h+1800000ms"},
  });
}

// It says nothing when it is ended from outside, so the site cannot have done that.
TEST(OwnWord, SettlesWhatItsSiteSaysItEnded) {
  for (const auto& [said, code, becomes] : {std::tuple{Outcome::timeout, 0, "completed"},
                                            std::tuple{Outcome::cancelled, 0, "completed"},
                                            std::tuple{Outcome::timeout, 4, "failed"}}) {
    const std::string standing = fmt::format("ended {} returned 99h+1800000ms", becomes);
    own_words({
        {"bound", the_system, {}, bound(), "JobBound", "placed none - 100-1"},
        {"begins", the_system, {}, begin(), "TaskStarted", "running none - 100-1"},
        {"returned", the_system, minutes(30), returned(code), "TaskReturned",
         "running none returned 100-1"},
        {name_of(said), the_system, minutes(40), ended(said),
         "TaskEnded UsageCharged HoldReleased JobEnded", standing},
    });
  }
  own_words({
      {"bound", the_system, {}, bound(), "JobBound", "placed none - 100-1"},
      {"begins", the_system, {}, begin(), "TaskStarted", "running none - 100-1"},
      {"a real one", the_system, hours(1), ended(Outcome::timeout),
       "TaskEnded UsageCharged JobEnded", "ended timeout - 99"},
  });
  // How a script ended of itself its site knows better: it saw what the script's exit hides.
  own_words({
      {"bound", the_system, {}, bound(), "JobBound", "placed none - 100-1"},
      {"begins", the_system, {}, begin(), "TaskStarted", "running none - 100-1"},
      {"returned", the_system, minutes(30), returned(0), "TaskReturned",
       "running none returned 100-1"},
      {"out of memory", the_system, minutes(1), ended(Outcome::out_of_memory),
       "TaskEnded UsageCharged JobEnded", "ended out_of_memory returned 99"},
  });
}

TEST(OwnWord, WhatReturnedIsNotRunAgain) {
  own_words({
      {"bound", the_system, {}, bound(), "JobBound", "placed none - 100-1"},
      {"begins", the_system, {}, begin(), "TaskStarted", "running none - 100-1"},
      {"returned", the_system, minutes(30), returned(3), "TaskReturned",
       "running none returned 100-1"},
      {"its site forgot, and runs it again", the_system, minutes(5), begin(1, 17, 0, 1), "nothing",
       "running none returned 100-1"},
      {"and says how that ended", the_system, minutes(5), ended(Outcome::failed),
       "TaskEnded UsageCharged JobEnded", "ended failed returned 99"},
  });
}

TEST(OwnWord, WithoutItNothingOfAForgottenTaskIsCharged) {
  own_words({
      {"bound", the_system, {}, bound(), "JobBound", "placed none - 100-1"},
      {"begins", the_system, {}, begin(), "TaskStarted", "running none - 100-1"},
      {"forgotten", the_system, minutes(9), absent(), "TaskEnded HoldReleased JobEnded",
       "ended lost - 100"},
  });
}

TEST(OwnWord, ATaskThatNeverBeganIsNotCharged) {
  for (const auto& [said, becomes] :
       {std::pair{Outcome::completed, "launch_failed"}, std::pair{Outcome::failed, "launch_failed"},
        std::pair{Outcome::timeout, "timeout"}, std::pair{Outcome::cancelled, "cancelled"}}) {
    const std::string standing = fmt::format("ended {} - 100", becomes);
    own_words({{"bound", the_system, {}, bound(), "JobBound", "placed none - 100-1"},
               {name_of(said),
                the_system,
                {},
                ended(said),
                "TaskEnded HoldReleased JobEnded",
                standing}});
  }
}

TEST(OwnWord, OfAForgottenArrayEachTaskIsSettledByWhatItSaid) {
  JobRequest array = train_on_gpu();
  array.array = {0, 1, 2};
  World world = with_awards();
  world.must(lead, SubmitJob{project, array});
  world.must(the_system, bound());
  for (const std::uint32_t task : {0U, 1U}) world.must(the_system, begin(1, 17, task));
  world.now = world.now + minutes(30);
  world.must(the_system, returned(0, 0, 1));
  world.must(the_system, absent());
  const Job& job = world.job(sent);
  EXPECT_EQ(job.phase, JobPhase::ended);
  EXPECT_EQ(job.outcome, Outcome::lost);
  EXPECT_EQ(job.tasks[0].outcome, Outcome::lost);
  EXPECT_EQ(job.tasks[1].outcome, Outcome::completed);
  EXPECT_EQ(job.tasks[2].outcome, Outcome::lost);
  EXPECT_EQ(world.balances(job.account), "99h+1800000ms");
}

}  // namespace
}  // namespace fabrica::test::own_word
