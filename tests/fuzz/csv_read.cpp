// Any bytes as a trace in CSV, the first of them saying how: each line is a job, empty or counted;
// where the text is cut changes nothing; and jobs are valid and sorted.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/limits.h"
#include "traces/csv.h"

namespace {

using namespace fabrica;

Result<traces::Trace> read_in_pieces(const traces::CsvColumns& columns, std::string_view text,
                                     std::size_t piece) {
  traces::CsvReader reader(columns);
  while (!text.empty() && reader.take(text.substr(0, piece))) {
    text.remove_prefix(std::min(piece, text.size()));
  }
  return std::move(reader).finish();
}

void check_same(const Result<traces::Trace>& a, const Result<traces::Trace>& b) {
  CHECK(a.has_value() == b.has_value(), "both are refused or neither");
  if (!a) return;
  CHECK(a->jobs.size() == b->jobs.size(), "as many jobs");
  CHECK(a->jobs.empty() ||
            std::memcmp(a->jobs.data(), b->jobs.data(), a->jobs.size() * sizeof(traces::Job)) == 0,
        "the same jobs");
  for (std::size_t at = 0; at < traces::oddities; ++at) {
    CHECK(a->odd[at].count == b->odd[at].count, "the same odd lines");
  }
}

void check_valid(const traces::Trace& trace) {
  std::int64_t before_s = 0;
  for (const traces::Job& job : trace.jobs) {
    CHECK(job.submit_s >= before_s && job.submit_s <= limits::trace_submit_s_max, "sorted");
    CHECK(job.run_s >= 0 && job.run_s <= job.requested_s && job.requested_s >= 1 &&
              job.requested_s <= limits::trace_run_s_max && job.width >= 1 &&
              job.width <= limits::trace_machine_width_max,
          "within the bounds");
    before_s = job.submit_s;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  traces::CsvColumns columns{"s", "r", "w", "l", "u", traces::CsvTime::seconds, ','};
  if ((bytes[0] & 1U) != 0) columns.time = traces::CsvTime::iso8601;
  if ((bytes[0] & 2U) != 0) columns.separator = ';';
  if ((bytes[0] & 4U) != 0) columns.limit = columns.user = "";
  std::string text(bytes + 1, bytes + size);
  if ((bytes[0] & 8U) != 0)
    text.insert(0, columns.separator == ',' ? "s,r,w,l,u\n" : "s;r;w;l;u\n");
  const Result<traces::Trace> trace = read_in_pieces(columns, text, text.size() + 1);
  check_same(trace, read_in_pieces(columns, text, 1));
  check_same(trace, read_in_pieces(columns, text, 23));
  if (trace) check_valid(*trace);
  return 0;
}
