// Whole runs of the product in a virtual world: what must hold holds whatever the ports do, and the
// same seed gives the same run.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "simulate/run.h"

namespace fabrica::simulate {
namespace {

constexpr std::uint64_t seeds = 200;
constexpr std::uint64_t said_every = 20;

RunReport run_seed(std::uint64_t seed, bool faults = true) {
  Options options;
  options.seed = seed;
  options.faults = faults;
  return run(options);
}

// All seeds, run once for all tests of this file: the failures, and what was reached by any of
// them.
struct Totals {
  Counts counts = all_at_zero();
  std::string failures;
  std::uint64_t jobs = 0;
};

const Totals& totals() {
  static const Totals once = [] {
    Totals all;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      // Said before, so that a run that kills the process can be found.
      if (seed % said_every == 1)
        fmt::print(stderr, "seeds {} to {}\n", seed, seed + said_every - 1);
      const RunReport report = run_seed(seed);
      if (!report.failure.empty()) all.failures += describe(report);
      for (const auto& [name, count] : report.counts) all.counts[name] += count;
      all.jobs += report.jobs;
    }
    return all;
  }();
  return once;
}

TEST(Seeds, TwoHundredRunsWithEveryFaultSatisfyAllCheckers) {
  EXPECT_EQ(totals().failures, "");
  EXPECT_GT(totals().jobs, 8'000U);
}

TEST(Seeds, EveryCommandEventOutcomeFaultAndWayIsReached) {
  for (const std::string& name : never_reached(totals().counts))
    ADD_FAILURE() << "never reached: " << name;
}

TEST(Seeds, TheSameSeedGivesTheSameDigestsTwice) {
  for (const std::uint64_t seed : {3U, 17U, 4'000'000'007U}) {
    const RunReport first = run_seed(seed);
    const RunReport second = run_seed(seed);
    EXPECT_EQ(first.log_digest, second.log_digest) << "seed " << seed;
    EXPECT_EQ(first.state_digest, second.state_digest) << "seed " << seed;
    EXPECT_EQ(first.counts, second.counts) << "seed " << seed;
    EXPECT_EQ(describe(first), describe(second));
  }
}

TEST(Seeds, AnotherSeedGivesAnotherRun) {
  EXPECT_NE(run_seed(5).log_digest, run_seed(6).log_digest);
}

TEST(Seeds, WithoutFaultsNoneIsCounted) {
  const RunReport report = run_seed(11, false);
  EXPECT_EQ(report.failure, "");
  EXPECT_GT(report.jobs, 0U);
  for (const auto& [name, count] : report.counts) {
    if (name.starts_with("log/") || name.starts_with("site/") || name.starts_with("slurm/"))
      EXPECT_EQ(count, 0U) << name;
  }
  EXPECT_EQ(report.counts.at("path/the engine gave up on the log"), 0U);
}

TEST(Seeds, AFailedRunSaysHowToReproduceIt) {
  RunReport report;
  report.seed = 42;
  report.failure = "the moon is not full";
  EXPECT_TRUE(describe(report).ends_with(
      "FAILED: the moon is not full\nreproduce with: fabrica simulate --seed 42\n"))
      << describe(report);
}

}  // namespace
}  // namespace fabrica::simulate
