#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "base/random.h"
#include "forecast/half_lives.h"
#include "forecast/schedule.h"
#include "forecast/shares.h"
#include "unit/forecast/cases.h"
#include "unit/forecast/reference.h"

/// Invariants 60 and 61.
namespace fabrica::forecast {
namespace {

TEST(HalfLives, AreThePowersOfTwoWithoutFloatingPoint) {
  static_assert(left_after_q32(0) == one_q32 && left_after_q32(one_q32) == one_q32 / 2);
  static_assert(left_after_q32(31 * one_q32) == 2 && left_after_q32(40 * one_q32) == 0);
  Random random(1);
  for (int step = 0; step < 20'000; ++step) {
    const std::uint64_t after = random.below(one_q32);
    const double left = static_cast<double>(left_after_q32(after)) / static_cast<double>(one_q32);
    const double wanted = std::exp2(-static_cast<double>(after) / static_cast<double>(one_q32));
    ASSERT_NEAR(left / wanted, 1, 1.5e-8) << after;
  }
}

// Two users, half-life 1,000 ms, periods of 100. The first runs one processor from 0 to 1,000, the
// second from 1,000 on: at 2,000 the first has used about half as much as the second.
TEST(Shares, WhatWasUsedCountsHalfAsMuchAHalfLifeLater) {
  std::vector<Job> jobs(2);
  jobs[1].user = 1;
  PriorityRules rules;
  rules.half_life = milliseconds(1'000);
  rules.period = milliseconds(100);
  Shares shares(rules, jobs);
  constexpr double one = 1 << 20;
  const auto factor = [&](JobIndex job) {
    return static_cast<double>(shares.factor_q20(job)) / one;
  };
  EXPECT_EQ(factor(0), 1);
  shares.started(0, 1);
  EXPECT_TRUE(shares.advance(Time{1'000}));
  EXPECT_NEAR(factor(0), 0.25, 1e-5);  // all of two equal shares
  EXPECT_EQ(factor(1), 1);
  shares.ended(0, 1);
  shares.started(1, 1);
  EXPECT_FALSE(shares.advance(Time{1'099}));
  EXPECT_EQ(factor(1), 1);  // as of 1,000
  EXPECT_TRUE(shares.advance(Time{2'000}));
  EXPECT_NEAR(factor(0), std::exp2(-2.0 / 3), 1e-4);
  EXPECT_NEAR(factor(1), std::exp2(-4.0 / 3), 1e-4);
  EXPECT_TRUE(shares.advance(Time{200'000}));  // long enough for weights to be lowered
  EXPECT_LT(factor(0), 1.01);
  EXPECT_GT(factor(0), 0.99);
  EXPECT_NEAR(factor(1), 0.25, 1e-4);
}

std::vector<Job> jobs_of_few_users(const Kind& kind, std::uint64_t seed) {
  std::vector<Job> jobs = jobs_of(kind, seed);
  Random random(seed);
  for (Job& one : jobs) one.user = static_cast<std::uint32_t>(random.below(4));
  return jobs;
}

PriorityRules random_rules(Random& random) {
  PriorityRules rules;
  const auto weight = [&] { return random.chance(1, 3) ? 0 : random.between(1, 1'000); };
  rules.weight_age = weight();
  rules.weight_fair_share = weight();
  rules.weight_size = weight();
  rules.weight_wide = weight();
  rules.age = milliseconds(random.between(1'000, 3'000));
  rules.period = milliseconds(random.between(1, 12));
  rules.half_life = milliseconds(random.between(rules.period.ms, 100));
  return rules;
}

TEST(Priority, AgreesWithTheReferenceOnThousandsOfSmallCases) {
  for (const Kind& kind :
       {Kind{8, 3, 3, 8}, Kind{14, 4, 4, 12}, Kind{16, 16, 2, 20}, Kind{60, 16, 30, 200}}) {
    for (std::uint64_t seed = 1; seed <= 600; ++seed) {
      Random random(seed);
      const std::vector<Job> jobs = jobs_of_few_users(kind, seed);
      Machine machine{kind.width, Scheduler::priority};
      machine.rules = random_rules(random);
      if (random.chance(1, 3)) {
        machine.maintenance = outages_of(kind, random.below(3), random);
        machine.failures = outages_of(kind, random.below(3), random);
      }
      ASSERT_EQ(text_of(schedule(machine, jobs)), text_of(reference_schedule(machine, jobs)))
          << "on " << kind.width << ", seed " << seed << "\n"
          << text_of(jobs) << "maintenance\n"
          << text_of(machine.maintenance) << "failures\n"
          << text_of(machine.failures);
    }
  }
}

TEST(Priority, AgreesWithTheReferenceOnDeepQueues) {
  const Kind kind{250, 40, 3, 3'000};
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    Random random(seed);
    const std::vector<Job> jobs = jobs_of_few_users(kind, seed);
    Machine machine{kind.width, Scheduler::priority};
    machine.rules = random_rules(random);
    machine.rules.period = milliseconds(500);
    machine.rules.half_life = milliseconds(5'000);
    ASSERT_EQ(text_of(schedule(machine, jobs)), text_of(reference_schedule(machine, jobs)))
        << "seed " << seed;
  }
}

TEST(Priority, ByAgeAloneItIsEasy) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Kind kind{200, 32, 10, 2'000};
    const std::vector<Job> jobs = jobs_of_few_users(kind, seed);
    Machine machine{kind.width, Scheduler::priority};
    machine.rules.weight_fair_share = 0;
    EXPECT_EQ(text_of(schedule(machine, jobs)), text_of(schedule({kind.width}, jobs)));
  }
}

// A wide job of one who has used everything so far, and for ever more work than there is by others
// who have used nothing: each is a user of its own, narrow and short.
TEST(Priority, NobodyWaitsForEver) {
  std::vector<Job> jobs = {{Time{0}, seconds(500), seconds(500), 8, 0},
                           {Time{1'000}, seconds(10), seconds(10), 8, 0}};
  for (std::uint32_t number = 0; number < 4'000; ++number)
    jobs.push_back({Time{2'000 + 1'000 * number}, seconds(10), seconds(10), 1, 1 + number});
  Machine machine{8, Scheduler::priority};
  machine.rules.age = seconds(600);
  machine.rules.period = seconds(10);
  machine.rules.half_life = hours(10);
  for (const std::int64_t fair_share : {0, 500, 1'000, 4'000}) {
    machine.rules.weight_fair_share = fair_share;
    const Duration lead = age_lead(machine.rules);
    const Schedule made = schedule(machine, jobs);
    // Who came later than that is behind it; they who came before run first, at worst one by one.
    const std::int64_t before = 500 + lead.ms / 1'000 * 10 / 8 + 20;
    EXPECT_LE(made.starts[1], jobs[1].submit + lead + seconds(before)) << fair_share;
    for (std::size_t job = 2; job < jobs.size(); ++job) {
      if (jobs[job].submit <= jobs[1].submit + lead) continue;
      ASSERT_GE(made.starts[job], made.starts[1]) << fair_share << ", job " << job;
    }
  }
  machine.rules.weight_age = 0;
  EXPECT_GT(schedule(machine, jobs).starts[1], Time{3'000'000});
}

TEST(Priority, WhatAgeLeads) {
  PriorityRules rules;
  rules.age = seconds(1'000);
  rules.period = {seconds(10)};
  rules.weight_age = 500;
  rules.weight_fair_share = 1'000;
  rules.weight_size = 250;
  rules.weight_wide = 0;
  EXPECT_EQ(age_lead(rules), seconds(2'510) + milliseconds(1));
  rules.weight_age = 0;
  EXPECT_EQ(age_lead(rules).ms, never.ms);
}

}  // namespace
}  // namespace fabrica::forecast
