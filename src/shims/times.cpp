#include "shims/times.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <ctime>

#include "sbatch/begin.h"

namespace fabrica::shims {

namespace {

std::tm local_parts(Time time) {
  const std::time_t seconds = time.ms / 1000;
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  return parts;
}

Time from_local_parts(std::tm parts) {
  parts.tm_isdst = -1;
  return Time{static_cast<std::int64_t>(::mktime(&parts)) * 1000};
}

struct Span {
  std::int64_t days = 0;
  std::int64_t hours = 0;
  std::int64_t minutes = 0;
  std::int64_t seconds = 0;
};

Span in_parts(std::int64_t seconds) {
  return {seconds / 86'400, seconds / 3'600 % 24, seconds / 60 % 60, seconds % 60};
}

}  // namespace

Time now() {
  return Time{std::chrono::duration_cast<std::chrono::milliseconds>(
                  std::chrono::system_clock::now().time_since_epoch())
                  .count()};
}

std::string stamp(Time time) {
  const std::tm parts = local_parts(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string date_line(Time time) {
  const std::tm parts = local_parts(time);
  std::array<char, 64> room{};
  const std::size_t size =
      std::strftime(room.data(), room.size(), "%a %b %d %H:%M:%S %Y\n", &parts);
  return {room.data(), size};
}

std::string short_clock(Duration span) {
  const Span parts = in_parts(span.ms / 1000);
  if (parts.days > 0) {
    return fmt::format("{}-{:02}:{:02}:{:02}", parts.days, parts.hours, parts.minutes,
                       parts.seconds);
  }
  if (parts.hours > 0)
    return fmt::format("{}:{:02}:{:02}", parts.hours, parts.minutes, parts.seconds);
  return fmt::format("{}:{:02}", parts.minutes, parts.seconds);
}

std::string cpu_clock(std::int64_t ms) {
  const Span parts = in_parts(ms / 1000);
  if (parts.days > 0) {
    return fmt::format("{}-{:02}:{:02}:{:02}", parts.days, parts.hours, parts.minutes,
                       parts.seconds);
  }
  if (parts.hours > 0)
    return fmt::format("{:02}:{:02}:{:02}", parts.hours, parts.minutes, parts.seconds);
  return fmt::format("{:02}:{:02}.{:03}", parts.minutes, parts.seconds, ms % 1000);
}

Result<Time> parse_past(std::string_view text, Time now) {
  std::string forward(text);
  const bool back = forward.starts_with("now-");
  if (back) forward[3] = '+';
  TRY(const sbatch::Moment moment, sbatch::parse_moment(forward));
  std::tm parts = local_parts(now);
  parts.tm_hour = 0;
  parts.tm_min = 0;
  parts.tm_sec = static_cast<int>(moment.second_of_day);
  switch (moment.form) {
    case sbatch::BeginForm::now:
      return back ? Time{now.ms - moment.offset.ms} : now + moment.offset;
    case sbatch::BeginForm::clock:
    case sbatch::BeginForm::today:
      return from_local_parts(parts);
    case sbatch::BeginForm::tomorrow:
      parts.tm_mday += 1;
      return from_local_parts(parts);
    case sbatch::BeginForm::date:
      parts.tm_year = static_cast<int>(moment.year) - 1900;
      [[fallthrough]];
    case sbatch::BeginForm::day_of_year:
      parts.tm_mon = static_cast<int>(moment.month) - 1;
      parts.tm_mday = static_cast<int>(moment.day);
      return from_local_parts(parts);
  }
  return now;
}

}  // namespace fabrica::shims
