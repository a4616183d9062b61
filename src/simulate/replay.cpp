#include "simulate/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>

#include "base/check.h"

namespace fabrica::simulate {

namespace {

struct CloseWritten {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

__extension__ using Wide = __int128;

// Jobs that all come at once have no load.
void arrive_at_load(Workload& workload, Scale load) {
  std::vector<forecast::Job>& jobs = workload.jobs;
  const Time first = jobs.front().submit;
  const std::int64_t span_s = (jobs.back().submit - first).ms / 1'000;
  Wide work_s = 0;
  for (const forecast::Job& job : jobs) work_s += Wide{job.run.ms / 1'000} * job.width;
  const Wide capacity_s = Wide{span_s} * workload.machine_width * load.times;
  if (capacity_s == 0) return;
  for (forecast::Job& job : jobs) {
    const std::int64_t since_s = (job.submit - first).ms / 1'000;
    job.submit =
        Time{} + seconds(static_cast<std::int64_t>(since_s * work_s * load.over / capacity_s));
  }
}

// The machines' width together, and the widest one's.
struct Widths {
  std::int32_t all = 0;
  std::int32_t widest = 0;
};

Result<Widths> widths_of(const traces::Trace& trace, const ReplayOptions& options) {
  if (options.sites.empty()) {
    const std::int32_t width =
        options.machine_width != 0 ? options.machine_width : trace.machine_width;
    if (width > 0) return Widths{width, width};
    return refuse(refusal::invalid, "procs",
                  "The trace has no line \"; MaxProcs:\" that says how wide the machine is: say it "
                  "with --procs.");
  }
  std::int64_t all = 0;
  for (const std::int32_t width : options.sites) all += width;
  if (std::ranges::min(options.sites) <= 0 || all > std::numeric_limits<std::int32_t>::max())
    return refuse(refusal::invalid, "sites",
                  "Each site has at least one processor, and all have at most 2147483647.");
  return Widths{static_cast<std::int32_t>(all), std::ranges::max(options.sites)};
}

}  // namespace

std::int64_t scaled_s(std::int64_t submit_s, Scale scale) {
  return static_cast<std::int64_t>(Wide{submit_s} * scale.over / scale.times);
}

Result<Scale> parse_scale(std::string_view text, std::string_view field) {
  const auto no = [field] {
    return refuse(refusal::invalid, std::string(field),
                  fmt::format("--{} is a number between 0.001 and 1000, such as 1.5.", field));
  };
  Scale scale{0, 1};
  bool point = false;
  bool digits = false;
  for (const char c : text) {
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9' || scale.over == 1'000'000 || scale.times > 1'000'000'000) {
      return no();
    }
    digits = true;
    scale.times = scale.times * 10 + (c - '0');
    if (point) scale.over *= 10;
  }
  if (!digits || scale.times * 1'000 < scale.over || scale.times > scale.over * 1'000) {
    return no();
  }
  return scale;
}

Result<Workload> workload_of(traces::Trace& trace, const ReplayOptions& options) {
  TRY(const Widths widths, widths_of(trace, options));
  Workload workload;
  workload.machine_width = widths.all;
  std::erase_if(trace.jobs, [&](const traces::Job& job) {
    if (job.width <= widths.widest) return false;
    trace.note(traces::Oddity::wider_than_machine, job.line);
    return true;
  });
  if (trace.jobs.empty()) {
    return refuse(
        refusal::invalid, "procs",
        fmt::format("Every job of the trace is wider than {}: give --procs more.", widths.widest));
  }
  trace.jobs.resize(std::min(trace.jobs.size(), options.first));
  workload.jobs.reserve(trace.jobs.size());
  for (const traces::Job& job : trace.jobs) {
    const std::int64_t limit_s =
        options.perfect_limits ? std::max<std::int64_t>(job.run_s, 1) : job.requested_s;
    workload.jobs.push_back({Time{} + seconds(scaled_s(job.submit_s, options.scale)),
                             seconds(job.run_s), seconds(limit_s), job.width,
                             static_cast<std::uint32_t>(job.user)});
  }
  if (options.load) arrive_at_load(workload, *options.load);
  return workload;
}

Measures measure(const Workload& workload, std::span<const Time> starts) {
  return measure(std::span(&workload.machine_width, 1), workload.jobs, {starts});
}

Result<void> write_schedule(const std::filesystem::path& path, const traces::Trace& trace,
                            const Workload& workload, const Placed& placed, std::string_view note) {
  const std::span<const Time> starts = placed.starts;
  CHECK(starts.size() == trace.jobs.size() && starts.size() == workload.jobs.size(),
        "a start for each job of the trace");
  const std::unique_ptr<std::FILE, CloseWritten> file(std::fopen(path.c_str(), "wb"));
  bool written = file != nullptr;
  std::string text = fmt::format("; Version: 2.2\n; MaxJobs: {}\n; MaxProcs: {}\n; Note: {}\n",
                                 starts.size(), workload.machine_width, note);
  for (std::size_t at = 0; written && at < starts.size(); ++at) {
    const traces::Job& job = trace.jobs[at];
    const forecast::Job& scheduled = workload.jobs[at];
    fmt::format_to(std::back_inserter(text),
                   "{} {} {} {} {} -1 -1 {} {} -1 -1 {} -1 -1 {} {} -1 -1\n", job.number,
                   scheduled.submit.ms / 1'000, (starts[at] - scheduled.submit).ms / 1'000,
                   job.run_s, job.width, job.width, scheduled.limit.ms / 1'000, job.user, job.queue,
                   placed.sites.empty() ? -1 : std::int64_t{placed.sites[at]} + 1);
    if (text.size() < std::size_t{1} << 18U && at + 1 < starts.size()) continue;
    written = std::fwrite(text.data(), 1, text.size(), file.get()) == text.size();
    text.clear();
  }
  if (written && std::fflush(file.get()) == 0) return {};
  return refuse(refusal::unavailable, "schedule-out",
                fmt::format("{} cannot be written: {}.", path.string(), std::strerror(errno)));
}

}  // namespace fabrica::simulate
