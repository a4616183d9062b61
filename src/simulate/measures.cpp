#include "simulate/measures.h"

#include <algorithm>
#include <bit>
#include <unordered_map>

#include "base/check.h"

namespace fabrica::simulate {

namespace {

constexpr std::int64_t bounded_run_ms = 10'000;
constexpr double ms_per_hour = 3'600'000;
constexpr std::uint32_t nobody_known = static_cast<std::uint32_t>(-1);

double in_seconds(std::int64_t ms) { return static_cast<double>(ms) / 1'000; }

/// How one job fared.
struct Fared {
  std::int64_t wait_ms = 0;
  double slowdown = 1;
};

Fared fared(const forecast::Job& job, Time start) {
  const std::int64_t wait_ms = (start - job.submit).ms;
  const auto bounded = static_cast<double>(std::max(job.run.ms, bounded_run_ms));
  const double slowdown =
      (static_cast<double>(wait_ms) + static_cast<double>(job.run.ms)) / bounded;
  return {wait_ms, std::max(1.0, slowdown)};
}

// Slowdowns in millionths, so that they are sorted and told apart as whole numbers.
std::int64_t millionths(double slowdown) { return static_cast<std::int64_t>(slowdown * 1e6); }

double wide_wait_mean_s(std::span<const forecast::Job> jobs, std::span<const Time> starts) {
  std::vector<std::int32_t> widths;
  widths.reserve(jobs.size());
  for (const forecast::Job& job : jobs) widths.push_back(job.width);
  const auto nine_tenths =
      widths.begin() + static_cast<std::ptrdiff_t>(widths.size() * std::size_t{9} / 10);
  std::ranges::nth_element(widths, nine_tenths);
  double wait_ms = 0;
  std::size_t count = 0;
  for (std::size_t at = 0; at < jobs.size(); ++at) {
    if (jobs[at].width < *nine_tenths) continue;
    wait_ms += static_cast<double>((starts[at] - jobs[at].submit).ms);
    count += 1;
  }
  return wait_ms / static_cast<double>(count) / 1'000;
}

void measure_users(Measures& measures, std::span<const forecast::Job> jobs,
                   std::span<const Time> starts) {
  struct Sum {
    double slowdown = 0;
    double jobs = 0;
  };
  std::unordered_map<std::uint32_t, std::size_t> places;
  std::vector<Sum> users;  // in the order in which they come, so that sums do not depend on hashes
  for (std::size_t at = 0; at < jobs.size(); ++at) {
    if (jobs[at].user == nobody_known) continue;
    const auto [place, is_new] = places.try_emplace(jobs[at].user, users.size());
    if (is_new) users.emplace_back();
    users[place->second].slowdown += fared(jobs[at], starts[at]).slowdown;
    users[place->second].jobs += 1;
  }
  measures.users = users.size();
  if (users.empty()) return;
  double sum = 0;
  double squares = 0;
  for (const Sum& user : users) {
    const double mean = user.slowdown / user.jobs;
    sum += mean;
    squares += mean * mean;
  }
  measures.user_fairness = sum * sum / (static_cast<double>(users.size()) * squares);
}

std::vector<SizeClass> size_classes(std::span<const forecast::Job> jobs,
                                    std::span<const Time> starts) {
  std::vector<SizeClass> classes;
  std::vector<std::vector<std::int64_t>> waits(32);
  std::vector<SizeClass> of_width(32);
  for (std::size_t at = 0; at < jobs.size(); ++at) {
    const auto power =
        static_cast<std::size_t>(std::bit_width(static_cast<std::uint32_t>(jobs[at].width)) - 1);
    const Fared one = fared(jobs[at], starts[at]);
    SizeClass& sizes = of_width[power];
    waits[power].push_back(one.wait_ms);
    sizes.jobs += 1;
    sizes.wait_mean_s += static_cast<double>(one.wait_ms);
    sizes.bounded_slowdown_mean += one.slowdown;
    sizes.hours += static_cast<double>(jobs[at].run.ms) * jobs[at].width / ms_per_hour;
  }
  for (std::size_t power = 0; power < of_width.size(); ++power) {
    SizeClass& sizes = of_width[power];
    if (sizes.jobs == 0) continue;
    std::ranges::sort(waits[power]);
    const auto count = static_cast<double>(sizes.jobs);
    sizes.width_from = static_cast<std::int32_t>(1U << power);
    sizes.width_to = static_cast<std::int32_t>((2U << power) - 1);
    sizes.wait_mean_s /= count * 1'000;
    sizes.wait_p90_s = in_seconds(quantile(waits[power], 900));
    sizes.bounded_slowdown_mean /= count;
    classes.push_back(sizes);
  }
  return classes;
}

void measure_quantiles(Measures& measures, std::span<const forecast::Job> jobs,
                       std::span<const Time> starts) {
  std::vector<std::int64_t> waits;
  std::vector<std::int64_t> slowdowns;
  waits.reserve(jobs.size());
  slowdowns.reserve(jobs.size());
  for (std::size_t at = 0; at < jobs.size(); ++at) {
    const Fared one = fared(jobs[at], starts[at]);
    waits.push_back(one.wait_ms);
    slowdowns.push_back(millionths(one.slowdown));
  }
  std::ranges::sort(waits);
  std::ranges::sort(slowdowns);
  measures.wait_median_s = in_seconds(quantile(waits, 500));
  measures.wait_p90_s = in_seconds(quantile(waits, 900));
  measures.wait_p99_s = in_seconds(quantile(waits, 990));
  measures.bounded_slowdown_median = static_cast<double>(quantile(slowdowns, 500)) / 1e6;
  measures.bounded_slowdown_p90 = static_cast<double>(quantile(slowdowns, 900)) / 1e6;
}

}  // namespace

std::int64_t quantile(std::span<const std::int64_t> sorted, std::uint64_t per_thousand) {
  CHECK(!sorted.empty() && per_thousand >= 1 && per_thousand <= 1'000, "a quantile of something");
  const std::uint64_t rank = (sorted.size() * per_thousand + 999) / 1'000;
  return sorted[static_cast<std::size_t>(rank) - 1];
}

Measures measure(std::span<const std::int32_t> widths, std::span<const forecast::Job> jobs,
                 const Placed& placed) {
  const std::span<const Time> starts = placed.starts;
  CHECK(starts.size() == jobs.size() && !starts.empty(), "a start for each job");
  Measures measures;
  double wait_ms = 0;
  double slowdown = 0;
  double work = 0;
  std::vector<double> site_work(widths.size());
  Time last_end = starts[0];
  for (std::size_t at = 0; at < starts.size(); ++at) {
    const Fared one = fared(jobs[at], starts[at]);
    const double own_work = static_cast<double>(jobs[at].run.ms) * jobs[at].width;
    wait_ms += static_cast<double>(one.wait_ms);
    slowdown += one.slowdown;
    work += own_work;
    site_work[placed.sites.empty() ? 0 : placed.sites[at]] += own_work;
    last_end = std::max(last_end, starts[at] + jobs[at].run);
  }
  const Duration makespan = last_end - jobs.front().submit;
  const auto over = [&](double done, double width) {
    const double capacity = static_cast<double>(makespan.ms) * width;
    return capacity > 0 ? done / capacity : 0;
  };
  double width = 0;
  for (std::size_t site = 0; site < widths.size(); ++site) {
    width += widths[site];
    measures.site_utilisation.push_back(over(site_work[site], widths[site]));
  }
  const auto count = static_cast<double>(starts.size());
  measures.jobs = starts.size();
  measures.wait_mean_s = wait_ms / count / 1'000;
  measures.wide_wait_mean_s = wide_wait_mean_s(jobs, starts);
  measures.bounded_slowdown_mean = slowdown / count;
  measures.utilisation = over(work, width);
  measures.makespan_s = makespan.ms / 1'000;
  measures.hours = work / ms_per_hour;
  measure_quantiles(measures, jobs, starts);
  measure_users(measures, jobs, starts);
  measures.sizes = size_classes(jobs, starts);
  return measures;
}

}  // namespace fabrica::simulate
