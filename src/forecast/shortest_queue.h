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
  JobIndex head() const { return arrived_[head_].job; }
  void take_head(const Job* properties) { take(head_, properties); }

  /// False when surely no job is as narrow as this.
  bool may_fit(std::int32_t free) const { return free > 0; }

  void rewind();

  /// As that of FifoQueue, in this one's order: after a rewind() all jobs, and once those are
  /// through, the arrivals since then.
  std::optional<JobIndex> next(const Gap& gap, const Job* properties);

 private:
  struct Key {
    Duration limit;
    std::uint32_t number = 0;  // of the arrival: a job can come again
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Narrowest {
    std::int32_t width = 0;
    static Narrowest of(std::span<const std::int32_t> widths);
  };

  struct Arrival {
    JobIndex job = 0;
    bool waits = true;
  };

  void take(std::size_t at, const Job* properties);
  std::optional<std::size_t> next_of_all(const Gap& gap);

  Blocks<Key, std::int32_t, Narrowest> by_limit_;
  std::vector<Arrival> arrived_;  // those before head_ do not wait any more
  std::uint32_t first_ = 0;       // the number of the first of these
  std::size_t head_ = 0;
  std::size_t size_ = 0;
  std::size_t asked_ = 0;  // arrivals before this have been asked about
  bool all_ = false;       // next() goes through all jobs, from cursor_ on
  Key cursor_;
};

}  // namespace fabrica::forecast
