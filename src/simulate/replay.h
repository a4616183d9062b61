#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "forecast/job.h"
#include "forecast/schedule.h"
#include "simulate/measures.h"
#include "traces/trace.h"

/// A trace's way through one machine, or the machines of several sites: from its lines to jobs, and
/// from their schedule to measures.
namespace fabrica::simulate {

/// How much faster than in the trace jobs arrive: its load times this.
struct Scale {
  std::int64_t times = 1;
  std::int64_t over = 1;
};

/// When jobs arrive that are scaled, in whole seconds.
std::int64_t scaled_s(std::int64_t submit_s, Scale scale);

/// Reads "1.5": between 0.001 and 1000, with at most six decimals. A refusal is of this field.
Result<Scale> parse_scale(std::string_view text, std::string_view field = "scale");

struct ReplayOptions {
  std::int32_t machine_width = 0;  // 0: what the trace says
  Scale scale;
  bool perfect_limits = false;             // as if each user had asked for what the job runs
  std::vector<std::int32_t> sites = {};    // widths of their machines, instead of one machine
  std::optional<Scale> load = {};          // instead of a scale: see workload_of
  std::size_t first = forecast::no_bound;  // so many jobs of the trace
};

struct Workload {
  std::int32_t machine_width = 0;   // of all machines together
  std::vector<forecast::Job> jobs;  // in the order of the trace's own
};

/// Drops from the trace, and counts there, what is wider than the (widest) machine; the rest as
/// jobs. With a load they arrive from time 0 on so much faster or slower that all their work is
/// that part of what the machines could do until the last arrives. Refused as invalid when neither
/// the options nor the trace say how wide the machine is, or nothing is left.
Result<Workload> workload_of(traces::Trace& trace, const ReplayOptions& options);

/// The same over machines that are together as wide as the workload says.
Measures measure(const Workload& workload, std::span<const Time> starts);

/// Writes the schedule in the Standard Workload Format: each job with its wait, and the number of
/// its site, from 1, as its partition. Refused as unavailable when the file cannot be written
/// whole.
Result<void> write_schedule(const std::filesystem::path& path, const traces::Trace& trace,
                            const Workload& workload, const Placed& placed, std::string_view note);

}  // namespace fabrica::simulate
