#include "traces/swf.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/limits.h"

namespace fabrica::traces {

namespace {

constexpr std::size_t columns = 18;

// The columns that are used, counted from 0.
enum Column : std::uint8_t {
  number = 0,
  submit = 1,
  run = 3,
  allocated = 4,
  asked = 7,
  requested = 8,
  user = 11,
  queue = 14,
};
constexpr unsigned used_columns = 1U << number | 1U << submit | 1U << run | 1U << allocated |
                                  1U << asked | 1U << requested | 1U << user | 1U << queue;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// Reads a whole number of at most 15 digits and moves behind it; false when there is none, or more.
bool read_number(const char*& at, const char* end, std::int64_t& value) {
  const bool negative = at < end && *at == '-';
  if (negative) ++at;
  const char* const first = at;
  std::int64_t read = 0;
  for (; at < end; ++at) {
    const auto digit = static_cast<unsigned char>(*at - '0');
    if (digit > 9) break;
    read = read * 10 + digit;
    if (at - first == 15) return false;
  }
  value = negative ? -read : read;
  return at > first && (at == end || is_blank(*at));
}

// All columns are there, and those that are used are whole numbers.
bool read_columns(std::string_view line, std::array<std::int64_t, columns>& values) {
  const char* at = line.data();
  const char* const end = at + line.size();
  for (std::size_t column = 0; column < columns; ++column) {
    while (at < end && is_blank(*at)) ++at;
    if (at == end) return false;
    if ((used_columns >> column & 1U) != 0) {
      if (!read_number(at, end, values[column])) return false;
    } else {
      while (at < end && !is_blank(*at)) ++at;
    }
  }
  while (at < end && is_blank(*at)) ++at;
  return at == end;
}

bool in_range(const std::array<std::int64_t, columns>& values) {
  constexpr std::int64_t number_max = 2'147'483'647;
  return values[submit] <= limits::trace_submit_s_max && values[run] <= limits::trace_run_s_max &&
         values[requested] <= limits::trace_run_s_max && values[asked] <= number_max &&
         values[allocated] <= number_max && values[user] >= -number_max &&
         values[user] <= number_max && values[queue] >= -number_max && values[queue] <= number_max;
}

}  // namespace

bool SwfReader::take(std::string_view text) {
  return lines_.take(text, [this](std::string_view line) {
    take_line(line);
    return intake_.trace.jobs.size() <= limits::trace_jobs_max;
  });
}

void SwfReader::take_line(std::string_view line) {
  line_ += 1;
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  if (line.empty()) return;
  if (line.front() == ';') {
    take_comment(line);
  } else {
    take_job(line);
  }
}

// "; MaxProcs: 100"; the first one counts.
void SwfReader::take_comment(std::string_view line) {
  constexpr std::string_view key = "MaxProcs:";
  line.remove_prefix(1);
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  if (!line.starts_with(key) || intake_.trace.machine_width != 0) return;
  line.remove_prefix(key.size());
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  const char* at = line.data();
  std::int64_t width = 0;
  if (read_number(at, line.data() + line.size(), width) && width > 0 &&
      width <= limits::trace_machine_width_max) {
    intake_.trace.machine_width = static_cast<std::int32_t>(width);
  }
}

void SwfReader::take_job(std::string_view line) {
  std::array<std::int64_t, columns> values;
  if (line.size() > limits::trace_line_bytes_max || !read_columns(line, values) ||
      !in_range(values)) {
    return intake_.trace.note(Oddity::malformed, line_);
  }
  const std::int64_t width = values[asked] > 0 ? values[asked] : values[allocated];
  intake_.take({values[submit], values[run], values[requested], values[number],
                static_cast<std::int32_t>(std::max<std::int64_t>(width, 0)),
                static_cast<std::int32_t>(values[user]), static_cast<std::int32_t>(values[queue]),
                static_cast<std::uint32_t>(line_)});
}

Trace SwfReader::finish() && {
  if (!lines_.rest().empty()) take_line(lines_.rest());
  intake_.finish();
  return std::move(intake_.trace);
}

Result<Trace> read_swf(const std::filesystem::path& path) {
  SwfReader reader;
  TRY_DONE(read_all(path, reader));
  Trace trace = std::move(reader).finish();
  if (trace.jobs.empty()) {
    return refuse(refusal::malformed, "",
                  path.string() + " has no line that is a job of the Standard Workload Format.");
  }
  return trace;
}

}  // namespace fabrica::traces
