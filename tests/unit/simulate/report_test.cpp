#include "simulate/report.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "simulate/scenario_file.h"
#include "simulate/timeline.h"
#include "unit/simulate/by_hand.h"

namespace fabrica::simulate {
namespace {

TEST(Timeline, OfAScheduleByHand) {
  // Two wide: one job runs from 100 to 110, the other waits from 105 and runs from 110 to 120.
  const std::vector<forecast::Job> jobs{job(100, 10, 2), job(105, 10, 1)};
  const std::vector<Time> starts{at(100), at(110)};
  const Timeline found = timeline_of(jobs, starts, 2, 4);
  EXPECT_EQ(found.part_s, 5);
  EXPECT_EQ(found.waiting_mean, (std::vector<double>{0, 1, 0, 0}));
  EXPECT_EQ(found.waiting_max, (std::vector<std::int64_t>{0, 1, 0, 0}));
  EXPECT_EQ(found.use, (std::vector<double>{1, 1, 0.5, 0.5}));
  const Timeline coarse = timeline_of(jobs, starts, 2, 1);
  EXPECT_EQ(coarse.waiting_mean, (std::vector<double>{0.25}));
  EXPECT_EQ(coarse.waiting_max, (std::vector<std::int64_t>{1}));
  EXPECT_EQ(coarse.use, (std::vector<double>{0.75}));
}

TEST(Timeline, OfJobsThatTakeNoTimeIsEmpty) {
  const std::vector<forecast::Job> jobs{job(5, 0, 1)};
  const std::vector<Time> starts{at(5)};
  const Timeline found = timeline_of(jobs, starts, 1, 3);
  EXPECT_EQ(found.use, (std::vector<double>{0, 0, 0}));
}

struct Simulated {
  std::vector<forecast::Job> jobs;
  MadeSchedule made;
};

Simulated made_up(std::uint64_t seed, std::size_t count, const Machines& machines) {
  Random random(seed);
  Simulated all;
  std::int64_t now_s = 0;
  for (std::size_t n = 0; n < count; ++n) {
    now_s += random.between(0, 40);
    all.jobs.push_back(
        job(now_s, random.between(0, 600), static_cast<std::int32_t>(random.between(1, 16))));
  }
  all.made = *make_schedule(machines, all.jobs);
  return all;
}

// No two rectangles of one machine overlap, each lies on its machine, and they are their job's
// work.
TEST(Gantt, RectanglesLieBesideEachOther) {
  const Machines machines{{16, 24}, "late_binding"};
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Simulated all = made_up(seed, 60, machines);
    const Gantt gantt =
        gantt_of(machines.widths, all.jobs, {all.made.starts, all.made.sites}, 10'000);
    std::vector<std::int32_t> drawn(all.jobs.size());
    for (const Bar& bar : gantt.bars) {
      EXPECT_EQ(bar.site, all.made.sites[bar.job]);
      EXPECT_GE(bar.from, 0);
      EXPECT_LE(bar.from + bar.width, machines.widths[bar.site]);
      EXPECT_EQ(bar.end_s - bar.start_s, all.jobs[bar.job].run.ms / 1'000);
      drawn[bar.job] += bar.width;
      for (const Bar& other : gantt.bars) {
        if (&other == &bar || other.site != bar.site) continue;
        EXPECT_FALSE(bar.start_s < other.end_s && other.start_s < bar.end_s &&
                     bar.from < other.from + other.width && other.from < bar.from + bar.width);
      }
    }
    for (std::size_t n = 0; n < all.jobs.size(); ++n) {
      EXPECT_EQ(drawn[n], all.jobs[n].run.ms == 0 ? 0 : all.jobs[n].width);
    }
  }
}

TEST(Gantt, HasAsManyBarsAsItMayAndAWindowAroundTheDeepestQueue) {
  const Machines machines{{16}};
  const Simulated all = made_up(3, 5'000, machines);
  const Gantt gantt = gantt_of(machines.widths, all.jobs, {all.made.starts, {}}, 200);
  EXPECT_LE(gantt.bars.size(), 200U);
  EXPECT_GE(gantt.bars.size(), 50U);
  EXPECT_LT(gantt.from_s, gantt.to_s);
  for (const Bar& bar : gantt.bars) {
    EXPECT_LT(bar.start_s, gantt.to_s);
    EXPECT_GT(bar.end_s, gantt.from_s);
  }
  const Gantt few = gantt_of(machines.widths, all.jobs, {all.made.starts, {}}, 5);
  EXPECT_EQ(few.bars.size(), 5U);
  EXPECT_GT(few.left_out, 0U);
}

TEST(Report, IsOneSmallPageThatNeedsNoNetwork) {
  const auto scenario = parse_scenario("s.toml", R"(
    name = "</script><b>&"
    seeds = 2
    [[site]]
    name = "a"
    width = 32
    [[site]]
    name = "b"
    width = 64
    [[workload]]
    kind = "lublin"
    width = 64
    jobs = 20000)");
  ASSERT_TRUE(scenario.has_value());
  const auto workloads = Workloads::load(*scenario, "");
  const auto planned = runs_of(*scenario, 1);
  const auto whole = run(*scenario, *workloads, planned->front());
  ASSERT_TRUE(whole.has_value());
  const std::vector<ScenarioRun> runs(2'000, whole->result);
  const std::string page = report_of(*scenario, runs, planned->front(), *whole);
  EXPECT_LT(page.size(), 1'000'000U);
  EXPECT_EQ(page.find("</script><b>"), std::string::npos) << "a name cannot leave its place";
  EXPECT_NE(page.find("\"runs_left_out\":1500"), std::string::npos);
  EXPECT_NE(page.find("Chart.js v"), std::string::npos) << "the library is in it";
  for (const std::string_view fetched : {"src=", "<link", "@import", "fetch("}) {
    EXPECT_EQ(page.find(fetched), std::string::npos) << fetched;
  }
}

}  // namespace
}  // namespace fabrica::simulate
