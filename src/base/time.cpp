#include "base/time.h"

#include <fmt/core.h>

#include <array>

namespace fabrica {

namespace {

struct Date {
  std::int64_t year;
  unsigned month;
  unsigned day;
};

// Days from 1970-01-01 of a date in the proleptic Gregorian calendar, counted in years that begin
// on 1 March so that the leap day is the last day of its year.
constexpr std::int64_t days_from_date(Date date) {
  const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const unsigned month_from_march = (date.month + 9) % 12;
  const std::int64_t day_of_year = (153 * std::int64_t{month_from_march} + 2) / 5 + date.day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719'468;
}

constexpr Date date_from_days(std::int64_t days) {
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const std::int64_t day_of_era = days - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const auto month_from_march = static_cast<unsigned>((5 * day_of_year + 2) / 153);
  const auto day =
      static_cast<unsigned>(day_of_year - (153 * std::int64_t{month_from_march} + 2) / 5 + 1);
  const unsigned month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

// Reads exactly `width` digits at `at`; -1 when they are not there.
int digits(std::string_view text, std::size_t at, std::size_t width) {
  if (text.size() < at + width) return -1;
  int number = 0;
  for (const char c : text.substr(at, width)) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  return number;
}

constexpr unsigned days_in_month(std::int64_t year, unsigned month) {
  constexpr std::array<unsigned, 12> length{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : length[month - 1];
}

// "Z", "+01:00" or "-05:30": minutes east of UTC.
std::optional<int> offset_minutes(std::string_view zone) {
  if (zone == "Z" || zone == "z") return 0;
  if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return std::nullopt;
  const int hour = digits(zone, 1, 2);
  const int minute = digits(zone, 4, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return std::nullopt;
  return (zone[0] == '-' ? -1 : 1) * (hour * 60 + minute);
}

}  // namespace

std::string to_string(Time time) {
  std::int64_t day = time.ms / 86'400'000;
  std::int64_t rest = time.ms % 86'400'000;
  if (rest < 0) {
    rest += 86'400'000;
    day -= 1;
  }
  const Date date = date_from_days(day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", date.year, date.month, date.day,
                     rest / 3'600'000, rest / 60'000 % 60, rest / 1000 % 60, rest % 1000);
}

std::optional<Time> parse_time(std::string_view text) {
  const int year = digits(text, 0, 4);
  const int month = digits(text, 5, 2);
  const int day = digits(text, 8, 2);
  const int hour = digits(text, 11, 2);
  const int minute = digits(text, 14, 2);
  const int second = digits(text, 17, 2);
  if (year < 0 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 || minute < 0 ||
      minute > 59 || second < 0 || second > 59) {
    return std::nullopt;
  }
  if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' ||
      text[16] != ':' ||
      static_cast<unsigned>(day) > days_in_month(year, static_cast<unsigned>(month))) {
    return std::nullopt;
  }
  std::string_view rest = text.substr(19);
  std::int64_t fraction_ms = 0;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    std::int64_t weight = 100;
    const std::size_t length = rest.find_first_not_of("0123456789");
    if (length == 0 || length == std::string_view::npos || length > 9) return std::nullopt;
    for (const char c : rest.substr(0, length)) {
      fraction_ms += (c - '0') * weight;
      weight /= 10;
    }
    rest.remove_prefix(length);
  }
  const std::optional<int> offset = offset_minutes(rest);
  if (!offset) return std::nullopt;
  const std::int64_t whole_days =
      days_from_date({year, static_cast<unsigned>(month), static_cast<unsigned>(day)});
  return Time{whole_days * 86'400'000 + hour * 3'600'000LL + minute * 60'000LL + second * 1000LL +
              fraction_ms - *offset * 60'000LL};
}

Time add_months(Time time, std::int64_t months) {
  const std::int64_t day =
      time.ms >= 0 ? time.ms / 86'400'000 : (time.ms - 86'399'999) / 86'400'000;
  const Date from = date_from_days(day);
  const std::int64_t month = std::int64_t{from.month} - 1 + months;
  const std::int64_t year = from.year + month / 12;
  const auto month_of_year = static_cast<unsigned>(month % 12) + 1;
  const unsigned last = days_in_month(year, month_of_year);
  const std::int64_t days =
      days_from_date({year, month_of_year, from.day < last ? from.day : last});
  return Time{days * 86'400'000 + (time.ms - day * 86'400'000)};
}

std::string to_clock(Duration duration) {
  const std::int64_t all = (duration.ms + 999) / 1000;
  const std::string clock =
      fmt::format("{:02}:{:02}:{:02}", all / 3600 % 24, all / 60 % 60, all % 60);
  return all >= 86'400 ? fmt::format("{}-{}", all / 86'400, clock) : clock;
}

}  // namespace fabrica
