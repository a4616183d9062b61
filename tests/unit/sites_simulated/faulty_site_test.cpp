#include "sites/simulated/faulty_site.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "sites/simulated/simulated_site.h"

namespace fabrica::sites::simulated {
namespace {

using federation::PartitionId;
using jobs::JobId;
using jobs::Report;
using jobs::SiteEnded;

constexpr Time morning{1'800'000'000'000};
constexpr std::uint64_t jobs_told = 40;

struct Outcome {
  std::map<JobId, int> runs;
  std::set<JobId> ended;
  std::map<SiteFault, std::uint64_t> fired;
};

// Tells the site forty jobs as a worker does, again and again until their ends are heard.
Outcome work_through(Faults<SiteFault> faults) {
  Outcome outcome;
  const VirtualPartition partition{PartitionId{1}, 4, 8, 0, 1'000, false};
  SimulatedSite inner(5, std::vector{partition});
  inner.watch([&](TaskName task) { outcome.runs[task.job] += 1; });
  FaultySite site(inner, std::move(faults));
  Time now = morning;
  for (int round = 0; round < 3'000 && outcome.ended.size() < jobs_told; ++round) {
    if (round == 400) site.heal();
    const std::vector<Report> heard = site.hear(now);
    for (const Report& report : heard) {
      if (const auto* ended = std::get_if<SiteEnded>(&report)) outcome.ended.insert(ended->job);
    }
    site.acknowledge(heard);
    for (std::uint64_t id = 1; id <= jobs_told; ++id) {
      jobs::StartJob start;
      start.job = JobId{id};
      start.partition = PartitionId{1};
      start.request.change().cpus_per_node = 2;
      start.request.change().time_limit = hours(1);
      if (!outcome.ended.contains(start.job)) site.tell(start);
    }
    now = now + minutes(10);
  }
  outcome.fired = site.fired();
  return outcome;
}

TEST(FaultySite, WithoutFaultsItOnlyPassesOn) {
  const Outcome outcome = work_through({});
  EXPECT_EQ(outcome.ended.size(), jobs_told);
  EXPECT_TRUE(outcome.fired.empty());
}

TEST(FaultySite, WhateverHappensEachJobRunsOnceAndItsEndIsHeard) {
  std::set<SiteFault> seen;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Outcome outcome = work_through(Faults<SiteFault>(Random{seed}, 4));
    EXPECT_EQ(outcome.ended.size(), jobs_told) << "seed " << seed;
    for (const auto& [job, count] : outcome.runs)
      EXPECT_EQ(count, 1) << "seed " << seed << " " << to_string(job);
    for (const auto& [fault, count] : outcome.fired) seen.insert(fault);
  }
  EXPECT_EQ(seen.size(),
            boost::mp11::mp_size<boost::describe::describe_enumerators<SiteFault>>::value);
}

TEST(Faults, HealedNoneFires) {
  Faults<SiteFault> faults(Random{1}, 1);
  faults.heal();
  for (int i = 0; i < 1'000; ++i) EXPECT_FALSE(faults.fires(SiteFault::silent));
  EXPECT_TRUE(faults.fired().empty());
}

}  // namespace
}  // namespace fabrica::sites::simulated
