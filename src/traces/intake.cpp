#include "traces/intake.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"

namespace fabrica::traces {

std::string_view handling(Oddity oddity) {
  switch (oddity) {
    case Oddity::malformed:
    case Oddity::no_submit_time:
    case Oddity::no_run_time:
    case Oddity::no_width:
    case Oddity::wider_than_machine:
      return "left out";
    case Oddity::zero_run_time:
      return "kept: ends at the moment it starts";
    case Oddity::no_requested_time:
      return "kept: its run time counts as requested, at least 1 s";
    case Oddity::longer_than_requested:
      return "kept: stopped at the requested time";
    case Oddity::time_ran_backwards:
      return "kept: sorted in by its submit time";
  }
  return "?";
}

void Intake::take(Job job) {
  if (job.submit_s < 0) return trace.note(Oddity::no_submit_time, job.line);
  if (job.run_s < 0) return trace.note(Oddity::no_run_time, job.line);
  if (job.width <= 0) return trace.note(Oddity::no_width, job.line);
  if (job.run_s == 0) trace.note(Oddity::zero_run_time, job.line);
  if (job.requested_s <= 0) {
    trace.note(Oddity::no_requested_time, job.line);
    job.requested_s = std::max<std::int64_t>(job.run_s, 1);
  } else if (job.run_s > job.requested_s) {
    trace.note(Oddity::longer_than_requested, job.line);
    job.run_s = job.requested_s;
  }
  if (job.submit_s < latest_submit_s_) {
    trace.note(Oddity::time_ran_backwards, job.line);
    sorted_ = false;
  }
  latest_submit_s_ = job.submit_s;
  trace.jobs.push_back(job);
}

void Intake::finish() {
  if (sorted_) return;
  std::sort(trace.jobs.begin(), trace.jobs.end(), [](const Job& a, const Job& b) {
    return a.submit_s != b.submit_s ? a.submit_s < b.submit_s : a.line < b.line;
  });
}

std::unexpected<Refusal> too_many_jobs(const std::filesystem::path& path) {
  return refuse(
      refusal::too_large, "",
      fmt::format("{} has more than {} jobs: split it.", path.string(), limits::trace_jobs_max));
}

}  // namespace fabrica::traces
