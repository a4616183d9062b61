#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "forecast/candidates.h"
#include "forecast/gap.h"
#include "forecast/job.h"
#include "forecast/priority_rules.h"
#include "forecast/shares.h"

namespace fabrica::forecast {

/// The waiting jobs of one machine by priority: see PriorityRules. Knows what runs, since that is
/// what fair shares come from.
class PriorityQueue {
 public:
  PriorityQueue(const PriorityRules& rules, std::int32_t machine_width, std::span<const Job> jobs)
      : rules_(rules), machine_width_(machine_width), shares_(rules, jobs), queued_(jobs.size()) {}

  std::size_t size() const { return candidates_.size(); }
  bool empty() const { return size() == 0; }

  /// Makes this moment now. What was started and ended before then counts.
  void advance(Time now) { stale_ |= shares_.advance(now); }
  void started(JobIndex job, const Job& properties) { shares_.started(job, properties.width); }
  void ended(JobIndex job, const Job& properties) { shares_.ended(job, properties.width); }

  /// True when another period has begun, so that the order may be another: it is by then.
  bool reorder(const Job* properties);

  void append(JobIndex job, const Job& properties);
  JobIndex head() const { return candidates_.first().job; }
  void take_head(const Job* /*properties*/) { candidates_.erase(candidates_.first()); }
  bool may_fit(std::int32_t free) const { return free > 0; }
  void rewind() {
    all_ = true;
    from_ = {};
  }

  /// As that of FifoQueue, in this one's order: after a rewind() all jobs, and once those are
  /// through, the arrivals since then.
  std::optional<JobIndex> next(const Gap& gap, const Job* properties);

 private:
  struct Key {
    std::int64_t priority = std::numeric_limits<std::int64_t>::max();
    std::uint32_t arrival = 0;
    JobIndex job = 0;

    friend bool operator==(const Key&, const Key&) = default;
    friend std::strong_ordering operator<=>(const Key& a, const Key& b) {
      const auto order = b.priority <=> a.priority;
      return order != 0 ? order : a.arrival <=> b.arrival;
    }
  };

  std::int64_t priority(JobIndex job, const Job& properties);
  std::optional<Key> next_fresh(const Gap& gap, const Job* properties);

  PriorityRules rules_;
  std::int32_t machine_width_;
  Shares shares_;
  std::vector<Time> queued_;  // by job
  Candidates<Key> candidates_;
  std::vector<Key> order_;  // for reorder(); kept, since it keeps its memory
  std::vector<Key> fresh_;  // have come since all were asked
  Key from_;                // who is asked next
  std::uint32_t arrivals_ = 0;
  bool stale_ = false;
  bool all_ = false;
};

}  // namespace fabrica::forecast
