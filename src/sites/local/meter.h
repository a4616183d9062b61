#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "sites/local/cgroup.h"
#include "sites/local/process_tree.h"

namespace fabrica::sites::local {

/// What a tree of processes has used so far: from its cgroup where there is one, otherwise from
/// what the kernel says of each process while it lives and when it is waited for. No figure ever
/// goes back.
class Meter {
 public:
  /// Without a cgroup everything is sampled; with one that has no memory controller, memory is.
  void follow(const Cgroup& cgroup) { cgroup_ = cgroup; }
  void stop_following() { cgroup_.reset(); }

  /// A child that was waited for, with all the children that it waited for itself.
  void add_reaped(const rusage& usage);
  /// Looks at the tree as it is at `now`, by a clock that nobody sets. `limit_bytes` is what the
  /// caller compares memory_bytes() with (0: nothing): near it the look is exact, elsewhere it may
  /// cost no more than a small part of a core.
  void sample(const std::vector<ProcessStat>& tree, std::uint64_t limit_bytes, Time now);

  Duration cpu_time() const { return cpu_; }
  std::uint64_t peak_memory_bytes() const { return peak_bytes_; }
  /// At the last sample that looked; above what is true while the limit is not near.
  std::uint64_t memory_bytes() const { return memory_bytes_; }

 private:
  void sample_memory(const std::vector<ProcessStat>& tree, std::uint64_t limit_bytes, Time now);

  std::optional<Cgroup> cgroup_;
  std::int64_t reaped_cpu_us_ = 0;
  Duration cpu_;
  std::uint64_t peak_bytes_ = 0;
  std::uint64_t memory_bytes_ = 0;
  Time last_exact_;
  Duration exact_cost_;
};

/// Milliseconds of a clock that only goes on, from some point in the past. Stands still while the
/// machine sleeps, and so do its jobs.
Time monotonic_now();

/// The clock on the wall.
Time wall_now();

}  // namespace fabrica::sites::local
