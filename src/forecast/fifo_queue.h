#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "forecast/gap.h"
#include "forecast/job.h"

namespace fabrica::forecast {

/// The waiting jobs of one machine in the order of their arrival. Finds the next one that fits a
/// gap in O(log Q): a tree with sixteen children a node over the places in the queue, each node
/// with the smallest width and the shortest limit below it.
class FifoQueue {
 public:
  FifoQueue() { clear(fan * fan); }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  void append(JobIndex job, const Job& properties);

  /// The job that has waited longest; there must be one.
  JobIndex head() const { return jobs_[head_]; }
  void take_head(const Job* /*properties*/) { take(head_); }

  /// False when even the narrowest job is wider than this.
  bool may_fit(std::int32_t free) const;

  /// Lets next() begin with the first job again.
  void rewind() { cursor_ = head_; }

  /// Takes the next job, in the order of arrival, behind those that this was asked about since the
  /// last rewind() that fits. Nothing when there is none; then only later arrivals are left.
  std::optional<JobIndex> next(const Gap& gap, const Job* properties);

 private:
  static constexpr std::size_t fan = 16;
  static constexpr std::int32_t nobody = std::numeric_limits<std::int32_t>::max();
  // Limits in the tree are rounded down to this many milliseconds, so that they take 32 bits. Who
  // is let through for that is found out at the job itself.
  static constexpr std::int64_t tick_ms = 1'000;

  struct Node {
    std::int32_t widths[fan];
    std::int32_t limits[fan];
  };
  using Level = std::vector<Node>;

  void clear(std::size_t places);
  void grow();
  void set(std::size_t place, std::int32_t width, std::int32_t limit);
  void take(std::size_t place);
  std::size_t find(std::size_t from, std::int32_t free, std::int32_t spare,
                   std::int32_t window) const;

  std::vector<Level> levels_;   // leaves first; the last has one node
  std::vector<JobIndex> jobs_;  // by place
  std::size_t head_ = 0;        // the first place that is taken; the end when none is
  std::size_t cursor_ = 0;      // where next() goes on
  std::size_t size_ = 0;
};

// Inlined wherever it is used, so that the gap stays in registers: a twentieth of EASY's time.
[[gnu::always_inline]] inline std::optional<JobIndex> FifoQueue::next(const Gap& gap,
                                                                      const Job* properties) {
  const auto window =
      static_cast<std::int32_t>(std::clamp<std::int64_t>(gap.window.ms / tick_ms, -1, nobody - 1));
  for (;;) {
    cursor_ = find(cursor_, gap.free, gap.spare, window);
    if (cursor_ >= jobs_.size()) return std::nullopt;
    const JobIndex job = jobs_[cursor_];
    const bool fits = gap.admits(properties[job].width, properties[job].limit);
    if (fits) take(cursor_);
    if (size_ > 0) cursor_ += 1;
    if (fits) return job;
  }
}

}  // namespace fabrica::forecast
