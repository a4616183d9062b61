#include "base/time.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace fabrica {
namespace {

constexpr std::int64_t year_0_ms = -62'167'219'200'000;
constexpr std::int64_t year_9999_ms = 253'402'300'799'999;

struct Moment {
  std::string_view text;
  std::int64_t ms;
};

constexpr Moment moments[] = {
    {"1970-01-01T00:00:00.000Z", 0},
    {"2026-11-22T14:48:00.000Z", 1'795'358'880'000},
    {"2000-02-29T12:00:00.000Z", 951'825'600'000},
    {"2024-12-31T23:59:59.000Z", 1'735'689'599'000},
    {"2100-03-01T00:00:00.000Z", 4'107'542'400'000},
    {"1900-03-01T00:00:00.000Z", -2'203'891'200'000},
    {"1969-12-31T23:59:59.999Z", -1},
    {"1582-10-15T00:00:00.000Z", -12'219'292'800'000},
    {"0001-01-01T00:00:00.000Z", -62'135'596'800'000},
    {"0000-01-01T00:00:00.000Z", year_0_ms},
    {"9999-12-31T23:59:59.999Z", year_9999_ms},
};

TEST(Time, IsWrittenAndRead) {
  for (const auto& [text, ms] : moments) {
    EXPECT_EQ(to_string(Time{ms}), text);
    EXPECT_EQ(parse_time(text), Time{ms}) << text;
  }
}

RC_GTEST_PROP(Time, ReadsBackWhatItWrote, ()) {
  const Time time{*rc::gen::inRange<std::int64_t>(year_0_ms, year_9999_ms + 1)};
  RC_ASSERT(parse_time(to_string(time)) == time);
}

// Each day has the date after the day before, for 800 years.
TEST(Time, DatesFollowEachOther) {
  int year = 1700;
  int month = 1;
  int day = 1;
  for (Time time = parse_time("1700-01-01T00:00:00Z").value(); year < 2500; time = time + days(1)) {
    ASSERT_EQ(to_string(time), fmt::format("{:04}-{:02}-{:02}T00:00:00.000Z", year, month, day));
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const int length = month == 2                                              ? (leap ? 29 : 28)
                       : month == 4 || month == 6 || month == 9 || month == 11 ? 30
                                                                               : 31;
    day = day % length + 1;
    if (day == 1) month = month % 12 + 1;
    if (day == 1 && month == 1) ++year;
  }
}

TEST(Time, OtherFormsOfRfc3339) {
  const struct {
    std::string_view text;
    std::string_view same_as;
  } cases[] = {
      {"2026-11-22T14:48:00Z", "2026-11-22T14:48:00.000Z"},
      {"2026-11-22t14:48:00z", "2026-11-22T14:48:00.000Z"},
      {"2026-11-22T14:48:00.1Z", "2026-11-22T14:48:00.100Z"},
      {"2026-11-22T14:48:00.12Z", "2026-11-22T14:48:00.120Z"},
      {"2026-11-22T14:48:00.123999999Z", "2026-11-22T14:48:00.123Z"},
      {"2026-11-22T15:48:00+01:00", "2026-11-22T14:48:00.000Z"},
      {"2026-11-22T09:18:00-05:30", "2026-11-22T14:48:00.000Z"},
      {"2026-11-22T14:48:00-00:00", "2026-11-22T14:48:00.000Z"},
      {"2027-01-01T00:30:00+01:00", "2026-12-31T23:30:00.000Z"},
      {"2024-02-28T23:30:00-01:00", "2024-02-29T00:30:00.000Z"},
  };
  for (const auto& [text, same_as] : cases)
    EXPECT_EQ(parse_time(text), parse_time(same_as)) << text;
}

TEST(Time, WhatIsNoTime) {
  for (const std::string_view text : {
           "",
           "2026-11-22",
           "2026-11-22T14:48:00",
           "2026-11-22T14:48Z",
           "2026-11-22 14:48:00Z",
           "2026-11-22T14:48:00 Z",
           "2026-11-22T14:48:00.Z",
           "2026-11-22T14:48:00.1234567890Z",
           "2026-11-22T14:48:00,5Z",
           "2026-11-22T14:48:00ZZ",
           "2026-11-22T14:48:00+0100",
           "2026-11-22T14:48:00+24:00",
           "2026-11-22T14:48:00+01:60",
           "2026-11-22T24:00:00Z",
           "2026-11-22T14:60:00Z",
           "2026-12-31T23:59:60Z",
           "2026-00-22T14:48:00Z",
           "2026-13-22T14:48:00Z",
           "2026-11-00T14:48:00Z",
           "2026-11-31T14:48:00Z",
           "2023-02-29T00:00:00Z",
           "1900-02-29T00:00:00Z",
           "2100-02-29T00:00:00Z",
           "20260-1-22T14:48:00Z",
           "-026-11-22T14:48:00Z",
           "2026/11/22T14:48:00Z",
       }) {
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
  }
  for (const std::string_view leap : {"2000-02-29T00:00:00Z", "2024-02-29T00:00:00Z"}) {
    EXPECT_TRUE(parse_time(leap).has_value()) << leap;
  }
}

TEST(Duration, Arithmetic) {
  EXPECT_EQ(days(1), hours(24));
  EXPECT_EQ(hours(1), minutes(60));
  EXPECT_EQ(minutes(1), seconds(60));
  EXPECT_EQ(seconds(1), milliseconds(1000));
  EXPECT_EQ((Time{5} + seconds(2)) - Time{5}, milliseconds(2000));
  EXPECT_EQ(Time{5} - milliseconds(6), Time{-1});
  EXPECT_EQ(hours(1) - minutes(30), minutes(15) * 2);
}

TEST(Duration, AsSlurmWritesIt) {
  const struct {
    Duration duration;
    std::string_view text;
  } cases[] = {
      {milliseconds(0), "00:00:00"},
      {milliseconds(1), "00:00:01"},
      {seconds(59), "00:00:59"},
      {milliseconds(59'001), "00:01:00"},
      {hours(24) - seconds(1), "23:59:59"},
      {days(1), "1-00:00:00"},
      {days(1) - milliseconds(1), "1-00:00:00"},
      {days(400) + hours(3), "400-03:00:00"},
      {days(1) + hours(2) + minutes(3) + seconds(4), "1-02:03:04"},
  };
  for (const auto& [duration, text] : cases) EXPECT_EQ(to_clock(duration), text);
}

}  // namespace
}  // namespace fabrica
