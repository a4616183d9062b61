#include "jobs/decide.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "jobs/requests.h"
#include "unit/support/world.h"

namespace fabrica::test {
namespace {

using namespace jobs;

SubmitJob submit(auto... members) { return {project, with(train_on_gpu(), members...)}; }

TEST(Decide, SubmitJob) {
  World world = with_awards();
  const std::vector<Dependency> too_many(limits::dependencies_max + 1,
                                         {DependencyKind::after, JobId{1}});
  const std::vector<std::uint32_t> too_wide(limits::array_tasks_max + 1, 1);
  constexpr auto array = &JobRequest::array;
  using Tasks = std::vector<std::uint32_t>;
  check(world,
        {{"in a known project", lead, SubmitJob{ProjectId{99}, train()}, "not_found project"},
         {"by a member", rival, submit(), "forbidden project"},
         {"not by an administrator", admin, submit(), "forbidden project"},
         {"not by the system", the_system, submit(), "forbidden project"},
         {"a name", lead, submit(&JobRequest::name, ""), "invalid name"},
         {"some nodes", lead, submit(&JobRequest::nodes, 0), "bad_request nodes"},
         {"within bounds", lead, submit(&JobRequest::nodes, limits::nodes_max + 1),
          "bad_request nodes"},
         {"some cores", lead, submit(&JobRequest::cpus_per_node, 0), "bad_request cpus_per_node"},
         {"some tasks", lead, submit(&JobRequest::tasks, 0), "bad_request tasks"},
         {"within bounds", lead, submit(&JobRequest::tasks, limits::tasks_max + 1),
          "bad_request tasks"},
         {"a time limit", lead, submit(&JobRequest::time_limit, Duration{}),
          "bad_request time_limit"},
         {"no debt of time", lead, submit(&JobRequest::time_limit, hours(-1)),
          "bad_request time_limit"},
         {"within bounds", lead,
          submit(&JobRequest::time_limit, limits::job_time_max + milliseconds(1)),
          "bad_request time_limit"},
         {"a short kind", lead,
          submit(&JobRequest::gpu_kind, std::string(limits::name_bytes_max + 1, 'x')),
          "bad_request gpu_kind"},
         {"in UTF-8", lead, submit(&JobRequest::gpu_kind, "\xff"), "bad_request gpu_kind"},
         {"an array within bounds", lead, submit(array, too_wide), "bad_request array"},
         {"ascending", lead, submit(array, Tasks{2, 1}), "bad_request array"},
         {"each once", lead, submit(array, Tasks{1, 1}), "bad_request array"},
         {"not too many dependencies", lead, submit(&JobRequest::dependencies, too_many),
          "bad_request dependencies"},
         {"known ones", lead, submit(&JobRequest::dependencies, std::vector(1, too_many[0])),
          "unknown_job dependencies"},
         {"somewhere", lead, submit(&JobRequest::partition, PartitionId{99}), "does_not_fit"},
         {"", lead, submit(), "JobAccepted HoldPlaced JobPlaced"},
         {"members too", member, submit(), "JobAccepted HoldPlaced JobPlaced"},
         {"an array", member, submit(array, Tasks{0, 3, 4'000'000'000}),
          "JobAccepted HoldPlaced JobPlaced"},
         {"in an array of their own", member, submit(array, Tasks{7}),
          "JobAccepted HoldPlaced JobPlaced"}});
  EXPECT_EQ(world.balances(gpu_award), "100-6");
  const Job& job = world.job(JobId{2});
  EXPECT_EQ(job.owner, member);
  EXPECT_EQ(job.account, gpu_award);
  EXPECT_EQ(job.site, north);
  EXPECT_EQ(job.submitted, day_one);
  EXPECT_EQ(job.phase, JobPhase::placed);
  EXPECT_EQ(world.job(JobId{3}).tasks.size(), 3U);
  EXPECT_EQ(world.job(JobId{4}).tasks.size(), 1U);
}

TEST(Decide, SubmitJobWithoutAwards) {
  World world = with_awards();
  check(world, {{"no award", rival, SubmitJob{other_project, train()}, "no_award project"}});
  offer_award(world, rival, other_project, gpu, unit_hours(1));
  check(
      world,
      {{"offered is not accepted", rival, SubmitJob{other_project, train()}, "no_award project"},
       {"", rival, calls::AnswerAward{AwardId{5}, true}, "AwardAccepted AccountUnlocked"},
       {"more than it holds", rival,
        SubmitJob{other_project, with(train(), &JobRequest::time_limit, hours(2))},
        "insufficient_balance amount"},
       {"all of it", rival, SubmitJob{other_project, train()}, "JobAccepted HoldPlaced JobPlaced"},
       {"nothing is left", rival, SubmitJob{other_project, train()}, "insufficient_balance amount"},
       {"the site drains", admin, federation::DrainSite{north, true},
        "SiteDrained EvacuationAdvanced"},
       {"no new jobs", rival, SubmitJob{other_project, train()}, "site_takes_no_jobs site"},
       {"running ones go on", the_system, ended(JobId{1}, day_one, day_one + hours(1)),
        "TaskEnded UsageCharged JobEnded"}});
}

struct HoldCase {
  std::string_view what;
  SubmitJob command;
  AccountId account;
  std::string_view balance;
};

// The hold is units times the whole limit for each task, rounded up for each.
TEST(Decide, HoldsTheWholeLimit) {
  const auto on = [](PartitionId partition, auto... members) {
    return SubmitJob{project, with(with(train(), &JobRequest::partition, partition), members...)};
  };
  constexpr auto limit = &JobRequest::time_limit;
  constexpr auto cpus = &JobRequest::cpus_per_node;
  const std::vector<std::uint32_t> three{1, 2, 3};
  for (const HoldCase& one : std::vector<HoldCase>{
           {"an hour of a GPU", on(gpu), gpu_award, "100-1"},
           {"90 minutes", on(gpu, limit, minutes(90)), gpu_award, "100-1h+1800000ms"},
           {"two GPUs on three nodes",
            on(gpu, &JobRequest::gpus_per_node, 2, &JobRequest::nodes, 3), gpu_award, "100-6"},
           {"nine cores of 32 are 9/8 GPUs", on(gpu, cpus, 9, limit, milliseconds(3'600'001)),
            gpu_award, "100-1h+450002ms"},
           {"three times that",
            on(gpu, cpus, 9, limit, milliseconds(3'600'001), &JobRequest::array, three), gpu_award,
            "100-3h+1350006ms"},
           {"half a GPU", on(lumi), lumi_award, "100-0h+1800000ms"},
           {"four cores", on(cpu, &JobRequest::gpus_per_node, 0), cpu_award, "100-4"},
           {"two nodes", on(nodes, &JobRequest::gpus_per_node, 0, &JobRequest::nodes, 2),
            nodes_award, "100-2"}}) {
    World world = with_awards();
    EXPECT_EQ(world.ask(lead, one.command), "JobAccepted HoldPlaced JobPlaced") << one.what;
    EXPECT_EQ(world.balances(one.account), one.balance) << one.what;
  }
}

TEST(Decide, LiveJobsAreBounded) {
  World world = with_awards();
  const auto answer = [&] { return answer_of(world.decide_only(lead, submit())); };
  world.state.jobs.live_of_project[project] = limits::live_jobs_per_project_max;
  EXPECT_EQ(answer(), "too_many_jobs project");
  world.state.jobs.live_of_project[project] -= 1;
  EXPECT_EQ(answer(), "JobAccepted HoldPlaced JobPlaced");
  world.state.jobs.live = limits::live_jobs_max;
  EXPECT_EQ(answer(), "too_many_jobs project");
  world.state.jobs.live -= 1;
  EXPECT_EQ(answer(), "JobAccepted HoldPlaced JobPlaced");
}

TEST(Decide, CancelJob) {
  World world = with_awards();
  world.must(lead, submit());
  check(world, {{"a known job", lead, CancelJob{JobId{99}}, "unknown_job job"},
                {"of one's own project", rival, CancelJob{JobId{1}}, "forbidden job"},
                {"of one's own site", south_operator, CancelJob{JobId{1}}, "forbidden job"},
                {"a member", member, CancelJob{JobId{1}}, "JobCancelRequested"},
                {"once", lead, CancelJob{JobId{1}}, "nothing"},
                {"", lead, submit(), "JobAccepted HoldPlaced JobPlaced"},
                {"the site's operator", north_operator, CancelJob{JobId{2}}, "JobCancelRequested"},
                {"", lead, submit(), "JobAccepted HoldPlaced JobPlaced"},
                {"an administrator", admin, CancelJob{JobId{3}}, "JobCancelRequested"},
                {"", the_system, ended(JobId{3}, Time{}, day_one, Outcome::cancelled),
                 "TaskEnded HoldReleased JobEnded"},
                {"an ended one", lead, CancelJob{JobId{3}}, "nothing"}});
}

TEST(Decide, OnlyTheSystemReports) {
  World world = with_awards();
  world.must(lead, submit());
  for (const PersonId person : {admin, lead, north_operator, nobody}) {
    check(world, {{"queued", person, queued(JobId{1}), "forbidden"},
                  {"started", person, started(JobId{1}, day_one), "forbidden"},
                  {"ended", person, ended(JobId{1}, day_one, day_one + hours(1)), "forbidden"}});
  }
}

// Ended jobs are known for a while; what was forgotten is answered as unknown, and nothing is
// charged again.
TEST(Decide, EndedJobsAreForgotten) {
  World world = with_awards();
  const auto one_more = [&] {
    world.must(lead, submit(&JobRequest::time_limit, milliseconds(1)));
    world.must(the_system,
               ended(JobId{world.state.jobs.last_job}, day_one, day_one + milliseconds(1)));
  };
  for (std::size_t i = 0; i < limits::ended_jobs_kept; ++i) one_more();
  const ReportFromSite again = ended(JobId{1}, day_one, day_one + milliseconds(1));
  const auto after = [](std::uint64_t job) {
    return submit(&JobRequest::dependencies,
                  std::vector{Dependency{DependencyKind::after_ok, JobId{job}}});
  };
  check(world, {{"the first is still known", lead, CancelJob{JobId{1}}, "nothing"},
                {"its report repeats", the_system, again, "nothing"},
                {"it can be waited for", lead, after(1), "JobAccepted HoldPlaced JobPlaced"}});
  one_more();
  check(world, {{"forgotten", lead, CancelJob{JobId{1}}, "unknown_job job"},
                {"its report is late", the_system, again, "nothing"},
                {"nobody can wait for it", lead, after(1), "unknown_job dependencies"},
                {"the second is known", lead, after(2), "JobAccepted HoldPlaced JobPlaced"}});
  EXPECT_EQ(world.state.jobs.ended.size(), limits::ended_jobs_kept);
  EXPECT_EQ(world.state.jobs.jobs.size(), limits::ended_jobs_kept + 2);
  EXPECT_EQ(world.balances(gpu_usage), "0h+10001ms");
}

}  // namespace
}  // namespace fabrica::test
