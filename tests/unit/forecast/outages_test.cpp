#include "forecast/outages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "forecast/schedule.h"
#include "forecast/start_prediction.h"
#include "unit/forecast/cases.h"
#include "unit/forecast/reference.h"

/// Invariants 58 and 59.
namespace fabrica::forecast {
namespace {

Machine machine_with_outages(const Kind& kind, Scheduler scheduler, std::uint64_t seed) {
  Random random(1'000 + seed);
  Machine machine{kind.width, scheduler};
  machine.maintenance = outages_of(kind, random.below(4), random);
  machine.failures = outages_of(kind, random.below(4), random);
  return machine;
}

TEST(Outages, AgreeWithTheReferenceOnThousandsOfSmallCases) {
  std::size_t lost = 0;
  for (const Scheduler scheduler : schedulers) {
    for (const Kind& kind : {Kind{5, 3, 3, 8}, Kind{12, 4, 4, 12}, Kind{14, 16, 2, 20}}) {
      for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        const std::vector<Job> jobs = jobs_of(kind, seed);
        const Machine machine = machine_with_outages(kind, scheduler, seed);
        const Schedule made = schedule(machine, jobs);
        ASSERT_EQ(text_of(made), text_of(reference_schedule(machine, jobs)))
            << name_of(scheduler) << " on " << kind.width << ", seed " << seed << "\n"
            << text_of(jobs) << "maintenance\n"
            << text_of(machine.maintenance) << "failures\n"
            << text_of(machine.failures);
        lost += made.lost.size();
      }
    }
  }
  EXPECT_GT(lost, 1'000U);
}

TEST(Outages, AgreeWithTheReferenceOnDeepQueues) {
  for (const Scheduler scheduler : schedulers) {
    const Kind kind{scheduler == Scheduler::conservative ? 50UL : 200UL, 40, 3, 3'000};
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      const std::vector<Job> jobs = jobs_of(kind, seed);
      const Machine machine = machine_with_outages(kind, scheduler, seed);
      ASSERT_EQ(text_of(schedule(machine, jobs)), text_of(reference_schedule(machine, jobs)))
          << name_of(scheduler) << ", seed " << seed;
    }
  }
}

// In use at each moment: what runs, also what was lost later, and what is out by then.
TEST(Outages, NeverMoreRunsThanIsLeft) {
  const Kind kind{300, 64, 40, 3'000};
  for (const Scheduler scheduler : schedulers) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
      const std::vector<Job> jobs = jobs_of(kind, seed);
      const Machine machine = machine_with_outages(kind, scheduler, seed);
      const Schedule made = schedule(machine, jobs);
      std::map<Time, std::int64_t> used;
      std::map<Time, std::int64_t> out;
      const auto add = [](auto& changes, Time from, Time until, std::int32_t width) {
        changes[from] += width;
        changes[until] -= width;
      };
      for (std::size_t job = 0; job < jobs.size(); ++job)
        add(used, made.starts[job], made.starts[job] + jobs[job].run, jobs[job].width);
      for (const LostRun& run : made.lost) add(used, run.from, run.until, jobs[run.job].width);
      for (const auto& outages : {machine.maintenance, machine.failures}) {
        for (const Outage& outage : outages) add(out, outage.from, outage.until, outage.width);
      }
      for (const auto& [moment, by] : out) used[moment] += 0;
      std::int64_t runs = 0;
      std::int64_t lacks = 0;
      for (const auto& [moment, by] : used) {
        runs += by;
        if (out.contains(moment)) lacks += out[moment];
        ASSERT_LE(runs, kind.width - std::min<std::int64_t>(lacks, kind.width))
            << name_of(scheduler) << ", seed " << seed << ", at " << moment.ms;
      }
    }
  }
}

struct OutagesRow {
  std::string what;
  std::vector<Job> jobs;
  std::vector<Outage> maintenance;
  std::vector<Outage> failures;
  std::string starts;
};

Job job_at(std::int64_t submit, std::int64_t run, std::int64_t limit, std::int32_t width) {
  return {Time{submit}, milliseconds(run), milliseconds(limit), width};
}

// EASY on a machine of 10.
TEST(Outages, OfAHandfulOfJobs) {
  const OutagesRow rows[] = {
      {"who would run into it starts after it",
       {job_at(0, 10, 101, 1)},
       {{Time{100}, Time{200}, 10}},
       {},
       "200 "},
      {"who ends just in time starts",
       {job_at(0, 100, 100, 10)},
       {{Time{100}, Time{200}, 10}},
       {},
       "0 "},
      {"a shorter one goes ahead",
       {job_at(0, 9, 200, 1), job_at(1, 9, 99, 10)},
       {{Time{100}, Time{200}, 10}},
       {},
       "200 1 "},
      {"what is left can be used",
       {job_at(0, 9, 200, 4), job_at(0, 9, 200, 4), job_at(1, 9, 99, 2)},
       {{Time{100}, Time{200}, 5}},
       {},
       "0 9 1 "},
      {"nobody delays the head after it",
       {job_at(0, 9, 150, 6), job_at(1, 9, 300, 4), job_at(1, 9, 300, 5)},
       {{Time{100}, Time{200}, 5}},
       {},
       "200 1 209 "},
      {"overlapping ones are out together",
       {job_at(0, 9, 101, 3)},
       {{Time{100}, Time{200}, 5}, {Time{150}, Time{250}, 4}, {Time{160}, Time{170}, 10}},
       {},
       "0 "},
      {"over before the beginning", {job_at(0, 5, 5, 10)}, {{Time{-9}, Time{0}, 10}}, {}, "0 "},
      {"a failure ends the last to start",
       {job_at(0, 50, 60, 4), job_at(1, 50, 60, 4)},
       {},
       {{Time{20}, Time{30}, 2}},
       "0 20 "},
      {"and as many as it is wide",
       {job_at(0, 50, 60, 4), job_at(1, 50, 60, 4)},
       {},
       {{Time{20}, Time{30}, 5}},
       "20 30 "},
      {"who ends at that moment has ended",
       {job_at(0, 20, 60, 4)},
       {},
       {{Time{20}, Time{30}, 10}},
       "0 "},
      {"lost jobs are behind who waits",
       {job_at(0, 50, 60, 10), job_at(1, 50, 60, 10)},
       {},
       {{Time{20}, Time{30}, 1}},
       "80 30 "},
      {"and before who comes then",
       {job_at(0, 50, 60, 10), job_at(20, 50, 60, 10)},
       {},
       {{Time{20}, Time{30}, 1}},
       "30 80 "},
      {"further ones where maintenance needs the rest",
       {job_at(0, 90, 95, 5), job_at(1, 9, 9, 5)},
       {{Time{40}, Time{50}, 5}},
       {{Time{5}, Time{45}, 5}},
       "45 5 "},
  };
  for (const OutagesRow& row : rows) {
    Machine machine{10};
    machine.maintenance = row.maintenance;
    machine.failures = row.failures;
    EXPECT_EQ(text_of(schedule(machine, row.jobs).starts), row.starts) << row.what;
    EXPECT_EQ(text_of(reference_schedule(machine, row.jobs).starts), row.starts) << row.what;
  }
}

TEST(Outages, StartsArePredictedAroundMaintenance) {
  std::size_t checked = 0;
  const Kind kind{60, 16, 20, 400};
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    std::vector<Job> jobs = jobs_of(kind, seed);
    for (Job& one : jobs) one.run = one.limit;
    Machine machine = machine_with_outages(kind, Scheduler::easy, seed);
    machine.failures.clear();
    const Schedule plain = schedule(machine, jobs);
    const PredictedSchedule made = predicted_schedule(machine, jobs, RunTimeSource::limits);
    ASSERT_EQ(made.schedule.starts, plain.starts) << "seed " << seed;
    if (made.predictions.empty() || made.predictions.back().job + 1 != jobs.size()) continue;
    ASSERT_EQ(made.predictions.back().p50, plain.starts.back()) << "seed " << seed;
    checked += 1;
  }
  EXPECT_GT(checked, 15U);
}

TEST(OutagesDeathTest, WhatIsNoOutageIsABug) {
  const std::vector<Job> jobs = {job_at(0, 1, 1, 1)};
  const auto with = [](std::vector<Outage> maintenance, std::vector<Outage> failures) {
    Machine machine{4};
    machine.maintenance = std::move(maintenance);
    machine.failures = std::move(failures);
    return machine;
  };
  EXPECT_DEATH((void)schedule(with({{Time{5}, Time{5}, 1}}, {}), jobs), "outages last");
  EXPECT_DEATH((void)schedule(with({{Time{5}, Time{6}, 0}}, {}), jobs), "outages last");
  EXPECT_DEATH((void)schedule(with({}, {{Time{5}, Time{6}, 1}, {Time{4}, Time{6}, 1}}), jobs),
               "sorted by when they come");
  Machine textbook = with({{Time{5}, Time{6}, 1}}, {});
  textbook.order = EventOrder::textbook;
  EXPECT_DEATH((void)schedule(textbook, jobs), "batched order");
}

}  // namespace
}  // namespace fabrica::forecast
