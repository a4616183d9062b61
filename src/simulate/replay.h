#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "forecast/job.h"
#include "forecast/schedule.h"
#include "traces/trace.h"

/// A trace's way through one machine: from its lines to jobs, and from their schedule to measures.
namespace fabrica::simulate {

/// How much faster than in the trace jobs arrive: its load times this.
struct Scale {
  std::int64_t times = 1;
  std::int64_t over = 1;
};

/// Reads "1.5": between 0.001 and 1000, with at most six decimals.
Result<Scale> parse_scale(std::string_view text);

struct ReplayOptions {
  std::int32_t machine_width = 0;  // 0: what the trace says
  Scale scale;
  bool perfect_limits = false;  // as if each user had asked for what the job runs
};

struct Workload {
  std::int32_t machine_width = 0;
  std::vector<forecast::Job> jobs;  // in the order of the trace's own
};

/// Drops from the trace, and counts there, what is wider than the machine; the rest as jobs.
/// Refused as invalid when neither the options nor the trace say how wide the machine is, or
/// nothing is left.
Result<Workload> workload_of(traces::Trace& trace, const ReplayOptions& options);

/// Means over all jobs. Bounded slowdown: (wait + run) / max(run, 10 s), at least 1 (Feitelson and
/// others, 1997). Utilisation: work over the machine from the first submit to the last end.
struct Measures {
  std::uint64_t jobs = 0;
  double wait_mean_s = 0;
  double bounded_slowdown_mean = 0;
  double utilisation = 0;
  std::int64_t makespan_s = 0;
};
Measures measure(const Workload& workload, std::span<const Time> starts);

/// Writes the schedule in the Standard Workload Format: each job with its wait. Refused as
/// unavailable when the file cannot be written whole.
Result<void> write_schedule(const std::filesystem::path& path, const traces::Trace& trace,
                            const Workload& workload, std::span<const Time> starts,
                            std::string_view note);

}  // namespace fabrica::simulate
