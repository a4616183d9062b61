#include "placement/dispatcher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/random.h"
#include "fleet_of_sites.h"
#include "forecast/fleet.h"

/// Invariant 63, and what becomes of jobs that wait with us when the world changes under them.
namespace fabrica::test {
namespace {

using placement::Dispatcher;

/// "job-1@site-0 job-2@site-1", in the order of numbers; "-" when nobody began.
std::string begun(FleetOfSites& fleet) {
  std::string text;
  for (const auto& [job, partition] : fleet.place()) {
    fleet.begin(job);
    text += fmt::format("{}{}@{}", text.empty() ? "" : " ", job,
                        fleet.world.state.federation.partitions.at(partition).slug);
  }
  return text.empty() ? "-" : text;
}

TEST(Dispatcher, JobsGoToTheNarrowestSiteWithRoomAndTheOthersWait) {
  FleetOfSites fleet({8, 4, 2});
  const auto later = [&](std::int64_t passed) {
    fleet.world.now = fleet.world.now + minutes(passed);
  };
  fleet.submit(lead, 2, hours(1));
  EXPECT_EQ(begun(fleet), "job-1@site-2");
  // The third is protected where it fits best, so the second keeps away from there.
  fleet.submit(lead, 2, hours(1));
  fleet.submit(lead, 4, hours(1));
  EXPECT_EQ(begun(fleet), "job-2@site-0 job-3@site-1");
  fleet.submit(lead, 4, hours(1));
  fleet.submit(lead, 1, hours(1));
  EXPECT_EQ(begun(fleet), "job-4@site-0 job-5@site-0");
  // The sites are full but for one node, too little for either.
  fleet.submit(lead, 2, hours(1));
  fleet.submit(lead, 3, hours(1));
  EXPECT_EQ(begun(fleet), "-");
  EXPECT_EQ(fleet.dispatcher.waiting(), 2U);
  EXPECT_EQ(fleet.world.job(JobId{6}).phase, jobs::JobPhase::waiting);
  later(30);
  fleet.end(JobId{1});
  EXPECT_EQ(begun(fleet), "job-6@site-2");
  fleet.end(JobId{2});
  EXPECT_EQ(begun(fleet), "job-7@site-0");
  EXPECT_EQ(fleet.dispatcher.waiting(), 0U);
  EXPECT_NE(fleet.last_reasons.find("0 jobs wait"), std::string::npos) << fleet.last_reasons;
}

TEST(Dispatcher, WhoHasOnlyOneSiteIsSentThereAndStandsBeforeThoseThatComeLater) {
  FleetOfSites fleet({8, 4});
  fleet.submit(lead, 6, hours(2), fleet.partitions[0]);
  EXPECT_EQ(fleet.world.job(JobId{1}).phase, jobs::JobPhase::placed);
  fleet.begin(JobId{1});
  // The second waits at the site: what would delay it stays with us, what ends before may go.
  fleet.submit(lead, 8, hours(1), fleet.partitions[0]);
  fleet.submit(lead, 4, hours(9));
  fleet.submit(lead, 2, hours(9));
  fleet.submit(lead, 2, hours(1));
  EXPECT_EQ(begun(fleet), "job-3@site-1 job-5@site-0");
  EXPECT_EQ(fleet.dispatcher.waiting(), 1U);
}

TEST(Dispatcher, WhereJobsMayGoIsLookedAtAgainWhenSitesComeAndGo) {
  FleetOfSites fleet({4, 4});
  fleet.submit(lead, 4, hours(1));
  fleet.submit(lead, 4, hours(1));
  EXPECT_EQ(begun(fleet), "job-1@site-0 job-2@site-1");
  fleet.submit(lead, 2, hours(1));
  fleet.tell(admin, federation::DrainSite{fleet.sites[0], true});
  fleet.end(JobId{1});
  EXPECT_EQ(begun(fleet), "-");
  fleet.tell(admin, federation::DrainSite{fleet.sites[0], false});
  EXPECT_EQ(begun(fleet), "job-3@site-0");
  fleet.submit(lead, 4, hours(1));
  fleet.tell(lead, jobs::CancelJob{JobId{4}});
  EXPECT_EQ(fleet.dispatcher.waiting(), 0U);
}

TEST(Dispatcher, AnAwardThatCannotPayIsTriedAgainLater) {
  FleetOfSites fleet({4, 4});
  fleet.submit(lead, 4, hours(1));
  fleet.submit(lead, 4, hours(1));
  fleet.submit(lead, 4, hours(1));
  EXPECT_EQ(begun(fleet), "job-1@site-0 job-2@site-1");
  // The third's hold stands at one of them; at the other nothing is left.
  const std::size_t its = fleet.world.job(JobId{3}).partition == fleet.partitions[0] ? 0 : 1;
  const std::size_t other = 1 - its;
  const auto accounts = fleet.world.state.ledger.of_project.at(project);
  for (const AccountId id : accounts) {
    const ledger::Account& account = fleet.world.state.ledger.accounts.at(id);
    if (account.partition != fleet.partitions[other]) continue;
    fleet.tell(admin, ledger::CorrectCharge{id, -account.available(), 1, "spent elsewhere"});
  }
  // What it gets back of that hold is half of what the third needs.
  fleet.world.now = fleet.world.now + minutes(30);
  fleet.end(JobId{other + 1});
  EXPECT_EQ(begun(fleet), "-");
  fleet.world.now = fleet.world.now + minutes(2);
  fleet.end(JobId{its + 1});
  EXPECT_EQ(begun(fleet), fmt::format("job-3@site-{}", its));
}

TEST(Dispatcher, WhatOthersRunAtASiteIsNoRoom) {
  FleetOfSites fleet({8, 4});
  const auto carry = [&](const std::vector<Dispatcher::Carried>& jobs) {
    fleet.dispatcher.carry(fleet.sites[1], fleet.world.now, jobs);
  };
  const Time ends = fleet.world.now + hours(1);
  const Dispatcher::Carried stranger{fleet.partitions[1], 17, {3, 1}, ends, hours(2)};
  carry({stranger});
  fleet.submit(lead, 2, hours(1));
  EXPECT_EQ(begun(fleet), "job-1@site-0");
  fleet.submit(lead, 1, hours(1));
  EXPECT_EQ(begun(fleet), "job-2@site-1");
  // The site's queue comes before what waits with us.
  fleet.submit(lead, 5, hours(2), fleet.partitions[0]);
  fleet.begin(JobId{3});
  carry({stranger, {fleet.partitions[1], 18, {4, 1}, {}, hours(2)}});
  fleet.end(JobId{2});
  fleet.submit(lead, 3, hours(9));
  EXPECT_EQ(begun(fleet), "-");
  EXPECT_EQ(Dispatcher(fleet.dispatcher).beginning_of(JobId{4})->at.ms,
            (fleet.world.now + hours(1)).ms);
  // Who is not told of any more is gone.
  carry({});
  EXPECT_EQ(begun(fleet), "job-4@site-1");
}

TEST(Dispatcher, KnowsAfterARestartWhatItKnewBefore) {
  FleetOfSites fleet({8, 4});
  for (int i = 0; i < 6; ++i) fleet.submit(i % 2 == 0 ? lead : member, 3, hours(1 + i));
  begun(fleet);
  fleet.world.now = fleet.world.now + minutes(20);
  fleet.end(JobId{1});
  Dispatcher fresh;
  const auto chosen = fresh.place(fleet.world.state, fleet.world.now);
  std::map<JobId, PartitionId> again;
  for (const jobs::PlaceJob& one : chosen) again[one.job] = one.partition;
  EXPECT_EQ(again, fleet.place());
  EXPECT_FALSE(again.empty());
}

std::string text_of(const forecast::FleetSchedule& made) {
  std::string text;
  for (std::size_t job = 0; job < made.starts.size(); ++job)
    text += fmt::format("{}@{} ", made.starts[job].ms, made.sites[job]);
  return text;
}

/// When jobs begin, and where, along events of which none is missed.
struct Life {
  std::vector<forecast::Job> jobs;
  std::vector<std::int32_t> widths;

  forecast::FleetSchedule lived() const {
    FleetOfSites fleet(widths, {.grace = {}, .look_every = milliseconds(1)});
    const Time epoch = fleet.world.now;
    forecast::FleetSchedule made;
    made.starts.resize(jobs.size());
    made.sites.resize(jobs.size());
    std::multimap<Time, JobId> ends;
    for (std::size_t next = 0; next < jobs.size() || !ends.empty();) {
      const Time arrival = next < jobs.size() ? epoch + (jobs[next].submit - Time{}) : never;
      const Time now = std::min(arrival, ends.empty() ? never : ends.begin()->first);
      fleet.world.now = now;
      for (; !ends.empty() && ends.begin()->first == now; ends.erase(ends.begin()))
        fleet.end(ends.begin()->second);
      for (; next < jobs.size() && epoch + (jobs[next].submit - Time{}) == now; ++next) {
        const forecast::Job& job = jobs[next];
        EXPECT_EQ(fleet.submit(job.user == 0 ? lead : member, static_cast<std::uint32_t>(job.width),
                               job.limit),
                  "JobAccepted HoldPlaced JobPlaced");
      }
      for (const auto& [id, partition] : fleet.place()) {
        const std::size_t at = id.value - 1;
        fleet.begin(id);
        made.starts[at] = Time{} + (now - epoch);
        made.sites[at] = static_cast<std::uint32_t>(std::ranges::find(fleet.partitions, partition) -
                                                    fleet.partitions.begin());
        ends.emplace(now + jobs[at].run, id);
      }
    }
    return made;
  }
};

// With whole nodes at sites that carry nothing else, what is placed beside the kernel is what
// forecast/late_binding.h says, job by job.
TEST(Dispatcher, PlacesAsTheSimulatedPolicyDoes) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    Life life;
    life.widths = seed % 2 == 0 ? std::vector<std::int32_t>{16, 12, 5, 3}
                                : std::vector<std::int32_t>{3, 9, 7};
    const std::int32_t widest = seed % 2 == 0 ? 12 : 7;
    Time submit;
    for (int i = 0; i < 40; ++i) {
      forecast::Job job;
      submit = submit + minutes(random.between(0, 12));
      job.submit = submit;
      job.limit = minutes(random.between(5, 120));
      job.run = milliseconds(random.between(1, job.limit.ms - 60'000));
      job.width = static_cast<std::int32_t>(random.between(1, widest));
      job.user = static_cast<std::uint32_t>(random.below(2));
      life.jobs.push_back(job);
    }
    const forecast::FleetSchedule wanted =
        forecast::schedule(forecast::Fleet{life.widths}, life.jobs);
    const forecast::FleetSchedule made = life.lived();
    ASSERT_EQ(text_of(made), text_of(wanted)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace fabrica::test
