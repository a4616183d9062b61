#include "traces/swf.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "traces/text_source.h"

namespace fabrica::traces {

namespace {

constexpr std::size_t columns = 18;
constexpr std::size_t read_bytes = std::size_t{256} * 1024;

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

bool SwfReader::take(std::string_view text) {
  while (!text.empty()) {
    const auto* const newline =
        static_cast<const char*>(std::memchr(text.data(), '\n', text.size()));
    if (newline == nullptr) {
      // Of a line that is too long only so much is kept as tells that it is.
      rest_.append(text.substr(0, limits::trace_line_bytes_max + 1 - rest_.size()));
      return true;
    }
    const auto length = static_cast<std::size_t>(newline - text.data());
    if (rest_.empty()) {
      take_line(text.substr(0, length));
    } else {
      rest_.append(
          text.substr(0, std::min(length, limits::trace_line_bytes_max + 1 - rest_.size())));
      take_line(rest_);
      rest_.clear();
    }
    if (trace_.jobs.size() > limits::trace_jobs_max) return false;
    text.remove_prefix(length + 1);
  }
  return true;
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
  if (!line.starts_with(key) || trace_.machine_width != 0) return;
  line.remove_prefix(key.size());
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  const char* at = line.data();
  std::int64_t width = 0;
  if (read_number(at, line.data() + line.size(), width) && width > 0 &&
      width <= limits::trace_machine_width_max) {
    trace_.machine_width = static_cast<std::int32_t>(width);
  }
}

void SwfReader::take_job(std::string_view line) {
  std::array<std::int64_t, columns> values;
  if (line.size() > limits::trace_line_bytes_max || !read_columns(line, values) ||
      !in_range(values)) {
    return trace_.note(Oddity::malformed, line_);
  }
  const std::int64_t width = values[asked] > 0 ? values[asked] : values[allocated];
  if (values[submit] < 0) return trace_.note(Oddity::no_submit_time, line_);
  if (values[run] < 0) return trace_.note(Oddity::no_run_time, line_);
  if (width <= 0) return trace_.note(Oddity::no_width, line_);
  Job job{values[submit],
          values[run],
          values[requested],
          values[number],
          static_cast<std::int32_t>(width),
          static_cast<std::int32_t>(values[user]),
          static_cast<std::int32_t>(values[queue]),
          static_cast<std::uint32_t>(line_)};
  if (job.run_s == 0) trace_.note(Oddity::zero_run_time, line_);
  if (job.requested_s <= 0) {
    trace_.note(Oddity::no_requested_time, line_);
    job.requested_s = std::max<std::int64_t>(job.run_s, 1);
  } else if (job.run_s > job.requested_s) {
    trace_.note(Oddity::longer_than_requested, line_);
    job.run_s = job.requested_s;
  }
  if (job.submit_s < latest_submit_s_) {
    trace_.note(Oddity::time_ran_backwards, line_);
    sorted_ = false;
  }
  latest_submit_s_ = job.submit_s;
  trace_.jobs.push_back(job);
}

Trace SwfReader::finish() && {
  if (!rest_.empty()) take_line(rest_);
  if (!sorted_) {
    std::sort(trace_.jobs.begin(), trace_.jobs.end(), [](const Job& a, const Job& b) {
      return a.submit_s != b.submit_s ? a.submit_s < b.submit_s : a.line < b.line;
    });
  }
  return std::move(trace_);
}

Result<Trace> read_swf(const std::filesystem::path& path) {
  TRY(TextSource source, TextSource::open(path));
  SwfReader reader;
  std::vector<char> buffer(read_bytes);
  for (std::size_t count = buffer.size(); count == buffer.size();) {
    TRY(count, source.read(buffer));
    if (!reader.take({buffer.data(), count})) {
      return refuse(refusal::too_large, "",
                    fmt::format("{} has more than {} jobs: split it.", path.string(),
                                limits::trace_jobs_max));
    }
  }
  Trace trace = std::move(reader).finish();
  if (trace.jobs.empty()) {
    return refuse(refusal::malformed, "",
                  path.string() + " has no line that is a job of the Standard Workload Format.");
  }
  return trace;
}

}  // namespace fabrica::traces
