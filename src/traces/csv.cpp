#include "traces/csv.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "base/time.h"

namespace fabrica::traces {

namespace {

enum class Field : std::uint8_t { submit, run, width, limit, user };

constexpr std::size_t digits_max = 15;
constexpr std::size_t header_shown_bytes_max = 400;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

// Splits a line; false where a quote is not closed, or text follows a closed one.
bool split(std::string_view line, char separator, std::vector<std::string>& fields) {
  fields.clear();
  for (std::size_t at = 0;;) {
    std::string field;
    if (at < line.size() && line[at] == '"') {
      for (at += 1;; ++at) {
        if (at == line.size()) return false;
        if (line[at] == '"') {
          if (at + 1 == line.size() || line[at + 1] != '"') break;
          at += 1;
        }
        field += line[at];
      }
      at += 1;
      if (at < line.size() && line[at] != separator) return false;
    } else {
      const std::size_t end = std::min(line.find(separator, at), line.size());
      field = line.substr(at, end - at);
      at = end;
    }
    fields.push_back(std::move(field));
    if (at == line.size()) return true;
    at += 1;
  }
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// "-12", "12.7", of which the fraction is cut off.
std::optional<std::int64_t> whole_number(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::string_view digits = text.substr(0, text.find('.'));
  std::string_view fraction = text.substr(digits.size());
  if (!fraction.empty()) fraction.remove_prefix(1);
  const auto all_digits = [](std::string_view part) {
    return std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
  };
  if (digits.empty() || digits.size() > digits_max || !all_digits(digits) || !all_digits(fraction))
    return std::nullopt;
  std::int64_t value = 0;
  for (const char digit : digits) value = value * 10 + (digit - '0');
  return negative ? -value : value;
}

std::optional<std::int64_t> seconds_of(std::string_view text) {
  constexpr std::size_t date_bytes = 10;
  std::string moment(text);
  if (moment.size() <= date_bytes) return std::nullopt;
  if (moment[date_bytes] == ' ') moment[date_bytes] = 'T';
  if (moment.find_first_of("Zz+-", date_bytes) == std::string::npos) moment += 'Z';
  const auto time = parse_time(moment);
  if (!time) return std::nullopt;
  return (time->ms - (time->ms % 1'000 + 1'000) % 1'000) / 1'000;
}

// What stands in a field, of at most this. Nothing there: -1. No number, or too large: nothing.
std::optional<std::int64_t> amount(std::string_view text, std::int64_t most) {
  if (text.empty()) return -1;
  const auto value = whole_number(text);
  if (!value || *value > most) return std::nullopt;
  return std::max<std::int64_t>(*value, -1);
}

}  // namespace

bool CsvReader::take(std::string_view text) {
  return lines_.take(text, [this](std::string_view line) {
    take_line(line);
    return jobs_.size() <= limits::trace_jobs_max && lacking_.empty();
  });
}

void CsvReader::take_line(std::string_view line) {
  line_ += 1;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (trimmed(line).empty()) return;
  if (places_) {
    take_job(line);
  } else {
    take_header(line);
  }
}

void CsvReader::take_header(std::string_view line) {
  if (line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
  Places& places = places_.emplace();
  if (line.size() > limits::trace_line_bytes_max || !split(line, columns_.separator, fields_)) {
    lacking_ = "no first line that names its columns";
    return;
  }
  const std::array<const std::string*, 5> names{&columns_.submit, &columns_.run, &columns_.width,
                                                &columns_.limit, &columns_.user};
  for (std::size_t field = 0; field < names.size(); ++field) {
    if (names[field]->empty()) continue;
    for (std::size_t at = 0; at < fields_.size() && !places[field]; ++at) {
      if (trimmed(fields_[at]) == *names[field]) places[field] = at;
    }
    if (places[field]) continue;
    lacking_ = fmt::format("no column \"{}\"; its first line is: {}", *names[field],
                           line.substr(0, header_shown_bytes_max));
    return;
  }
}

std::int32_t CsvReader::number_of_user(const std::string& name) {
  if (name.empty()) return -1;
  return users_.try_emplace(name, static_cast<std::int32_t>(users_.size())).first->second;
}

std::expected<Job, Oddity> CsvReader::job_of(std::string_view line) {
  const std::unexpected malformed(Oddity::malformed);
  if (line.size() > limits::trace_line_bytes_max || !split(line, columns_.separator, fields_))
    return malformed;
  const auto text = [&](Field field) -> std::optional<std::string_view> {
    const auto place = (*places_)[static_cast<std::size_t>(field)];
    if (!place) return "";
    if (*place >= fields_.size()) return std::nullopt;
    return trimmed(fields_[*place]);
  };
  for (const Field field : {Field::submit, Field::run, Field::width, Field::limit, Field::user}) {
    if (!text(field)) return malformed;
  }
  const std::string_view moment = *text(Field::submit);
  if (moment.empty()) return std::unexpected(Oddity::no_submit_time);
  const auto submit_s =
      columns_.time == CsvTime::seconds ? whole_number(moment) : seconds_of(moment);
  const auto run_s = amount(*text(Field::run), limits::trace_run_s_max);
  const auto wide = amount(*text(Field::width), limits::trace_machine_width_max);
  const auto limit_s = amount(*text(Field::limit), limits::trace_run_s_max);
  if (!submit_s || !run_s || !wide || !limit_s) return malformed;
  return Job{*submit_s,
             *run_s,
             *limit_s,
             static_cast<std::int64_t>(line_),
             static_cast<std::int32_t>(*wide),
             number_of_user(std::string(*text(Field::user))),
             -1,
             static_cast<std::uint32_t>(line_)};
}

void CsvReader::take_job(std::string_view line) {
  const std::expected<Job, Oddity> job = job_of(line);
  if (!job) return intake_.trace.note(job.error(), line_);
  jobs_.push_back(*job);
}

// The earliest submit is known only now.
Result<Trace> CsvReader::finish() && {
  if (!lines_.rest().empty()) take_line(lines_.rest());
  if (!lacking_.empty()) return refuse(refusal::invalid, "", "has " + lacking_);
  std::int64_t earliest_s = 0;
  if (!jobs_.empty()) earliest_s = std::ranges::min(jobs_, {}, &Job::submit_s).submit_s;
  for (Job& job : jobs_) {
    job.submit_s -= earliest_s;
    if (job.submit_s > limits::trace_submit_s_max) {
      intake_.trace.note(Oddity::malformed, job.line);
    } else {
      intake_.take(job);
    }
  }
  intake_.finish();
  return std::move(intake_.trace);
}

Result<Trace> read_csv(const std::filesystem::path& path, const CsvColumns& columns) {
  CsvReader reader(columns);
  Result<void> read = read_all(path, reader);
  Result<Trace> trace = std::move(reader).finish();
  if (!trace) {
    trace.error().text = fmt::format("{} {}.", path.string(), trace.error().text);
    return trace;
  }
  if (!read) return std::unexpected(std::move(read).error());
  if (trace->jobs.empty()) {
    return refuse(refusal::malformed, "",
                  path.string() + " has no line that is a job in the columns that were named.");
  }
  return trace;
}

}  // namespace fabrica::traces
