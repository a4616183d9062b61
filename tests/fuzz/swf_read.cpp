// Any bytes as a trace: each line is a job, a comment, empty or counted; where the text is cut
// changes nothing; and what is read can be scheduled.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/limits.h"
#include "forecast/schedule.h"
#include "simulate/replay.h"
#include "traces/swf.h"

namespace {

using namespace fabrica;

traces::Trace read_in_pieces(std::string_view text, std::size_t piece) {
  traces::SwfReader reader;
  while (!text.empty()) {
    CHECK(reader.take(text.substr(0, piece)), "a bound of millions of jobs");
    text.remove_prefix(std::min(piece, text.size()));
  }
  return std::move(reader).finish();
}

void check_same(const traces::Trace& a, const traces::Trace& b) {
  CHECK(a.machine_width == b.machine_width && a.jobs.size() == b.jobs.size(), "as many jobs");
  CHECK(a.jobs.empty() ||
            std::memcmp(a.jobs.data(), b.jobs.data(), a.jobs.size() * sizeof(traces::Job)) == 0,
        "the same jobs");
  for (std::size_t at = 0; at < traces::oddities; ++at) {
    CHECK(a.odd[at].count == b.odd[at].count, "the same odd lines");
  }
}

// The machine is as wide as the widest job where the trace does not say it.
void check_scheduled(traces::Trace& trace) {
  std::int32_t widest = 0;
  for (const traces::Job& job : trace.jobs) {
    widest = std::min(std::max(widest, job.width), limits::trace_machine_width_max);
  }
  const auto workload =
      simulate::workload_of(trace, {trace.machine_width == 0 ? widest : 0, {}, false});
  if (!workload) return;
  for (const auto scheduler : {forecast::Scheduler::easy, forecast::Scheduler::sjbf,
                               forecast::Scheduler::conservative, forecast::Scheduler::fcfs}) {
    const auto made = forecast::schedule({workload->machine_width, scheduler}, workload->jobs);
    for (std::size_t job = 0; job < workload->jobs.size(); ++job) {
      CHECK(made.starts[job] >= workload->jobs[job].submit, "nobody starts before his submit");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(bytes, bytes + size);
  traces::Trace trace = read_in_pieces(text, text.size() + 1);
  check_same(trace, read_in_pieces(text, 1));
  check_same(trace, read_in_pieces(text, 23));
  for (std::size_t at = 1; at < trace.jobs.size(); ++at) {
    CHECK(trace.jobs[at - 1].submit_s <= trace.jobs[at].submit_s, "sorted by submit time");
  }
  check_scheduled(trace);
  return 0;
}
