#include "simulate/llm_centre.h"

#include <algorithm>
#include <vector>

#include "base/limits.h"

namespace fabrica::simulate {

namespace {

struct Runs {
  LlmCentre::End end;
  std::uint64_t jobs_percent;
  std::int64_t median_ms;
};

struct Figures {
  std::uint64_t jobs;  // in the trace, with GPUs
  std::vector<Runs> runs;
  Fixed spread;  // deviation of the run times' logarithm to the base 2
  std::int64_t run_s_max;
  Fixed one_gpu;  // share of the jobs
};

// Kalos: run times have mean 1,260 s, median 124 s, maximum 625,740 s; 54, 6 and 40 of 100 jobs
// complete, are cancelled and fail, with 31, 61 and 8 of 100 of the GPU time. When GPUs do not
// depend on the end, its mean run is 1,260 s times share of GPU time over share of jobs: 723,
// 12,810 and 252 s. Log-normal with one spread and cut off at the maximum, each median follows from
// its mean and the spread, and the spread from the median of all. GPUs have mean 26.8 and median 1:
// two to the power of one to ten has mean 204.6, so 0.8733 of the jobs have one.
//
// Seren: mean 1,414 s, median 122 s; the ends are not published in the summary. The spread is the
// root of 2 ln(1414 / 122), in logarithms to the base 2. GPUs have mean 5.7.
const Figures& figures_of(LlmCluster cluster) {
  using End = LlmCentre::End;
  static const Figures kalos{
      19'907,
      {{End::completed, 54, 169'358}, {End::cancelled, 6, 3'109'837}, {End::failed, 40, 58'986}},
      Fixed::ratio(24'586'416, 10'000'000),
      625'740,
      Fixed::ratio(8'732'809, 10'000'000)};
  static const Figures seren{663'813,
                             {{End::unknown, 100, 122'000}},
                             Fixed::ratio(31'936'438, 10'000'000),
                             limits::trace_run_s_max,
                             Fixed::ratio(9'769'155, 10'000'000)};
  return cluster == LlmCluster::kalos ? kalos : seren;
}

const Runs& draw_runs(Random& random, const Figures& figures) {
  std::uint64_t at = random.below(100);
  for (const Runs& runs : figures.runs) {
    if (at < runs.jobs_percent) return runs;
    at -= runs.jobs_percent;
  }
  return figures.runs.back();
}

}  // namespace

LlmCentre::LlmCentre(LlmCluster cluster, std::int64_t gap_mean_ms, Random random)
    : cluster_(cluster), gap_mean_s_(Fixed::ratio(gap_mean_ms, 1'000)), random_(random) {}

LlmCentre::Drawn LlmCentre::next() {
  const Figures& figures = figures_of(cluster_);
  const Fixed gap_s = exponential(random_) * gap_mean_s_;
  now_ms_ += gap_s.floor() * 1'000 + (Fixed{gap_s.raw & 0xffff'ffff} * Fixed::of(1'000)).floor();
  const Runs& runs = draw_runs(random_, figures);
  const Fixed log_ms =
      log2_of(static_cast<std::uint64_t>(runs.median_ms)) + figures.spread * normal(random_);
  const Fixed log_s = std::min(log_ms - log2_of(1'000), Fixed::of(30));
  const std::int64_t run_s = std::min(exp2(log_s).floor(), figures.run_s_max);
  const std::int32_t gpus = happens(random_, figures.one_gpu) ? 1 : 1 << random_.between(1, 10);
  return {now_ms_, run_s, gpus, runs.end};
}

std::int64_t published_gap_mean_ms(LlmCluster cluster) {
  return days(184).ms / static_cast<std::int64_t>(figures_of(cluster).jobs);
}

}  // namespace fabrica::simulate
