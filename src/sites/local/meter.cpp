#include "sites/local/meter.h"

#include <algorithm>
#include <ctime>

namespace fabrica::sites::local {

namespace {

// An exact look reads whole page tables. It may take one part in this many of the time: for the
// peak alone, and where it decides whether the task is above its limit.
constexpr std::int64_t share_for_peak = 20;
constexpr std::int64_t share_for_limit = 4;

std::int64_t microseconds(const timeval& time) {
  return std::int64_t{time.tv_sec} * 1'000'000 + std::int64_t{time.tv_usec};
}

Time read_clock(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return Time{std::int64_t{now.tv_sec} * 1000 + std::int64_t{now.tv_nsec} / 1'000'000};
}

// A process of another user (set-uid) does not show its pages and counts in full. One that is
// ending has none to show either, and none to count.
std::uint64_t bytes_of(const ProcessStat& process) {
  if (const auto bytes = proportional_bytes(process.ref.pid)) return *bytes;
  const auto again = look_at_process(process.ref.pid);
  return again && again->ref == process.ref && !again->zombie ? again->resident_bytes : 0;
}

std::uint64_t exact_bytes(const std::vector<ProcessStat>& tree) {
  std::uint64_t sum = 0;
  for (const ProcessStat& process : tree) sum += bytes_of(process);
  return sum;
}

// The processes are read one after another. While some end, what they shared moves to those that
// are read next and counts more than once: a sum above the limit is believed when a second one is,
// too.
std::uint64_t exact_bytes(const std::vector<ProcessStat>& tree, std::uint64_t limit_bytes) {
  const std::uint64_t sum = exact_bytes(tree);
  if (limit_bytes == 0 || sum <= limit_bytes) return sum;
  return std::min(sum, exact_bytes(tree));
}

}  // namespace

Time monotonic_now() { return read_clock(CLOCK_MONOTONIC); }

Time wall_now() { return read_clock(CLOCK_REALTIME); }

void Meter::add_reaped(const rusage& usage) {
  reaped_cpu_us_ += microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
  cpu_ = std::max(cpu_, milliseconds(reaped_cpu_us_ / 1000));
  // The largest single process: all there is to know of a job shorter than the sampling.
  const auto largest_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
  if (!cgroup_ || !cgroup_->has_memory()) peak_bytes_ = std::max(peak_bytes_, largest_bytes);
}

void Meter::sample(const std::vector<ProcessStat>& tree, std::uint64_t limit_bytes, Time now) {
  Duration cpu = milliseconds(reaped_cpu_us_ / 1000);
  for (const ProcessStat& process : tree) cpu = cpu + process.cpu;
  if (cgroup_) cpu = std::max(cpu, cgroup_->cpu_time().value_or(Duration{}));
  cpu_ = std::max(cpu_, cpu);
  sample_memory(tree, limit_bytes, now);
}

void Meter::sample_memory(const std::vector<ProcessStat>& tree, std::uint64_t limit_bytes,
                          Time now) {
  if (cgroup_ && cgroup_->has_memory()) {
    memory_bytes_ = cgroup_->current_memory_bytes().value_or(0);
    peak_bytes_ = std::max(peak_bytes_, cgroup_->peak_memory_bytes().value_or(memory_bytes_));
    return;
  }
  // The sum of resident memory counts shared pages once for each process, so the truth is at most
  // that: as long as it says nothing new, the exact and slow look is not needed.
  std::uint64_t sum = 0;
  for (const ProcessStat& process : tree) sum += process.resident_bytes;
  const bool above_limit = limit_bytes > 0 && sum > limit_bytes;
  if (!above_limit && sum <= peak_bytes_) {
    memory_bytes_ = sum;
    return;
  }
  const std::int64_t share = above_limit ? share_for_limit : share_for_peak;
  if (now < last_exact_ + exact_cost_ * share) return;
  memory_bytes_ = exact_bytes(tree, limit_bytes);
  peak_bytes_ = std::max(peak_bytes_, memory_bytes_);
  last_exact_ = monotonic_now();
  exact_cost_ = last_exact_ - now;
}

}  // namespace fabrica::sites::local
