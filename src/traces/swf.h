#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "traces/intake.h"
#include "traces/lines.h"
#include "traces/trace.h"

namespace fabrica::traces {

/// Reads the Standard Workload Format (Feitelson et al., version 2.2): a job a line of 18 columns,
/// comments after a semicolon. The width is what was asked for, otherwise what was allocated.
class SwfReader {
 public:
  /// Takes the next bytes of the text, wherever they are cut. False when there are more than
  /// limits::trace_jobs_max jobs: the rest is not read.
  bool take(std::string_view text);

  /// What was read, once the text has ended.
  Trace finish() &&;

 private:
  void take_line(std::string_view line);
  void take_comment(std::string_view line);
  void take_job(std::string_view line);

  Intake intake_;
  Lines lines_;
  std::uint64_t line_ = 0;
};

/// Reads a file, plain or gzip. Refused as TextSource refuses it, as too_large beyond
/// limits::trace_jobs_max, as malformed when no line is a job.
Result<Trace> read_swf(const std::filesystem::path& path);

}  // namespace fabrica::traces
