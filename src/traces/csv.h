#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/describe.h"
#include "base/result.h"
#include "traces/intake.h"
#include "traces/lines.h"
#include "traces/trace.h"

namespace fabrica::traces {

/// How submit times are written: seconds from any moment, or ISO 8601 with a `T` or a blank before
/// the time of day, in UTC where no zone is said. Fractions of a second are cut off.
enum class CsvTime : std::uint8_t { seconds, iso8601 };
FABRICA_DESCRIBE_ENUM(CsvTime, seconds, iso8601)

/// Which column of a file is which, by the names in its first line. An empty name: there is none.
struct CsvColumns {
  std::string submit;
  std::string run;    // in seconds
  std::string width;  // processors, GPUs or nodes
  std::string limit;  // in seconds; the run time counts where there is none
  std::string user;   // any text
  CsvTime time = CsvTime::seconds;
  char separator = ',';
};

/// Reads lines of fields, as in RFC 4180, except that a field holds no line break. Times count from
/// the earliest submit.
class CsvReader {
 public:
  explicit CsvReader(CsvColumns columns) : columns_(std::move(columns)) {}

  /// Takes the next bytes of the text, wherever they are cut. False when there are more than
  /// limits::trace_jobs_max jobs, or the first line lacks a column: the rest is not read.
  bool take(std::string_view text);

  /// What was read, once the text has ended. Refused as invalid when the first line lacks a column.
  Result<Trace> finish() &&;

 private:
  // Of the five columns, in the order of CsvColumns.
  using Places = std::array<std::optional<std::size_t>, 5>;

  void take_line(std::string_view line);
  void take_header(std::string_view line);
  void take_job(std::string_view line);
  std::expected<Job, Oddity> job_of(std::string_view line);
  std::int32_t number_of_user(const std::string& name);

  CsvColumns columns_;
  Lines lines_;
  std::vector<std::string> fields_;
  std::optional<Places> places_;
  std::string lacking_;  // what the first line lacks, for a person
  std::vector<Job> jobs_;
  Intake intake_;
  std::unordered_map<std::string, std::int32_t> users_;
  std::uint64_t line_ = 0;
};

/// Reads a file, plain or gzip. Refused as TextSource refuses it, as too_large beyond
/// limits::trace_jobs_max, as invalid when a column is missing, as malformed when no line is a job.
Result<Trace> read_csv(const std::filesystem::path& path, const CsvColumns& columns);

}  // namespace fabrica::traces
