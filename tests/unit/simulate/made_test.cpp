#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <vector>

#include "base/digest.h"
#include "simulate/lublin.h"
#include "simulate/made_jobs.h"
#include "simulate/variates.h"
#include "simulate/workloads.h"
#include "unit/simulate/by_hand.h"

/// Invariant 55: made jobs follow the published figures, and a seed makes the same ones everywhere.
namespace fabrica::simulate {
namespace {

struct Moments {
  double mean = 0;
  double variance = 0;
};

template <class Draw>
Moments moments_of(std::size_t count, Draw&& draw_one) {
  double sum = 0;
  double squares = 0;
  for (std::size_t n = 0; n < count; ++n) {
    const double x = draw_one();
    sum += x;
    squares += x * x;
  }
  const auto all = static_cast<double>(count);
  return {sum / all, squares / all - sum / all * sum / all};
}

TEST(Variates, HaveTheMomentsOfTheirDistributions) {
  Random random(7);
  struct Row {
    std::function<Fixed()> draw;
    double mean;
    double variance;
  };
  const Row rows[] = {
      {[&] { return uniform(random); }, 0.5, 1.0 / 12},
      {[&] { return exponential(random); }, 1, 1},
      {[&] { return normal(random); }, 0, 1},
      {[&] { return gamma(random, Fixed::of(1)); }, 1, 1},
      {[&] { return gamma(random, Fixed::ratio(657, 100)); }, 6.57, 6.57},
      {[&] { return gamma(random, Fixed::ratio(6'391, 10)); }, 639.1, 639.1},
  };
  for (const Row& row : rows) {
    const Moments found = moments_of(200'000, [&] { return value(row.draw()); });
    EXPECT_NEAR(found.mean, row.mean, 0.01 * std::sqrt(row.variance));
    EXPECT_NEAR(found.variance, row.variance, 0.03 * row.variance);
  }
}

TEST(Variates, AWeightedDrawIsAsLikelyAsItsWeight) {
  Random random(3);
  const WeightedDraw draw({0, 3, 0, 1});
  std::vector<int> counts(4);
  for (int n = 0; n < 40'000; ++n) counts[draw.draw(random)] += 1;
  EXPECT_EQ(counts[0] + counts[2], 0);
  EXPECT_NEAR(counts[1], 30'000, 400);
}

TEST(Cycle, TimePassesAsFastAsTheWeightsSay) {
  struct Row {
    std::int64_t even_ms;
    std::int64_t at_ms;
  };
  // Weights 1, 0 and 2 of parts of 30 s have mean 1.
  const Row rows[] = {{0, 0},
                      {29'000, 29'000},
                      {29'999, 29'999},
                      {30'000, 60'000},
                      {31'000, 60'500},
                      {89'000, 89'500},
                      {90'000, 90'000},
                      {119'000, 119'000},
                      {120'000, 150'000},
                      {180'000, 180'000},
                      {9'000'000, 9'000'000}};
  const Cycle cycle({Fixed::of(3), Fixed::of(0), Fixed::of(6)}, 30);
  for (const Row& row : rows) EXPECT_EQ(cycle.at_ms(row.even_ms), row.at_ms) << row.even_ms;
}

TEST(Cycle, HoursAndDaysOfAWeekAreWeighted) {
  std::vector<std::uint32_t> hours(24, 1);
  hours[12] = 13;
  const Cycle cycle = Cycle::of_week(hours, {1, 1, 1, 1, 1, 1, 0});
  std::map<std::int64_t, int> by_hour;
  std::map<std::int64_t, int> by_day;
  std::int64_t before_ms = 0;
  for (std::int64_t n = 0; n < 60'480; ++n) {
    const std::int64_t now_ms = cycle.at_ms(n * 100'000);
    EXPECT_GE(now_ms, before_ms);
    before_ms = now_ms;
    by_hour[now_ms / 3'600'000 % 24] += 1;
    by_day[now_ms / 86'400'000 % 7] += 1;
  }
  EXPECT_NEAR(by_hour[12], 60'480 * 13 / 36, 20);
  EXPECT_NEAR(by_hour[0], 60'480 / 36, 20);
  EXPECT_EQ(by_day[6], 0);
  EXPECT_NEAR(by_day[2], 60'480 / 6, 20);
}

TEST(Cycle, NeverFallsAndKeepsWholeWeeks) {
  Random random(6);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::uint32_t> hours;
    std::vector<std::uint32_t> days;
    for (int n = 0; n < 24; ++n) hours.push_back(static_cast<std::uint32_t>(random.below(1'000)));
    for (int n = 0; n < 7; ++n) days.push_back(static_cast<std::uint32_t>(random.below(2)));
    hours[static_cast<std::size_t>(random.below(24))] = 1'000'000;
    days[static_cast<std::size_t>(random.below(7))] = 1;
    const Cycle cycle = Cycle::of_week(hours, days);
    std::int64_t before_ms = 0;
    for (std::int64_t even_ms = 0; even_ms < 2 * 604'800'000;
         even_ms += random.between(0, 9'000'000)) {
      const std::int64_t now_ms = cycle.at_ms(even_ms);
      EXPECT_GE(now_ms, before_ms);
      EXPECT_EQ(now_ms / 604'800'000, even_ms / 604'800'000);
      before_ms = now_ms;
    }
  }
}

// What the model's own formulas give, computed here with the real functions.
TEST(Lublin, HalfHoursAreThoseOfTheGammaDistribution) {
  struct Row {
    LublinModel::Type type;
    double shape;
    double scale;
  };
  for (const Row& row : {Row{LublinModel::Type::batch, 6.1271, 5.2740},
                         Row{LublinModel::Type::interactive, 8.9186, 3.6680}}) {
    const std::vector<Fixed> found = lublin_half_hours(row.type);
    std::vector<double> exact(48);
    for (int at = 11; at < 59; ++at) {
      for (int step = 0; step < 1'000; ++step) {
        const double x = at - 0.5 + (step + 0.5) / 1'000;
        exact[static_cast<std::size_t>((at - 1) % 48)] +=
            std::exp((row.shape - 1) * std::log(x) - x / row.scale) / 1'000;
      }
    }
    double sum_found = 0;
    double sum_exact = 0;
    for (std::size_t at = 0; at < 48; ++at) {
      sum_found += value(found[at]);
      sum_exact += exact[at];
    }
    for (std::size_t at = 0; at < 48; ++at) {
      EXPECT_NEAR(value(found[at]) / sum_found, exact[at] / sum_exact, 1e-6) << at;
    }
  }
}

TEST(Lublin, JobsOf128NodesAreThoseOfTheModel) {
  using Type = LublinModel::Type;
  LublinModel model(128, Random(11));
  struct Sums {
    double jobs = 0;
    double serial = 0;
    double power_of_two = 0;
    double log_run_of_serial = 0;
    std::int32_t widest = 0;
  };
  std::map<Type, Sums> by_type;
  std::int64_t before_ms = 0;
  for (int n = 0; n < 400'000; ++n) {
    const LublinModel::Drawn drawn = model.next();
    EXPECT_GE(drawn.even_ms, before_ms);
    EXPECT_LE(drawn.run_s, 162'755);
    before_ms = drawn.even_ms;
    Sums& sums = by_type[drawn.type];
    sums.jobs += 1;
    sums.serial += drawn.width == 1 ? 1 : 0;
    sums.power_of_two += (drawn.width & (drawn.width - 1)) == 0 ? 1 : 0;
    if (drawn.width == 1)
      sums.log_run_of_serial += std::log(static_cast<double>(drawn.run_s) + 0.5);
    sums.widest = std::max(sums.widest, drawn.width);
  }
  const Sums& batch = by_type[Type::batch];
  const Sums& interactive = by_type[Type::interactive];
  EXPECT_NEAR(batch.serial / batch.jobs, 0.2927, 0.006);
  EXPECT_NEAR(interactive.serial / interactive.jobs, 0.1541, 0.006);
  EXPECT_GE(batch.power_of_two / batch.jobs, 0.2927 + 0.6686);
  EXPECT_GE(interactive.power_of_two / interactive.jobs, 0.1541 + 0.625);
  EXPECT_EQ(batch.widest, 128);
  EXPECT_LE(interactive.widest, 64);
  // p of short runs, whose logarithms have mean shape times scale; what is cut at 12 is rare.
  const double p = 0.6986 - 0.003;
  EXPECT_NEAR(batch.log_run_of_serial / batch.serial, p * 6.57 * 0.823 + (1 - p) * 639.1 * 0.0156,
              0.1);
  const double q = 0.9156 - 0.0118;
  EXPECT_NEAR(interactive.log_run_of_serial / interactive.serial,
              q * 3.8351 * 0.6605 + (1 - q) * 7.073 * 0.6856, 0.1);
}

TEST(Lublin, AnotherMachineHasTheSameJobsShiftedInWidth) {
  LublinModel small(128, Random(2));
  LublinModel large(4'096, Random(2));
  double log_small = 0;
  double log_large = 0;
  std::int32_t widest = 0;
  for (int n = 0; n < 50'000; ++n) {
    log_small += std::log2(small.next().width);
    const std::int32_t width = large.next().width;
    log_large += std::log2(width);
    widest = std::max(widest, width);
  }
  EXPECT_GT(log_large, log_small);
  EXPECT_EQ(widest, 4'096);
}

struct LlmSums {
  std::vector<std::int64_t> runs;
  std::vector<std::int32_t> gpus;
  std::map<LlmCentre::End, double> jobs;
  std::map<LlmCentre::End, double> gpu_time;
  double run_mean = 0;
  double gpus_mean = 0;
  double all_gpu_time = 0;
};

LlmSums sums_of(LlmCluster cluster, std::size_t count) {
  LlmCentre centre(cluster, 1'000, Random(5));
  LlmSums sums;
  for (std::size_t n = 0; n < count; ++n) {
    const LlmCentre::Drawn drawn = centre.next();
    sums.runs.push_back(drawn.run_s);
    sums.gpus.push_back(drawn.gpus);
    const double gpu_time = static_cast<double>(drawn.run_s) * drawn.gpus;
    sums.jobs[drawn.end] += 1.0 / static_cast<double>(count);
    sums.gpu_time[drawn.end] += gpu_time;
    sums.all_gpu_time += gpu_time;
    sums.run_mean += static_cast<double>(drawn.run_s) / static_cast<double>(count);
    sums.gpus_mean += static_cast<double>(drawn.gpus) / static_cast<double>(count);
  }
  std::ranges::sort(sums.runs);
  std::ranges::sort(sums.gpus);
  return sums;
}

// The published figures, and how near a million jobs come to them.
TEST(LlmCentre, HasThePublishedFiguresOfKalos) {
  using End = LlmCentre::End;
  const LlmSums sums = sums_of(LlmCluster::kalos, 1'000'000);
  EXPECT_NEAR(sums.run_mean, 1'260, 0.03 * 1'260);
  EXPECT_NEAR(static_cast<double>(sums.runs[500'000]), 124, 2);
  EXPECT_LE(sums.runs.back(), 625'740);
  EXPECT_NEAR(sums.gpus_mean, 26.8, 0.02 * 26.8);
  EXPECT_EQ(sums.gpus[500'000], 1);
  EXPECT_EQ(sums.gpus.back(), 1'024);
  EXPECT_NEAR(sums.jobs.at(End::completed), 0.54, 0.002);
  EXPECT_NEAR(sums.jobs.at(End::cancelled), 0.06, 0.002);
  EXPECT_NEAR(sums.jobs.at(End::failed), 0.40, 0.002);
  EXPECT_NEAR(sums.gpu_time.at(End::completed) / sums.all_gpu_time, 0.31, 0.05);
  EXPECT_NEAR(sums.gpu_time.at(End::cancelled) / sums.all_gpu_time, 0.61, 0.05);
  EXPECT_NEAR(sums.gpu_time.at(End::failed) / sums.all_gpu_time, 0.08, 0.02);
}

TEST(LlmCentre, HasThePublishedFiguresOfSeren) {
  const LlmSums sums = sums_of(LlmCluster::seren, 1'000'000);
  EXPECT_NEAR(sums.run_mean, 1'414, 0.05 * 1'414);
  EXPECT_NEAR(static_cast<double>(sums.runs[500'000]), 122, 2);
  EXPECT_NEAR(sums.gpus_mean, 5.7, 0.04 * 5.7);
  EXPECT_EQ(sums.gpus[500'000], 1);
  EXPECT_EQ(sums.gpus.back(), 1'024);
}

TEST(LlmCentre, JobsComeAsOftenAsTheyAreMeantTo) {
  LlmCentre centre(LlmCluster::kalos, 2'500, Random(9));
  std::int64_t last_ms = 0;
  for (int n = 0; n < 100'000; ++n) last_ms = centre.next().even_ms;
  EXPECT_NEAR(static_cast<double>(last_ms), 250'000'000, 2'500'000);
  EXPECT_EQ(published_gap_mean_ms(LlmCluster::kalos), 798'593);
}

Digest digest_of(const Scenario& scenario, std::uint64_t seed) {
  const auto workloads = Workloads::load(scenario, "");
  const auto drawn = workloads->draw({seed, 1 << 20, 1 << 20});
  Hasher hasher;
  for (const traces::Job& job : drawn->trace.jobs) {
    for (const std::int64_t number : {job.submit_s, job.run_s, job.requested_s, job.number,
                                      std::int64_t{job.width}, std::int64_t{job.user}}) {
      hasher.add(static_cast<std::uint64_t>(number));
    }
  }
  return hasher.finish();
}

// The digests were taken on the machine that the models were written on; any other must agree.
TEST(MadeJobs, ASeedMakesTheSameJobsEverywhere) {
  Scenario classic;
  classic.workloads.push_back({"", MadeClassic{20'000, 128, 50, {}}, {}});
  Scenario llm;
  llm.workloads.push_back(
      {"", MadeLlm{20'000, LlmCluster::kalos, 60'000, 50, {}, {5, 5, 5, 5, 5, 1, 1}}, {}});
  EXPECT_EQ(to_string(digest_of(classic, 1)), "4818bf86484f74709443dd65c7850553");
  EXPECT_EQ(to_string(digest_of(llm, 1)), "8fe89554367efb5dc787a2fc242d67d9");
  EXPECT_NE(digest_of(llm, 1), digest_of(llm, 2));
}

TEST(MadeJobs, AreValidAndLimitsAreFromTheMenu) {
  const MadeClassic wanted{10'000, 128, 3, {}};
  const std::vector<Cycle> cycles = cycles_of(wanted);
  std::vector<int> of_user(3);
  for (const EvenJob& one : made_jobs(wanted, cycles, Random(4))) {
    EXPECT_GE(one.job.requested_s, one.job.run_s);
    EXPECT_TRUE(one.job.requested_s == 900 || one.job.requested_s % 3'600 == 0);
    of_user.at(static_cast<std::size_t>(one.job.user)) += 1;
  }
  EXPECT_NEAR(of_user[0], 10'000 * 6 / 11, 200);
  EXPECT_NEAR(of_user[2], 10'000 * 2 / 11, 200);
}

// Twice the load is half the time, and noon stays noon.
TEST(MadeJobs, ALoadIsMetAndLeavesTheDayAsItIs) {
  Scenario scenario;
  MadeLlm made{400'000, LlmCluster::seren, 60'000, 50, std::vector<std::uint32_t>(24, 0), {}};
  made.hours[12] = 1;
  scenario.workloads.push_back({"", made, {}});
  const auto workloads = Workloads::load(scenario, "");
  for (const Scale load : {Scale{1, 4}, Scale{1, 2}, Scale{1, 1}}) {
    const auto drawn = workloads->draw({1, 1'024, 1'024, {}, load});
    ASSERT_TRUE(drawn.has_value());
    double work_s = 0;
    for (const traces::Job& job : drawn->trace.jobs) {
      work_s += static_cast<double>(job.run_s) * job.width;
      EXPECT_EQ(job.submit_s / 3'600 % 24, 12);
    }
    const auto last_s = static_cast<double>(drawn->trace.jobs.back().submit_s);
    const double found = work_s / (last_s * 1'024);
    const double wanted = static_cast<double>(load.times) / static_cast<double>(load.over);
    EXPECT_NEAR(found, wanted, 0.05 * wanted);
  }
}

}  // namespace
}  // namespace fabrica::simulate
