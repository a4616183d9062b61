#include <gtest/gtest.h>

#include "jobs/requests.h"
#include "unit/support/world.h"

/// Invariant 64: jobs that wait with us for room, and how they are placed for good.
namespace fabrica::test::place {
namespace {

using namespace jobs;

World waiting_world() {
  World world = with_awards();
  world.policies = policies::defaults();
  world.must(lead, SubmitJob{project, train()});
  return world;
}

constexpr JobId first{1};
constexpr std::string_view meant_for_lumi = "waiting tentative 100 100-0h+1800000ms";

// Where the job is, what its site is told, and what stands on the awards that could take it.
std::string standing(const World& world, JobId id = first) {
  const Job& job = world.job(id);
  const bool told = !wanted(world.state.jobs, job.site).empty();
  return fmt::format("{} {}{} {}", name_of(job.phase), job.tentative ? "tentative" : "for good",
                     told ? " told" : "", world.balances(gpu_award, lumi_award));
}

TEST(PlaceJob, AsATable) {
  const struct {
    std::string_view what;
    std::vector<std::pair<PersonId, fabrica::Command>> before;
    PersonId actor;
    PartitionId partition;
    std::string_view answer;
    std::string_view then;
  } cases[] = {
      {"where its hold stands",
       {},
       the_system,
       lumi,
       "JobPlaced",
       "placed for good told 100 100-0h+1800000ms"},
      {"elsewhere its hold goes along",
       {},
       the_system,
       gpu,
       "HoldReleased HoldPlaced JobPlaced",
       "placed for good told 100-1 100"},
      {"where it does not fit", {}, the_system, nodes, "does_not_fit partition", meant_for_lumi},
      {"nowhere", {}, the_system, PartitionId{99}, "site_takes_no_jobs partition", meant_for_lumi},
      {"not by people", {}, admin, gpu, "forbidden", meant_for_lumi},
      {"not at a drained site",
       {{admin, federation::DrainSite{south, true}}},
       the_system,
       lumi,
       "site_takes_no_jobs partition",
       meant_for_lumi},
      {"cancelled, it ends where it is",
       {{lead, CancelJob{first}}},
       the_system,
       gpu,
       "nothing",
       "ended for good 100 100"},
      {"once",
       {{the_system, PlaceJob{first, gpu, "room"}}},
       the_system,
       lumi,
       "nothing",
       "placed for good told 100-1 100"},
  };
  for (const auto& one : cases) {
    World world = waiting_world();
    ASSERT_EQ(standing(world), meant_for_lumi) << one.what;
    for (const auto& [actor, command] : one.before) world.must(actor, command);
    EXPECT_EQ(world.ask(one.actor, PlaceJob{first, one.partition, "there is room"}), one.answer)
        << one.what;
    EXPECT_EQ(standing(world), one.then) << one.what;
  }
}

TEST(PlaceJob, WhoGoesAtOnce) {
  const struct {
    std::string_view what;
    JobRequest request;
  } cases[] = {
      {"who names a partition", train_on_gpu()},
      {"who names a site", with(train(), &JobRequest::site, north)},
      {"an array", with(train(), &JobRequest::array, std::vector<std::uint32_t>{1, 2})},
      {"who waits for another", with(train(), &JobRequest::dependencies,
                                     std::vector<Dependency>{{DependencyKind::after_any, first}})},
  };
  for (const auto& one : cases) {
    World world = waiting_world();
    world.must(lead, SubmitJob{project, one.request});
    EXPECT_FALSE(world.job(JobId{2}).tentative) << one.what;
  }
}

// A job's results are where it ran, so who waits for it goes there too, and it stays there.
TEST(PlaceJob, WhoWaitsForAJobGoesWhereItGoes) {
  for (const PartitionId there : {gpu, lumi}) {
    World world = waiting_world();
    world.must(the_system, PlaceJob{first, there, "room"});
    JobRequest after = train();
    after.dependencies = {{DependencyKind::after_any, first}};
    world.must(lead, SubmitJob{project, after});
    EXPECT_EQ(world.job(JobId{2}).partition, there);
  }
  World world = waiting_world();
  JobRequest after = train();
  after.dependencies = {{DependencyKind::after_any, first}, {DependencyKind::after, first}};
  EXPECT_EQ(world.ask(lead, SubmitJob{project, after}),
            "JobPlaced JobAccepted HoldPlaced JobPlaced");
  EXPECT_EQ(standing(world), "placed for good told 100 100-1");
  EXPECT_EQ(world.job(JobId{2}).site, world.job(first).site);
}

}  // namespace
}  // namespace fabrica::test::place
