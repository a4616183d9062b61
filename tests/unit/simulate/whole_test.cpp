#include "simulate/whole.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "simulate/replay.h"
#include "traces/swf.h"

/// The whole product under a workload: that every job is run, and what late binding gains there.
/// That holds, charges and events are right is checked within, and by the kernel's own tests.
namespace fabrica::simulate {
namespace {

const std::vector<std::int32_t> three_sites{64, 32, 16};

Workload made_workload(Scale load) {
  traces::Trace trace = *traces::read_swf("tests/traces/made.swf.gz");
  return *workload_of(trace, {0, {}, false, three_sites, load, 1'000});
}

TEST(Whole, RunsEveryJobOnceWhereItFitsAndNeverTooEarly) {
  const Workload workload = made_workload({9, 10});
  for (const char* const placement : {"late_binding", "least_work"}) {
    const auto run = run_whole({three_sites, placement}, workload.jobs);
    ASSERT_TRUE(run) << run.error().text;
    std::vector<std::map<Time, std::int64_t>> use(three_sites.size());
    for (std::size_t at = 0; at < workload.jobs.size(); ++at) {
      const forecast::Job& job = workload.jobs[at];
      ASSERT_GE(run->schedule.starts[at], job.submit) << placement;
      use[run->schedule.sites[at]][run->schedule.starts[at]] += job.width;
      use[run->schedule.sites[at]][run->schedule.starts[at] + job.run] -= job.width;
    }
    for (std::size_t site = 0; site < use.size(); ++site) {
      std::int64_t in_use = 0;
      for (const auto& [moment, change] : use[site]) {
        in_use += change;
        ASSERT_LE(in_use, three_sites[site]) << placement;
      }
    }
    EXPECT_GE(run->commands, 3 * workload.jobs.size());
  }
}

TEST(Whole, EqualWorkloadsGiveEqualRuns) {
  const Workload workload = made_workload({1, 2});
  const auto one = run_whole({three_sites}, workload.jobs);
  const auto other = run_whole({three_sites}, workload.jobs);
  ASSERT_TRUE(one && other);
  EXPECT_EQ(to_string(one->state), to_string(other->state));
  EXPECT_EQ(to_string(forecast::digest_of(one->schedule)),
            to_string(forecast::digest_of(other->schedule)));
}

// At load 0.7 of these jobs two fifths of the wait that binding them at once costs.
TEST(Whole, LateBindingGainsThereWhatItGainsInTheMathematics) {
  const Workload workload = made_workload({7, 10});
  const auto wait = [&](const char* placement) {
    return measure(workload, run_whole({three_sites, placement}, workload.jobs)->schedule.starts)
        .wait_mean_s;
  };
  EXPECT_LT(wait("late_binding") * 3, wait("least_work") * 2);
}

TEST(Whole, ARuleThatThereIsNotIsRefused) {
  const Workload workload = made_workload({1, 2});
  const auto run = run_whole({three_sites, "best"}, workload.jobs);
  ASSERT_FALSE(run.has_value());
  EXPECT_EQ(run.error().field, "placement");
}

}  // namespace
}  // namespace fabrica::simulate
