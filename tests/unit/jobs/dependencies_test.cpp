#include <gtest/gtest.h>

#include "base/limits.h"
#include "jobs/requests.h"
#include "jobs/settle.h"
#include "unit/support/world.h"

namespace fabrica::test {
namespace {

using namespace jobs;
using enum DependencyKind;

const Time one_hour = day_one + hours(1);

SubmitJob waiting_for(std::vector<Dependency> dependencies) {
  return {project, with(train_on_gpu(), &JobRequest::dependencies, dependencies)};
}

/// "job 2 waits" and so on: the phase of a job, or how it ended.
std::string standing(const World& world, JobId id) {
  const Job& job = world.job(id);
  return std::string(job.phase == JobPhase::ended ? name_of(job.outcome) : name_of(job.phase));
}

struct KindCase {
  DependencyKind kind;
  Outcome outcome;
  std::string_view once_begun;
  std::string_view once_ended;
  std::source_location where = std::source_location::current();
};

TEST(Dependencies, EachKindWithEachEnd) {
  for (const KindCase& one :
       {KindCase{after, Outcome::completed, "placed", "placed"},
        KindCase{after, Outcome::failed, "placed", "placed"},
        KindCase{after_any, Outcome::completed, "waiting", "placed"},
        KindCase{after_any, Outcome::failed, "waiting", "placed"},
        KindCase{after_any, Outcome::cancelled, "waiting", "placed"},
        KindCase{after_ok, Outcome::completed, "waiting", "placed"},
        KindCase{after_ok, Outcome::failed, "waiting", "dependency_failed"},
        KindCase{after_ok, Outcome::timeout, "waiting", "dependency_failed"},
        KindCase{after_ok, Outcome::out_of_memory, "waiting", "dependency_failed"},
        KindCase{after_ok, Outcome::cancelled, "waiting", "dependency_failed"},
        KindCase{after_ok, Outcome::lost, "waiting", "dependency_failed"},
        KindCase{after_not_ok, Outcome::failed, "waiting", "placed"},
        KindCase{after_not_ok, Outcome::lost, "waiting", "placed"},
        KindCase{after_not_ok, Outcome::completed, "waiting", "dependency_failed"}}) {
    const std::string what =
        fmt::format("{} a job that is {}", name_of(one.kind), name_of(one.outcome));
    World world = with_awards();
    world.must(lead, SubmitJob{project, train_on_gpu()});
    world.must(lead, waiting_for({{one.kind, JobId{1}}}));
    EXPECT_EQ(standing(world, JobId{2}), "waiting") << what;
    EXPECT_EQ(world.balances(gpu_award), "100-2") << "a job that waits holds too";
    world.must(the_system, started(JobId{1}, day_one));
    expect_answer(standing(world, JobId{2}), one.once_begun, what + ", begun", one.where);
    world.must(the_system, ended(JobId{1}, day_one, one_hour, one.outcome));
    world.pass_time();
    expect_answer(standing(world, JobId{2}), one.once_ended, what, one.where);
    EXPECT_EQ(wanted(world.state.jobs, north).size(), one.once_ended == "placed" ? 1U : 0U) << what;
    EXPECT_EQ(world.balances(gpu_award), one.once_ended == "placed" ? "99-1" : "99") << what;
    EXPECT_EQ(broken_invariant(world.state), "") << what;
  }
}

// A job whose beginning was never heard, or that never began, has begun for those who wait once it
// ends.
TEST(Dependencies, AfterAJobThatNeverBegan) {
  for (const Time start : {Time{}, day_one}) {
    World world = with_awards();
    world.must(lead, SubmitJob{project, train_on_gpu()});
    world.must(lead, waiting_for({{after, JobId{1}}}));
    world.must(the_system, ended(JobId{1}, start, one_hour, Outcome::cancelled));
    EXPECT_EQ(standing(world, JobId{2}), "placed");
  }
}

TEST(Dependencies, OnWhatIsOverAlready) {
  World world = with_awards();
  world.must(lead, SubmitJob{project, train_on_gpu()});
  world.must(the_system, started(JobId{1}, day_one));
  world.must(lead, SubmitJob{project, train_on_gpu()});
  world.must(the_system, ended(JobId{2}, day_one, one_hour));
  world.must(lead, SubmitJob{project, train_on_gpu()});
  world.must(the_system, ended(JobId{3}, day_one, one_hour, Outcome::failed));
  give_award(world, rival, other_project, gpu, unit_hours(5));
  world.must(rival, SubmitJob{other_project, train_on_gpu()});
  check(
      world,
      {{"a running one has begun", lead, waiting_for({{after, JobId{1}}}),
        "JobAccepted HoldPlaced JobPlaced"},
       {"an ended one has ended", lead, waiting_for({{after_any, JobId{2}}, {after_ok, JobId{2}}}),
        "JobAccepted HoldPlaced JobPlaced"},
       {"it did not fail", lead, waiting_for({{after_not_ok, JobId{2}}}),
        "dependency_never dependencies"},
       {"a failed one is not well", lead, waiting_for({{after_ok, JobId{3}}}),
        "dependency_never dependencies"},
       {"it has failed", lead, waiting_for({{after_not_ok, JobId{3}}}),
        "JobAccepted HoldPlaced JobPlaced"},
       {"one of several is never", lead, waiting_for({{after_any, JobId{1}}, {after_ok, JobId{3}}}),
        "dependency_never dependencies"},
       {"another project's", lead, waiting_for({{after_any, JobId{4}}}),
        "unknown_job dependencies"},
       {"nobody's", lead, waiting_for({{after_any, JobId{99}}}), "unknown_job dependencies"},
       {"job zero", lead, waiting_for({{after_any, JobId{}}}), "unknown_job dependencies"},
       {"the next number is oneself", lead, waiting_for({{after_any, JobId{8}}}),
        "unknown_job dependencies"},
       {"a running one has not ended", lead, waiting_for({{after_any, JobId{1}}}),
        "JobAccepted HoldPlaced JobPlaced"}});
  EXPECT_EQ(standing(world, JobId{5}), "placed");
  EXPECT_EQ(standing(world, JobId{6}), "placed");
  EXPECT_EQ(standing(world, JobId{7}), "placed");
  EXPECT_EQ(standing(world, JobId{8}), "waiting");
  EXPECT_TRUE(world.job(JobId{5}).request->dependencies.empty())
      << "those that are met are not kept";
}

struct ManyCase {
  std::string_view what;
  std::vector<Dependency> dependencies;
  std::string_view once_begun;  // when job 1 has begun
  std::string_view once_ended;  // when job 1 has ended well
  std::string_view in_the_end;  // when job 2 has ended well too
  std::source_location where = std::source_location::current();
};

// However often and in whatever order jobs are named, each dependency is met once.
TEST(Dependencies, SeveralAtOnce) {
  constexpr JobId first{1};
  constexpr JobId second{2};
  for (const ManyCase& one : std::vector<ManyCase>{
           {"two jobs", {{after_ok, first}, {after_ok, second}}, "waiting", "waiting", "placed"},
           {"the same twice",
            {{after_ok, first}, {after_ok, first}},
            "waiting",
            "placed",
            "placed"},
           {"begun and ended", {{after, first}, {after_any, first}}, "waiting", "placed", "placed"},
           {"ended and begun", {{after_ok, first}, {after, first}}, "waiting", "placed", "placed"},
           {"begun twice and another",
            {{after, first}, {after, first}, {after_any, second}},
            "waiting",
            "waiting",
            "placed"},
           {"with another between",
            {{after, first}, {after_any, second}, {after, first}},
            "waiting",
            "waiting",
            "placed"},
           {"all kinds of end",
            {{after, first}, {after_any, first}, {after_ok, first}, {after_ok, second}},
            "waiting",
            "waiting",
            "placed"},
           {"well and not well",
            {{after_ok, first}, {after_not_ok, first}},
            "waiting",
            "dependency_failed",
            "dependency_failed"},
           {"one never, one open",
            {{after_not_ok, first}, {after_any, second}},
            "waiting",
            "dependency_failed",
            "dependency_failed"}}) {
    World world = with_awards();
    for (int i = 0; i < 2; ++i) world.must(lead, SubmitJob{project, train_on_gpu()});
    world.must(lead, waiting_for(one.dependencies));
    world.must(the_system, started(first, day_one));
    expect_answer(standing(world, JobId{3}), one.once_begun, fmt::format("{}: begun", one.what),
                  one.where);
    world.must(the_system, ended(first, day_one, one_hour));
    world.pass_time();
    expect_answer(standing(world, JobId{3}), one.once_ended, fmt::format("{}: ended", one.what),
                  one.where);
    world.must(the_system, ended(second, day_one, one_hour));
    world.pass_time();
    expect_answer(standing(world, JobId{3}), one.in_the_end,
                  fmt::format("{}: in the end", one.what), one.where);
  }
}

// 1 fails; 2 waits for it to end well, 3 for 2, 4 for 3 not to, 5 for 3 to end at all.
TEST(Dependencies, Chains) {
  World world = with_awards();
  world.must(lead, SubmitJob{project, train_on_gpu()});
  world.must(lead, waiting_for({{after_ok, JobId{1}}}));
  world.must(lead, waiting_for({{after_ok, JobId{2}}}));
  world.must(lead, waiting_for({{after_not_ok, JobId{3}}}));
  world.must(lead, waiting_for({{after_any, JobId{3}}}));
  world.must(the_system, ended(JobId{1}, day_one, one_hour, Outcome::failed));
  check(world, {{"the second", the_system, PassTime{}, "HoldReleased JobEnded"},
                {"then the third", the_system, PassTime{}, "HoldReleased JobEnded"},
                {"and no more", the_system, PassTime{}, "nothing"}});
  EXPECT_EQ(standing(world, JobId{2}), "dependency_failed");
  EXPECT_EQ(standing(world, JobId{3}), "dependency_failed");
  EXPECT_EQ(standing(world, JobId{4}), "placed");
  EXPECT_EQ(standing(world, JobId{5}), "placed");
  EXPECT_EQ(world.balances(gpu_award, gpu_usage), "99-2 1");
}

TEST(Dependencies, ACancelledDoomedJobEndsOnce) {
  World world = with_awards();
  world.must(lead, SubmitJob{project, train_on_gpu()});
  world.must(lead, waiting_for({{after_ok, JobId{1}}}));
  world.must(the_system, ended(JobId{1}, day_one, one_hour, Outcome::failed));
  check(world, {{"before the clock", lead, CancelJob{JobId{2}},
                 "JobCancelRequested HoldReleased JobEnded"},
                {"nothing is due", the_system, PassTime{}, "nothing"}});
  EXPECT_EQ(standing(world, JobId{2}), "cancelled");
  EXPECT_FALSE(world.something_is_due());
}

// Many that can never run end some at a time.
TEST(Dependencies, ManyDoomedJobs) {
  World world = with_awards();
  const std::size_t many = limits::doomed_jobs_at_once + 7;
  const JobRequest brief = with(train_on_gpu(), &JobRequest::time_limit, milliseconds(1));
  world.must(lead, SubmitJob{project, brief});
  const SubmitJob follower{
      project, with(brief, &JobRequest::dependencies, std::vector{Dependency{after_ok, JobId{1}}})};
  for (std::size_t i = 0; i < many; ++i) world.must(lead, follower);
  world.must(the_system, ended(JobId{1}, Time{}, day_one, Outcome::launch_failed));
  std::size_t commands = 0;
  while (world.something_is_due() && commands <= many) {
    const auto events = world.decide_only(the_system, PassTime{});
    ASSERT_TRUE(events.has_value());
    EXPECT_LE(events->size(), limits::doomed_jobs_at_once + 1);
    world.apply_all(the_system, *events);
    commands += 1;
  }
  EXPECT_GT(commands, 1U);
  EXPECT_EQ(world.state.jobs.live, 0U);
  EXPECT_EQ(world.balances(gpu_award, gpu_usage), "100 0");
}

}  // namespace
}  // namespace fabrica::test
