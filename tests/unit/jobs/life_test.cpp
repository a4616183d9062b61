#include <gtest/gtest.h>

#include <limits>

#include "base/limits.h"
#include "jobs/requests.h"
#include "unit/support/world.h"

namespace fabrica::test {
namespace {

using namespace jobs;

constexpr JobId job{1};
constexpr Time least{std::numeric_limits<std::int64_t>::min()};
constexpr Time most{std::numeric_limits<std::int64_t>::max()};
const Time one_hour_on = day_one + hours(1);

/// What the site of the job is to be told about it now; asked twice, told the same.
std::string wanted_of(const World& world, JobId id) {
  std::string text = "-";
  const auto look = [&](const SiteRequest& request) {
    if (const auto* start = std::get_if<StartJob>(&request); start != nullptr && start->job == id)
      text = "start";
    if (const auto* stop = std::get_if<StopJob>(&request); stop != nullptr && stop->job == id)
      text = "stop";
  };
  const auto now = wanted(world.state.jobs, world.job(id).site);
  std::ranges::for_each(now, look);
  EXPECT_EQ(digest_of(now), digest_of(wanted(world.state.jobs, world.job(id).site)));
  return text;
}

/// One line of a job's life: what is said, the answer, then its phase, what the site is told, and
/// its books.
struct Line {
  std::string_view what;
  PersonId actor;
  fabrica::Command command;
  std::string_view answer;
  std::string_view standing;  // phase, wanted, balance of the award, balance of usage
  std::source_location where = std::source_location::current();
};

void live(World& world, std::initializer_list<Line> lines, JobId id = job) {
  for (const Line& line : lines) {
    expect_answer(world.ask(line.actor, line.command), line.answer, line.what, line.where);
    const std::string standing =
        fmt::format("{} {} {}", name_of(world.job(id).phase), wanted_of(world, id),
                    world.balances(world.job(id).account, gpu_usage));
    expect_answer(standing, line.standing, line.what, line.where);
  }
}

World with_job(auto... members) {
  World world = with_awards();
  world.must(lead, SubmitJob{project, with(train_on_gpu(), members...)});
  return world;
}

TEST(Life, InOrder) {
  World world = with_awards();
  live(
      world,
      {{"the hold stands before the site is told", lead, SubmitJob{project, train_on_gpu()},
        "JobAccepted HoldPlaced JobPlaced", "placed start 100-1 0"},
       {"the clock changes nothing", the_system, PassTime{}, "nothing", "placed start 100-1 0"},
       {"queued", the_system, queued(job), "JobQueued", "queued - 100-1 0"},
       {"said again", the_system, queued(job), "nothing", "queued - 100-1 0"},
       {"started", the_system, started(job, day_one), "TaskStarted", "running - 100-1 0"},
       {"said again", the_system, started(job, day_one), "nothing", "running - 100-1 0"},
       {"at another time", the_system, started(job, one_hour_on), "nothing", "running - 100-1 0"},
       {"late", the_system, queued(job), "nothing", "running - 100-1 0"},
       {"half of the limit used", the_system, ended(job, day_one, day_one + minutes(30)),
        "TaskEnded UsageCharged HoldReleased JobEnded", "ended - 99h+1800000ms 0h+1800000ms"},
       {"said again", the_system, ended(job, day_one, day_one + minutes(30)), "nothing",
        "ended - 99h+1800000ms 0h+1800000ms"},
       {"with another end", the_system, ended(job, day_one, one_hour_on, Outcome::failed),
        "nothing", "ended - 99h+1800000ms 0h+1800000ms"},
       {"late", the_system, started(job, day_one), "nothing", "ended - 99h+1800000ms 0h+1800000ms"},
       {"very late", the_system, queued(job), "nothing", "ended - 99h+1800000ms 0h+1800000ms"}});
  EXPECT_EQ(world.job(job).outcome, Outcome::completed);
  EXPECT_EQ(world.job(job).charged, ComputeTime{minutes(30).ms});
}

TEST(Life, TheStartIsHeardFirst) {
  World world = with_job();
  live(world, {{"started", the_system, started(job, day_one), "TaskStarted", "running - 100-1 0"},
               {"queued comes late", the_system, queued(job), "nothing", "running - 100-1 0"},
               {"ended", the_system, ended(job, day_one, one_hour_on),
                "TaskEnded UsageCharged JobEnded", "ended - 99 1"}});
}

// The end stands alone: it bears the start that was never heard.
TEST(Life, TheEndIsHeardFirst) {
  World world = with_job();
  live(world, {{"ended", the_system, ended(job, day_one, one_hour_on),
                "TaskEnded UsageCharged JobEnded", "ended - 99 1"},
               {"started comes late", the_system, started(job, day_one), "nothing", "ended - 99 1"},
               {"queued too", the_system, queued(job), "nothing", "ended - 99 1"}});
  EXPECT_EQ(world.job(job).tasks[0].started, day_one);
}

TEST(Life, WhatIsNobodysReport) {
  World world = with_job();
  const ReportFromSite no_outcome = ended(job, day_one, one_hour_on, Outcome::none);
  live(world,
       {{"from another site", the_system, queued(job, south), "nothing", "placed start 100-1 0"},
        {"the start", the_system, started(job, day_one, 0, south), "nothing",
         "placed start 100-1 0"},
        {"the end", the_system, ended(job, day_one, one_hour_on, Outcome::completed, 0, south),
         "nothing", "placed start 100-1 0"},
        {"from no site", the_system,
         ended(job, day_one, one_hour_on, Outcome::completed, 0, SiteId{}), "nothing",
         "placed start 100-1 0"},
        {"of no job", the_system, ended(JobId{99}, day_one, one_hour_on), "nothing",
         "placed start 100-1 0"},
        {"of job zero", the_system, ended(JobId{}, day_one, one_hour_on), "nothing",
         "placed start 100-1 0"},
        {"of no task", the_system, ended(job, day_one, one_hour_on, Outcome::completed, 1),
         "nothing", "placed start 100-1 0"},
        {"started, of no task", the_system, started(job, day_one, 4'294'967'295), "nothing",
         "placed start 100-1 0"},
        {"without an outcome", the_system, no_outcome, "nothing", "placed start 100-1 0"}});
}

struct ChargeCase {
  std::string_view what;
  Time started;
  Time ended;
  std::string_view used;
  std::source_location where = std::source_location::current();
};

// The charge is what was used by the site's own clock, never more than the hold of an hour, never
// below zero.
TEST(Life, TheChargeIsWhatWasUsed) {
  for (const ChargeCase& one :
       {ChargeCase{"a millisecond", day_one, day_one + milliseconds(1), "0h+1ms"},
        ChargeCase{"all but one", day_one, one_hour_on - milliseconds(1), "0h+3599999ms"},
        ChargeCase{"the whole limit", day_one, one_hour_on, "1"},
        ChargeCase{"killed a minute after its limit", day_one, one_hour_on + minutes(1), "1"},
        ChargeCase{"for days, the kill came late", day_one, day_one + days(3), "1"},
        ChargeCase{"no time at all", day_one, day_one, "0"},
        ChargeCase{"ended before it started: a clock was set back", one_hour_on, day_one, "0"},
        ChargeCase{"never started", Time{}, one_hour_on, "0"},
        ChargeCase{"before it was submitted: two clocks differ", day_one - hours(2),
                   day_one - minutes(90), "0h+1800000ms"},
        ChargeCase{"in 1970", Time{1}, Time{60'001}, "0h+60000ms"},
        ChargeCase{"before 1970 is never", Time{-5}, one_hour_on, "0"},
        ChargeCase{"the least number is never", least, one_hour_on, "0"},
        ChargeCase{"and its end too", least, most, "0"},
        ChargeCase{"an end that was never", day_one, Time{}, "0"},
        ChargeCase{"the least end", day_one, least, "0"},
        ChargeCase{"after the year 9999", day_one, most, "1"},
        ChargeCase{"both after the year 9999", most - hours(1), most, "0"}}) {
    World world = with_job();
    const std::string answer =
        world.ask(the_system, ended(job, one.started, one.ended, Outcome::failed));
    EXPECT_TRUE(answer.starts_with("TaskEnded ") && answer.ends_with(" JobEnded"))
        << one.what << ": " << answer;
    expect_answer(world.balances(gpu_usage), one.used, one.what, one.where);
    EXPECT_EQ(world.state.ledger.accounts.at(gpu_award).held, ComputeTime{}) << one.what;
    EXPECT_EQ(world.job(job).outcome, Outcome::failed) << one.what;
    const Task& task = world.job(job).tasks[0];
    EXPECT_TRUE(task.started >= Time{} && task.ended <= limits::latest_time)
        << one.what << ": can be written";
  }
}

// 9/8 of a GPU for a millisecond is rounded up to two; half a GPU for three to two.
TEST(Life, TheChargeIsRoundedUp) {
  World world = with_job(&JobRequest::cpus_per_node, 9);
  world.must(the_system, ended(job, day_one, day_one + milliseconds(1)));
  EXPECT_EQ(world.balances(gpu_usage), "0h+2ms");
  world.must(lead, SubmitJob{project, with(train(), &JobRequest::partition, lumi)});
  world.must(the_system,
             ended(JobId{2}, day_one, day_one + milliseconds(3), Outcome::completed, 0, south));
  EXPECT_EQ(world.balances(lumi_usage), "0h+2ms");
}

TEST(Life, AStartBefore1970IsNotHeard) {
  World world = with_job();
  live(world, {{"zero", the_system, started(job, Time{}), "nothing", "placed start 100-1 0"},
               {"negative", the_system, started(job, least), "nothing", "placed start 100-1 0"},
               {"too late to be written", the_system, started(job, most), "TaskStarted",
                "running - 100-1 0"}});
  EXPECT_EQ(world.job(job).tasks[0].started, limits::latest_time);
}

TEST(Life, CancelledBeforeTheSiteKnows) {
  World world = with_job();
  live(world,
       {{"placed: the site is told to stop it", lead, CancelJob{job}, "JobCancelRequested",
         "placed stop 100-1 0"},
        {"again", lead, CancelJob{job}, "nothing", "placed stop 100-1 0"},
        {"the site has it after all", the_system, queued(job), "JobQueued", "queued stop 100-1 0"},
        {"never started", the_system, ended(job, Time{}, day_one, Outcome::cancelled),
         "TaskEnded HoldReleased JobEnded", "ended - 100 0"}});
  EXPECT_EQ(world.job(job).outcome, Outcome::cancelled);
}

TEST(Life, CancelledInTheQueue) {
  World world = with_job();
  live(world,
       {{"", the_system, queued(job), "JobQueued", "queued - 100-1 0"},
        {"", lead, CancelJob{job}, "JobCancelRequested", "queued stop 100-1 0"},
        {"it starts meanwhile", the_system, started(job, day_one), "TaskStarted",
         "running stop 100-1 0"},
        {"what it ran is charged", the_system,
         ended(job, day_one, day_one + minutes(6), Outcome::cancelled),
         "TaskEnded UsageCharged HoldReleased JobEnded", "ended - 99h+3240000ms 0h+360000ms"}});
}

TEST(Life, CancelledWhileItRuns) {
  World world = with_job();
  live(world, {{"", the_system, started(job, day_one), "TaskStarted", "running - 100-1 0"},
               {"", lead, CancelJob{job}, "JobCancelRequested", "running stop 100-1 0"},
               {"it had completed before", the_system, ended(job, day_one, one_hour_on),
                "TaskEnded UsageCharged JobEnded", "ended - 99 1"},
               {"too late", lead, CancelJob{job}, "nothing", "ended - 99 1"}});
  EXPECT_EQ(world.job(job).outcome, Outcome::completed);
}

// No site knows of a job that waits for others, so its end needs no report.
TEST(Life, CancelledWhileItWaits) {
  World world = with_job();
  live(world,
       {{"", lead,
         SubmitJob{project, with(train_on_gpu(), &JobRequest::dependencies,
                                 std::vector{Dependency{DependencyKind::after_ok, job}})},
         "JobAccepted HoldPlaced JobPlaced", "waiting - 100-2 0"},
        {"a report of it is nobody's", the_system, ended(JobId{2}, day_one, one_hour_on), "nothing",
         "waiting - 100-2 0"},
        {"", lead, CancelJob{JobId{2}}, "JobCancelRequested HoldReleased JobEnded",
         "ended - 100-1 0"},
        {"what it waited for changes nothing", the_system, ended(job, day_one, one_hour_on),
         "TaskEnded UsageCharged JobEnded", "ended - 99 1"}},
       JobId{2});
  EXPECT_EQ(world.job(JobId{2}).outcome, Outcome::cancelled);
}

// Three tasks of an hour: each ends once, is charged for itself, and gives back its own rest.
TEST(Life, AnArray) {
  World world = with_job(&JobRequest::array, std::vector<std::uint32_t>{0, 4, 7});
  live(world,
       {{"the second task starts first", the_system, started(job, day_one, 1), "TaskStarted",
         "running - 100-3 0"},
        {"the first", the_system, started(job, day_one, 0), "TaskStarted", "running - 100-3 0"},
        {"the second ends", the_system,
         ended(job, day_one, day_one + minutes(30), Outcome::failed, 1),
         "TaskEnded UsageCharged HoldReleased", "running - 99h+1800000ms-2 0h+1800000ms"},
        {"said again", the_system, ended(job, day_one, one_hour_on, Outcome::failed, 1), "nothing",
         "running - 99h+1800000ms-2 0h+1800000ms"},
        {"", lead, CancelJob{job}, "JobCancelRequested",
         "running stop 99h+1800000ms-2 0h+1800000ms"},
        {"the third never starts", the_system,
         ended(job, Time{}, one_hour_on, Outcome::cancelled, 2), "TaskEnded HoldReleased",
         "running stop 99h+1800000ms-1 0h+1800000ms"},
        {"the first ends the job", the_system, ended(job, day_one, one_hour_on),
         "TaskEnded UsageCharged JobEnded", "ended - 98h+1800000ms 1h+1800000ms"}});
  EXPECT_EQ(world.job(job).outcome, Outcome::failed)
      << "the first task in order that did not complete";
}

TEST(Life, AnArrayWhoseStartWasNeverHeard) {
  World world = with_job(&JobRequest::array, std::vector<std::uint32_t>{0, 1});
  live(world, {{"the site has it, so it is not told again", the_system,
                ended(job, day_one, one_hour_on), "TaskEnded UsageCharged", "queued - 99-1 1"},
               {"the other", the_system, ended(job, day_one, one_hour_on, Outcome::timeout, 1),
                "TaskEnded UsageCharged JobEnded", "ended - 98 2"}});
  EXPECT_EQ(world.job(job).outcome, Outcome::timeout);
}

struct TextCase {
  std::string_view what;
  std::string text;
  std::string kept;
};

// What a site says about an end is kept in short, and no character of it is cut in two.
TEST(Life, TextsOfSitesAreShortened) {
  const std::string filling(limits::name_bytes_max - 1, 'x');
  for (const TextCase& one : {TextCase{"short", "exit 1", "exit 1"},
                              TextCase{"as long as it may be", filling + "y", filling + "y"},
                              TextCase{"one longer", filling + "yz", filling + "y"},
                              TextCase{"two bytes at the end", filling + "\xc3\xa9", filling},
                              TextCase{"three", filling + "\xe2\x82\xac", filling},
                              TextCase{"continuations only", std::string(300, '\x80'), ""}}) {
    World world = with_job();
    SiteEnded report = ended_report(job, day_one, one_hour_on, Outcome::completed);
    report.text = one.text;
    world.must(the_system, ReportFromSite{north, SiteQueued{job, one.text}});
    world.must(the_system, ReportFromSite{north, report});
    std::size_t seen = 0;
    for (const Recorded& recorded : world.log) {
      const auto* event = std::get_if<jobs::Event>(&recorded.event);
      if (event == nullptr) continue;
      if (const auto* task = std::get_if<TaskEnded>(event); task != nullptr && ++seen > 0)
        EXPECT_EQ(task->text, one.kept);
      if (const auto* queue = std::get_if<JobQueued>(event); queue != nullptr && ++seen > 0) {
        EXPECT_EQ(queue->reference, one.kept) << one.what;
      }
    }
    EXPECT_EQ(seen, 2U);
  }
}

// Cancels first, then releases, then starts, each oldest first, a bounded number of each at once.
TEST(Wanted, InOrderAndBounded) {
  World world = with_awards();
  constexpr std::size_t most_at_once = limits::site_requests_at_once;
  const JobRequest brief = with(train_on_gpu(), &JobRequest::time_limit, milliseconds(1));
  for (std::size_t i = 0; i < most_at_once + 5; ++i) world.must(lead, SubmitJob{project, brief});
  for (const std::uint64_t id : {9U, 4U}) world.must(lead, CancelJob{JobId{id}});
  const auto requests = wanted(world.state.jobs, north);
  ASSERT_EQ(requests.size(), most_at_once + 2);
  EXPECT_EQ(std::get<StopJob>(requests[0]).job, JobId{4});
  EXPECT_EQ(std::get<StopJob>(requests[1]).job, JobId{9});
  EXPECT_EQ(std::get<StartJob>(requests[2]).job, JobId{1});
  EXPECT_EQ(std::get<StartJob>(requests[3]).job, JobId{2});
  EXPECT_EQ(std::get<StartJob>(requests[2]).request->name, "train");
  EXPECT_TRUE(wanted(world.state.jobs, south).empty());
  EXPECT_TRUE(wanted(world.state.jobs, SiteId{99}).empty());
  world.must(the_system, ReportFromSite{north, SiteBound{JobId{7}, 1, "c1", Binding{17, day_one}}});
  EXPECT_EQ(std::get<ReleaseJob>(wanted(world.state.jobs, north)[2]).job, JobId{7});
  // What is reported makes room for the next.
  for (std::uint64_t id = 1; id <= most_at_once + 5; ++id) world.must(lead, CancelJob{JobId{id}});
  EXPECT_EQ(wanted(world.state.jobs, north).size(), most_at_once);
  for (std::uint64_t id = 1; id <= most_at_once; ++id) {
    world.must(the_system, ended(JobId{id}, Time{}, day_one, Outcome::cancelled));
  }
  EXPECT_EQ(wanted(world.state.jobs, north).size(), 5U);
}

}  // namespace
}  // namespace fabrica::test
