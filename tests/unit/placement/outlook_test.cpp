#include "placement/outlook.h"

#include <gtest/gtest.h>

#include "fleet_of_sites.h"

/// When jobs that wait will begin, as far as can be known: where everybody runs to his limit and
/// nobody comes after, that is when they begin (invariant 65).
namespace fabrica::test {
namespace {

using placement::Dispatcher;
using placement::Instead;
using placement::Outlook;

// "+60 min@site-0", counted from now; "-": nothing is said.
std::string text_of(const FleetOfSites& fleet, const std::optional<Dispatcher::Beginning>& one) {
  if (!one) return "-";
  return fmt::format("+{} min@{}", (one->at - fleet.world.now).ms / minutes(1).ms,
                     fleet.world.state.federation.partitions.at(one->partition).slug);
}

Outlook outlook(FleetOfSites& fleet, std::uint64_t job) {
  return placement::outlook_of(fleet.dispatcher, JobId{job}, fleet.world.now);
}

void place_all(FleetOfSites& fleet) {
  for (const auto& [job, partition] : fleet.place()) fleet.begin(job);
}

TEST(Outlook, WhoWaitsBeginsWhenThereIsRoomAndItIsHisTurn) {
  FleetOfSites fleet({8, 4}, {.grace = {}, .look_every = milliseconds(1)});
  fleet.submit(lead, 8, hours(2));
  fleet.submit(lead, 4, hours(1));
  place_all(fleet);
  fleet.submit(lead, 4, hours(3));
  fleet.submit(lead, 4, hours(3));
  fleet.submit(lead, 2, hours(9));
  place_all(fleet);
  fleet.world.now = fleet.world.now + minutes(15);
  const struct {
    std::uint64_t job;
    std::string_view begins;
  } cases[] = {{1, "-"}, {3, "+45 min@site-1"}, {4, "+105 min@site-0"}, {5, "+105 min@site-0"}};
  for (const auto& one : cases)
    EXPECT_EQ(text_of(fleet, outlook(fleet, one.job).beginning), one.begins) << one.job;
}

// What the dispatcher then does is what was said.
TEST(Outlook, IsWhatHappensWhereEverybodyRunsToHisLimit) {
  FleetOfSites fleet({8, 4}, {.grace = {}, .look_every = milliseconds(1)});
  for (std::uint32_t i = 1; i <= 8; ++i) fleet.submit(lead, 1 + i % 4, hours(i), {});
  place_all(fleet);
  std::map<JobId, Time> said;
  for (std::uint64_t job = 1; job <= 8; ++job) {
    if (const auto one = outlook(fleet, job).beginning) said[JobId{job}] = one->at;
  }
  ASSERT_FALSE(said.empty());
  while (fleet.dispatcher.waiting() > 0) {
    Time next = never;
    fleet.world.state.jobs.jobs.for_each([&](JobId, const jobs::Job& job) {
      if (job.phase == jobs::JobPhase::running)
        next = std::min(next, job.tasks[0].started + job.request->time_limit);
    });
    fleet.world.now = next;
    std::vector<JobId> ends;
    fleet.world.state.jobs.jobs.for_each([&](JobId id, const jobs::Job& job) {
      if (job.phase == jobs::JobPhase::running &&
          job.tasks[0].started + job.request->time_limit == next)
        ends.push_back(id);
    });
    for (const JobId id : ends) fleet.end(id);
    for (const auto& [job, partition] : fleet.place()) {
      EXPECT_EQ(said[job].ms, fleet.world.now.ms) << job.value;
      fleet.begin(job);
    }
  }
}

TEST(Outlook, SaysWhatWouldMakeItSooner) {
  FleetOfSites fleet({8, 4}, {.grace = {}, .look_every = milliseconds(1)});
  fleet.submit(lead, 6, hours(4), fleet.partitions[0]);
  fleet.begin(JobId{1});
  fleet.submit(lead, 4, hours(2), fleet.partitions[1]);
  fleet.begin(JobId{2});
  // The next is sent to the site that it names and has not begun: two nodes are free until then.
  fleet.submit(lead, 8, hours(1), fleet.partitions[0]);
  fleet.submit(lead, 4, hours(6));
  place_all(fleet);
  EXPECT_EQ(text_of(fleet, outlook(fleet, 3).beginning), "+240 min@site-0");
  const Outlook waits = outlook(fleet, 4);
  EXPECT_EQ(text_of(fleet, waits.beginning), "+120 min@site-1");
  std::string sooner;
  for (const Outlook::Sooner& one : waits.sooner) {
    sooner += fmt::format("{} {}; ", name_of(one.instead), text_of(fleet, one.beginning));
  }
  EXPECT_EQ(sooner, "half_of_both +0 min@site-0; ");
  ASSERT_EQ(waits.chances.size(), 2U);
  EXPECT_EQ(waits.chances[1].needed, 240);
  EXPECT_EQ(waits.chances[1].free, 120);
  EXPECT_TRUE(waits.chances[1].site_has_queue);
  EXPECT_EQ(waits.chances[0].free, 0);
}

TEST(Outlook, NothingIsSaidOfWhoCannotGoAnywhereOrIsNotThere) {
  FleetOfSites fleet({4, 4});
  fleet.submit(lead, 4, hours(1));
  fleet.tell(admin, federation::DrainSite{fleet.sites[0], true});
  fleet.tell(admin, federation::DrainSite{fleet.sites[1], true});
  place_all(fleet);
  EXPECT_FALSE(outlook(fleet, 1).beginning);
  EXPECT_TRUE(outlook(fleet, 1).chances.empty());
  EXPECT_FALSE(outlook(fleet, 99).beginning);
}

}  // namespace
}  // namespace fabrica::test
