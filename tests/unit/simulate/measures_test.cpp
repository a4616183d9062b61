#include "simulate/measures.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "base/random.h"
#include "simulate/compare.h"
#include "unit/simulate/by_hand.h"

namespace fabrica::simulate {
namespace {

TEST(Measures, QuantilesAreTheSmallestThatEnoughDoNotExceed) {
  struct Row {
    std::vector<std::int64_t> sorted;
    std::uint64_t per_thousand;
    std::int64_t answer;
  };
  const Row rows[] = {
      {{5}, 1, 5},
      {{5}, 1'000, 5},
      {{1, 2}, 500, 1},
      {{1, 2}, 501, 2},
      {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 900, 9},
      {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 901, 10},
      {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 990, 10},
      {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 500, 5},
  };
  for (const Row& row : rows) EXPECT_EQ(quantile(row.sorted, row.per_thousand), row.answer);
}

// Two machines, 4 and 8 wide; four jobs of three users.
TEST(Measures, OfAScheduleByHand) {
  constexpr std::uint32_t nobody_known = static_cast<std::uint32_t>(-1);
  const std::vector<forecast::Job> jobs{job(0, 100, 4, 1), job(0, 50, 1, 2), job(10, 5, 2, 1),
                                        job(20, 20, 8, nobody_known)};
  const std::vector<Time> starts{at(0), at(100), at(40), at(60)};
  const std::vector<std::uint32_t> sites{0, 0, 1, 1};
  const std::vector<std::int32_t> widths{4, 8};
  const Measures found = measure(widths, jobs, {starts, sites});
  EXPECT_EQ(found.jobs, 4U);
  EXPECT_DOUBLE_EQ(found.wait_mean_s, (0 + 100 + 30 + 40) / 4.0);
  EXPECT_DOUBLE_EQ(found.wait_median_s, 30);
  EXPECT_DOUBLE_EQ(found.wait_p90_s, 100);
  EXPECT_DOUBLE_EQ(found.wide_wait_mean_s, 40);
  EXPECT_DOUBLE_EQ(found.bounded_slowdown_mean, (1 + 3 + 3.5 + 3) / 4.0);
  EXPECT_DOUBLE_EQ(found.bounded_slowdown_median, 3);
  EXPECT_DOUBLE_EQ(found.bounded_slowdown_p90, 3.5);
  EXPECT_EQ(found.makespan_s, 150);
  EXPECT_DOUBLE_EQ(found.hours, (400 + 50 + 10 + 160) / 3'600.0);
  EXPECT_DOUBLE_EQ(found.utilisation, 620 / (12.0 * 150));
  EXPECT_DOUBLE_EQ(found.site_utilisation[0], 450 / (4.0 * 150));
  EXPECT_DOUBLE_EQ(found.site_utilisation[1], 170 / (8.0 * 150));
  EXPECT_EQ(found.users, 2U);
  // Users 1 and 2 have mean slowdowns 2.25 and 3.
  EXPECT_DOUBLE_EQ(found.user_fairness, 5.25 * 5.25 / (2 * (2.25 * 2.25 + 9)));
  ASSERT_EQ(found.sizes.size(), 4U);
  EXPECT_EQ(found.sizes[3].width_from, 8);
  EXPECT_EQ(found.sizes[3].width_to, 15);
  EXPECT_DOUBLE_EQ(found.sizes[3].wait_p90_s, 40);
}

// By Simpson's rule over the density of Student's t.
double probability_up_to(double t, double degrees) {
  const double factor = std::exp(std::lgamma((degrees + 1) / 2) - std::lgamma(degrees / 2)) /
                        std::sqrt(degrees * std::numbers::pi);
  const int steps = 20'000;
  double sum = 0;
  for (int step = 0; step <= steps; ++step) {
    const double x = t * step / steps;
    const double weight = step == 0 || step == steps ? 1 : step % 2 == 0 ? 2 : 4;
    sum += weight * factor * std::pow(1 + x * x / degrees, -(degrees + 1) / 2);
  }
  return 0.5 + sum * t / steps / 3;
}

TEST(Compare, QuantilesOfStudentsTAreRightOrWider) {
  for (std::uint64_t degrees = 1; degrees <= 200; ++degrees) {
    const double t = static_cast<double>(student_t_975_thousandths(degrees)) / 1'000;
    const double found = probability_up_to(t, static_cast<double>(degrees));
    if (degrees <= 30) EXPECT_NEAR(found, 0.975, 0.0001) << degrees;
    EXPECT_GE(found, 0.9749) << degrees;
    EXPECT_LE(found, 0.9775) << degrees;
  }
}

ScenarioRun run_of(std::string setting, std::uint64_t seed, double wait_mean_s) {
  ScenarioRun run;
  run.setting = std::move(setting);
  run.seed = seed;
  run.measures.wait_mean_s = wait_mean_s;
  return run;
}

std::string verdicts(const Result<Comparison>& made) {
  if (!made) return "refused";
  std::string text;
  for (const Difference& one : made->differences) {
    if (one.measure != "wait_mean_s") continue;
    text += fmt::format("{}{}{}{} {:+.3f} in {:+.3f} {:+.3f} of {}", text.empty() ? "" : "; ",
                        one.setting, one.setting.empty() ? "" : ": ", name_of(one.verdict),
                        one.difference, one.from, one.to, one.pairs);
  }
  return text + (made->unpaired == 0 ? "" : fmt::format("; {} unpaired", made->unpaired));
}

TEST(Compare, SaysWhatIsMoreThanChance) {
  struct Row {
    std::vector<ScenarioRun> a;
    std::vector<ScenarioRun> b;
    std::string_view answer;
  };
  const Row rows[] = {
      {{run_of("", 1, 5), run_of("", 2, 6)},
       {run_of("", 1, 5), run_of("", 2, 6)},
       "equal +0.000 in +0.000 +0.000 of 2"},
      {{run_of("", 1, 5)}, {run_of("", 1, 7)}, "one_pair +2.000 in +2.000 +2.000 of 1"},
      // A trace that no seed changes.
      {{run_of("", 1, 5), run_of("", 2, 5)},
       {run_of("", 1, 4), run_of("", 2, 4)},
       "one_pair -1.000 in -1.000 -1.000 of 2"},
      // Differences 1 and 3: deviation 1.41421, so 12.706 to each side.
      {{run_of("", 1, 5), run_of("", 2, 6)},
       {run_of("", 1, 6), run_of("", 2, 9)},
       "not_told +2.000 in -10.706 +14.706 of 2"},
      // Differences -10, -11, -12: deviation 1, 4.303 over the root of 3 to each side.
      {{run_of("", 1, 20), run_of("", 2, 30), run_of("", 3, 40)},
       {run_of("", 1, 10), run_of("", 2, 19), run_of("", 3, 28)},
       "lower -11.000 in -13.484 -8.516 of 3"},
      {{run_of("x", 1, 1), run_of("x", 2, 2)},
       {run_of("y", 2, 102), run_of("y", 1, 101.5)},
       "higher +100.250 in +97.073 +103.427 of 2"},
      {{run_of("x", 1, 1), run_of("y", 1, 2)},
       {run_of("y", 1, 3), run_of("z", 1, 4)},
       "y: one_pair +1.000 in +1.000 +1.000 of 1; 2 unpaired"},
      {{run_of("", 1, 1)}, {run_of("", 2, 3)}, "refused"},
      {{run_of("", 1, 1), run_of("", 1, 1)}, {run_of("", 1, 3)}, "refused"},
      {{}, {}, "refused"},
  };
  for (const Row& row : rows) EXPECT_EQ(verdicts(compare(row.a, row.b)), row.answer);
}

// Where there is no difference, the interval misses zero about once in twenty times.
TEST(Compare, IsWrongAboutChanceOnceInTwentyTimes) {
  Random random(17);
  int told = 0;
  for (int round = 0; round < 4'000; ++round) {
    std::vector<ScenarioRun> a;
    std::vector<ScenarioRun> b;
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      const auto noise = [&] {
        double sum = 0;
        for (int n = 0; n < 12; ++n) sum += static_cast<double>(random.below(1'000'000)) / 1e6;
        return sum;
      };
      a.push_back(run_of("", seed, noise()));
      b.push_back(run_of("", seed, noise()));
    }
    const Difference first = compare(a, b)->differences.front();
    told += first.verdict == Verdict::not_told ? 0 : 1;
  }
  EXPECT_NEAR(told, 200, 45);
}

}  // namespace
}  // namespace fabrica::simulate
