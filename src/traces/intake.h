#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/result.h"
#include "traces/text_source.h"
#include "traces/trace.h"

namespace fabrica::traces {

/// Collects the jobs of a trace, whatever it is written in: puts right or leaves out what is odd,
/// and counts it.
class Intake {
 public:
  Trace trace;

  /// A line's job, as it stands there: submit and run time below zero, or a width of less than one,
  /// mean that the line does not say; a requested time of less than one second likewise.
  void take(Job job);

  /// Sorts the jobs by submit time.
  void finish();

 private:
  std::int64_t latest_submit_s_ = 0;
  bool sorted_ = true;
};

/// What a file with more than limits::trace_jobs_max jobs is refused with.
std::unexpected<Refusal> too_many_jobs(const std::filesystem::path& path);

/// Gives a file's text to `reader.take(text)`, which says false beyond limits::trace_jobs_max.
/// Refused as TextSource refuses it, and as too_large.
template <class Reader>
Result<void> read_all(const std::filesystem::path& path, Reader& reader) {
  TRY(TextSource source, TextSource::open(path));
  std::vector<char> buffer(std::size_t{256} * 1024);
  for (std::size_t count = buffer.size(); count == buffer.size();) {
    TRY(count, source.read(buffer));
    if (!reader.take({buffer.data(), count})) return too_many_jobs(path);
  }
  return {};
}

}  // namespace fabrica::traces
