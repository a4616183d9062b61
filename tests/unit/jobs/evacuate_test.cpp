#include <gtest/gtest.h>

#include "base/limits.h"
#include "jobs/requests.h"
#include "policies/unstarted.h"
#include "unit/support/world.h"

/// How jobs that have not begun leave a site that takes none any more.
namespace fabrica::test::evacuate {
namespace {

using namespace jobs;

constexpr JobId job_one{1};

// A world with one job, in the queue of its site; the other site could take it as well.
struct Scene {
  World world = with_awards();
  SiteId here;
  SiteId there;

  explicit Scene(const JobRequest& request = train()) {
    world.must(lead, SubmitJob{project, request});
    here = world.job(job_one).site;
    there = here == north ? south : north;
    world.must(the_system, queued(job_one, here));
  }

  std::string ask(const fabrica::Command& command) { return world.ask(the_system, command); }
  void drain(bool drained = true) { world.must(admin, federation::DrainSite{here, drained}); }
  void fall_silent(bool jobs_ask) {
    world.must(the_system, federation::ReportSilence{here, true, jobs_ask});
  }

  ReportFromSite ended_there(SiteId site, Outcome outcome, Time started = {}) {
    SiteEnded report = ended_report(job_one, started, world.now, outcome);
    report.attempt = world.job(job_one).attempt;
    return {site, report};
  }

  // Where the job is, its attempt, and what its site and the one it left are told of it.
  std::string standing() const {
    const Job& now = world.job(job_one);
    return fmt::format("{} {} {} | {} | {}", now.site == here ? "here" : "there",
                       name_of(now.phase), now.attempt, told(here), told(there));
  }

  std::string told(SiteId site) const {
    struct Word {
      std::string operator()(const StartJob&) const { return "start"; }
      std::string operator()(const FindJob&) const { return "find"; }
      std::string operator()(const ReleaseJob&) const { return "release"; }
      std::string operator()(const KeepAccount&) const { return "account"; }
      std::string operator()(const StopJob& one) const {
        return one.unless_begun ? "give back" : "stop";
      }
    };
    const std::vector<SiteRequest> requests = wanted(world.state.jobs, site);
    return requests.empty() ? "-" : std::visit(Word{}, requests.front());
  }
};

TEST(Evacuate, ADrainedSiteGivesBackWhatHasNotBegun) {
  Scene scene;
  scene.drain();
  EXPECT_EQ(scene.world.pass_time(), 1);
  EXPECT_EQ(scene.standing(), "here queued 1 | give back | -");
  EXPECT_EQ(scene.ask(scene.ended_there(scene.here, Outcome::cancelled)),
            "JobMoved HoldReleased HoldPlaced JobPlaced");
  EXPECT_EQ(scene.standing(), "there placed 2 | - | start");
  EXPECT_EQ(scene.ask(scene.ended_there(scene.here, Outcome::completed, day_one)), "nothing")
      << "the site that it left has no say any more";
  EXPECT_EQ(scene.ask(scene.ended_there(scene.there, Outcome::completed, day_one - minutes(30))),
            "TaskEnded UsageCharged HoldReleased JobEnded");
}

TEST(Evacuate, WhatBeginsAfterAllStays) {
  Scene scene;
  scene.drain();
  scene.world.pass_time();
  EXPECT_EQ(scene.ask(started(job_one, day_one, 0, scene.here)), "TaskStarted");
  EXPECT_EQ(scene.standing(), "here running 1 | - | -");
}

TEST(Evacuate, WhatTheSiteDoesNotKnowIsPlacedAnew) {
  Scene scene;
  scene.drain();
  scene.world.pass_time();
  EXPECT_EQ(scene.ask(ReportFromSite{scene.here, SiteAbsent{job_one, 1, "gone"}}),
            "JobMoved HoldReleased HoldPlaced JobPlaced");
  EXPECT_EQ(scene.standing(), "there placed 2 | - | start");
}

TEST(Evacuate, ATaskThatAsksDoesNotBeginOnceRecalled) {
  Scene scene;
  const Binding binding{17, day_one};
  World& world = scene.world;
  world.state.jobs.jobs.at(job_one).submission = SubmissionState::bound;
  world.state.jobs.jobs.at(job_one).binding = binding;
  scene.drain();
  world.pass_time();
  EXPECT_EQ(scene.ask(BeginTask{{job_one, 1, 0, binding.id, 0}}), "superseded job");
}

TEST(Evacuate, ASilentSiteWhoseJobsAskNeedNotBeAsked) {
  Scene scene;
  scene.fall_silent(true);
  EXPECT_EQ(scene.world.pass_time(), 2);
  EXPECT_EQ(scene.standing(), "there placed 2 | - | start");
}

TEST(Evacuate, ASilentSiteWhoseJobsDoNotAskKeepsThem) {
  Scene scene;
  scene.fall_silent(false);
  EXPECT_EQ(scene.world.pass_time(), 1);
  EXPECT_EQ(scene.standing(), "here queued 1 | - | -");
  scene.world.must(the_system, federation::ReportSilence{scene.here, false, false});
  EXPECT_TRUE(federation::takes_jobs(scene.world.state.federation, scene.here));
}

TEST(Evacuate, CancelledByItsOwnerItEnds) {
  Scene scene;
  scene.drain();
  scene.world.pass_time();
  EXPECT_EQ(scene.world.ask(lead, CancelJob{job_one}), "JobCancelRequested");
  EXPECT_EQ(scene.standing(), "here queued 1 | stop | -");
  EXPECT_EQ(scene.ask(scene.ended_there(scene.here, Outcome::cancelled)),
            "TaskEnded HoldReleased JobEnded");
}

TEST(Evacuate, ItStaysWhereNoOtherSiteCanTakeItAnyMore) {
  Scene scene;
  scene.drain();
  scene.world.pass_time();
  scene.world.must(admin, federation::DrainSite{scene.there, true});
  EXPECT_EQ(scene.ask(scene.ended_there(scene.here, Outcome::cancelled)), "JobRetried");
  EXPECT_EQ(scene.standing(), "here placed 2 | start | -");
}

TEST(Evacuate, WhatIsBoundToItsPlaceStays) {
  const auto stays = [](const JobRequest& request, MoveRule rule = policies::unstarted) {
    Scene scene(request);
    scene.world.policies.jobs.move = rule;
    scene.drain();
    scene.world.pass_time();
    return scene.told(scene.here) == "-";
  };
  EXPECT_FALSE(stays(train()));
  EXPECT_TRUE(stays(with(train(), &JobRequest::site, north))) << "by its site";
  EXPECT_TRUE(stays(train_on_gpu())) << "by its partition";
  EXPECT_TRUE(stays(with(train(), &JobRequest::array, std::vector<std::uint32_t>{1, 2})));
  EXPECT_TRUE(stays(train(), policies::no_move)) << "by the rule";
  EXPECT_TRUE(stays(train(), policies::silent_only)) << "a drained site answers";
}

TEST(Evacuate, DependenciesKeepTheirJobsTogether) {
  Scene scene;
  JobRequest after = train();
  after.dependencies = {{DependencyKind::after_ok, job_one}};
  scene.world.must(lead, SubmitJob{project, after});
  scene.drain();
  scene.world.pass_time();
  EXPECT_EQ(scene.told(scene.here), "-");
}

TEST(Evacuate, AResumedSiteKeepsWhatIsNotYetRecalled) {
  Scene scene;
  scene.drain();
  scene.drain(false);
  scene.world.pass_time();
  EXPECT_EQ(scene.standing(), "here queued 1 | - | -");
}

// Each move spends from an account of the other site, so the next one sees what is left.
TEST(Evacuate, NoMoreMovesThanTheAwardsThereCover) {
  Scene scene(with(train(), &JobRequest::time_limit, hours(40)));
  for (int i = 0; i < 1; ++i)
    scene.world.must(lead, SubmitJob{project, with(train(), &JobRequest::time_limit, hours(40))});
  scene.fall_silent(true);
  scene.world.pass_time();
  EXPECT_EQ(broken_invariant(scene.world.state), "");
}

}  // namespace
}  // namespace fabrica::test::evacuate
