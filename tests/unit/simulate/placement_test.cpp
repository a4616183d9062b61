#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "forecast/fleet.h"
#include "simulate/replay.h"
#include "traces/swf.h"
#include "unit/simulate/trace_files.h"

/// What late binding is for: over seven sites, the first 100,000 jobs of two well-known traces at
/// three loads, means as geometric means of ratios; and a bound for each single case.
namespace fabrica::simulate {
namespace {

using forecast::Placement;

struct Centre {
  std::string trace;
  std::vector<std::int32_t> sites;
};
const Centre centres[] = {{"sdsc-blue", {1'152, 768, 576, 384, 288, 192, 128}},
                          {"cea-curie", {80'640, 53'760, 40'320, 26'880, 20'160, 13'440, 8'960}}};

Workload workload_at(const Centre& centre, Scale load) {
  traces::Trace trace = *traces::read_swf(trace_file(centre.trace));
  return *workload_of(trace, {0, {}, false, centre.sites, load, 100'000});
}

Measures placed(const Centre& centre, const Workload& workload, Placement placement) {
  return measure(workload, forecast::schedule({centre.sites, placement}, workload.jobs).starts);
}

/// Late binding over another placement, case by case.
struct Ratios {
  std::vector<double> wait;
  std::vector<double> slowdown;
  std::vector<double> wide_wait;
};

double geometric_mean(const std::vector<double>& ratios) {
  double sum = 0;
  for (const double ratio : ratios) sum += std::log(ratio);
  return std::exp(sum / static_cast<double>(ratios.size()));
}

struct Case {
  Scale load;
  double most;  // of either ratio, against either placement
};

std::map<Placement, Ratios> compare(const std::vector<Case>& cases) {
  std::map<Placement, Ratios> all;
  for (const Centre& centre : centres) {
    if (!is_there(trace_file(centre.trace))) return {};
    for (const Case& one : cases) {
      const Workload workload = workload_at(centre, one.load);
      const Measures ours = placed(centre, workload, Placement::late_binding);
      for (const Placement other : {Placement::federation, Placement::fullest_first}) {
        const Measures theirs = placed(centre, workload, other);
        Ratios& ratios = all[other];
        ratios.wait.push_back(ours.wait_mean_s / theirs.wait_mean_s);
        ratios.slowdown.push_back(ours.bounded_slowdown_mean / theirs.bounded_slowdown_mean);
        ratios.wide_wait.push_back(ours.wide_wait_mean_s / theirs.wide_wait_mean_s);
        const std::string which = fmt::format("{} at {}/{}, against {}", centre.trace,
                                              one.load.times, one.load.over, name_of(other));
        EXPECT_LE(ratios.wait.back(), one.most) << which;
        EXPECT_LE(ratios.slowdown.back(), one.most) << which;
      }
    }
  }
  return all;
}

TEST(Placement, WaitsLessThanSlurmsFederationAndThanFullestFirst) {
  const auto all = compare({{{5, 10}, 1.05}, {{7, 10}, 1.05}, {{9, 10}, 1.05}});
  if (all.empty()) return;
  const Ratios& federation = all.at(Placement::federation);
  const Ratios& fullest = all.at(Placement::fullest_first);
  EXPECT_LE(geometric_mean(federation.wait), 0.74);
  EXPECT_LE(geometric_mean(fullest.wait), 0.92);
  EXPECT_LE(geometric_mean(federation.slowdown), 0.80);
  EXPECT_LE(geometric_mean(fullest.slowdown), 0.92);
  EXPECT_LE(geometric_mean(federation.wide_wait), 1.0);
  EXPECT_LE(geometric_mean(fullest.wide_wait), 1.0);
}

TEST(Placement, IsNotFarBehindTheBestUnderMoreWorkThanThereIsRoom) {
  compare({{{105, 100}, 1.05}});
}

}  // namespace
}  // namespace fabrica::simulate
