#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "forecast/blocks.h"
#include "forecast/gap.h"
#include "forecast/job.h"

namespace fabrica::forecast {

/// The waiting jobs of one machine: the head is the one that has waited longest, gaps are offered
/// to the shortest limit first, of equal ones to the earlier arrival.
class ShortestQueue {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void append(JobIndex job, const Job& properties);
  JobIndex head() const { return arrived_[head_]; }
  void take_head(const Job* properties) { take(head(), properties[head()]); }

  /// False when surely no job is as narrow as this.
  bool may_fit(std::int32_t free) const { return free > 0; }

  void rewind();

  /// As that of FifoQueue, in this one's order: after a rewind() all jobs, and once those are
  /// through, the arrivals since then.
  std::optional<JobIndex> next(const Gap& gap, const Job* properties);

 private:
  struct Key {
    Duration limit;
    JobIndex job = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Narrowest {
    std::int32_t width = 0;
    static Narrowest of(std::span<const std::int32_t> widths);
  };

  void take(JobIndex job, const Job& properties);
  std::optional<JobIndex> next_of_all(const Gap& gap);

  Blocks<Key, std::int32_t, Narrowest> by_limit_;
  std::vector<JobIndex> arrived_;  // all that came; those before head_ do not wait any more
  std::vector<std::uint8_t> waits_;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
  std::size_t asked_ = 0;  // arrivals before this have been asked about
  bool all_ = false;       // next() goes through all jobs, from cursor_ on
  Key cursor_;
};

}  // namespace fabrica::forecast
