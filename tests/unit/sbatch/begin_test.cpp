#include "sbatch/begin.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace fabrica::sbatch {
namespace {

struct Case {
  std::string_view text;
  std::string_view expected;
};

/// At 15:30 of a Sunday in Luxembourg, an hour ahead of UTC.
constexpr Duration ahead = hours(1);
const Time now = *parse_time("2026-11-22T14:30:00Z");

std::string at(std::string_view text) {
  const auto moment = parse_moment(text);
  if (!moment) return "refused";
  return to_string(resolve(*moment, now, ahead) + ahead).substr(0, 19);
}

TEST(Moment, EveryForm) {
  constexpr Case cases[] = {
      {"now", "2026-11-22T15:30:00"},
      {"NOW", "2026-11-22T15:30:00"},
      {"now+60", "2026-11-22T15:31:00"},
      {"now+10seconds", "2026-11-22T15:30:10"},
      {"now+1minute", "2026-11-22T15:31:00"},
      {"now+1hour", "2026-11-22T16:30:00"},
      {"now+2HOURS", "2026-11-22T17:30:00"},
      {"now + 3 days", "2026-11-25T15:30:00"},
      {"now+1week", "2026-11-29T15:30:00"},
      {"now-1hour", "2026-11-22T14:30:00"},
      {"16:00", "2026-11-22T16:00:00"},
      {"15:00", "2026-11-23T15:00:00"},
      {"1:30", "2026-11-23T01:30:00"},
      {"16:00:30", "2026-11-22T16:00:30"},
      {"10:30AM", "2026-11-23T10:30:00"},
      {"10:30 pm", "2026-11-22T22:30:00"},
      {"12:00AM", "2026-11-23T00:00:00"},
      {"12:00PM", "2026-11-23T12:00:00"},
      {"midnight", "2026-11-23T00:00:00"},
      {"noon", "2026-11-23T12:00:00"},
      {"fika", "2026-11-23T15:00:00"},
      {"teatime", "2026-11-22T16:00:00"},
      {"today", "2026-11-22T00:00:00"},
      {"today 23:00", "2026-11-22T23:00:00"},
      {"tomorrow", "2026-11-23T00:00:00"},
      {"tomorrow noon", "2026-11-23T12:00:00"},
      {"noon tomorrow", "2026-11-23T12:00:00"},
      {"tomorrowT12:34", "2026-11-23T12:34:00"},
      {"2030-01-20", "2030-01-20T00:00:00"},
      {"2030-01-20T12:34", "2030-01-20T12:34:00"},
      {"2030-01-20T12:34:56", "2030-01-20T12:34:56"},
      {"2030-01-20 noon", "2030-01-20T12:00:00"},
      {"12:34 01/20/30", "2030-01-20T12:34:00"},
      {"01/20/30", "2030-01-20T00:00:00"},
      {"01.20.30-12:34", "2030-01-20T12:34:00"},
      {"1/2/30", "2030-01-02T00:00:00"},
      {"012030", "2030-01-20T00:00:00"},
      {"01/20", "2027-01-20T00:00:00"},
      {"0120", "2027-01-20T00:00:00"},
      {"11/22", "2027-11-22T00:00:00"},
      {"11/22 16:00", "2026-11-22T16:00:00"},
      {"2028-02-29", "2028-02-29T00:00:00"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(at(text), expected) << text;
}

TEST(Moment, Refusals) {
  constexpr std::string_view cases[] = {"",
                                        "  ",
                                        "zz",
                                        "16",
                                        "4pm",
                                        "25:00",
                                        "24:00",
                                        "12:60",
                                        "12:00:61",
                                        "1:2",
                                        "13:00PM",
                                        "10:30 p.m.",
                                        "now+",
                                        "now+x",
                                        "now+1h",
                                        "now+1min",
                                        "now+1fortnight",
                                        "now+1hourx",
                                        "nowx",
                                        "+1hour",
                                        "noonx",
                                        "tomorrow+1hour",
                                        "12:34+1hour",
                                        "uptime",
                                        "elevenses",
                                        "1700000000",
                                        "2030-13-01",
                                        "2030-02-30",
                                        "2030-1-2",
                                        "2030-01-20T12",
                                        "2030-01-20T12:34:00Z",
                                        "01/20/2030",
                                        "13/20",
                                        "01/32",
                                        "0/1",
                                        "1320",
                                        "20300120",
                                        "now+99999999999",
                                        "16:00 17:00"};
  for (const std::string_view text : cases) EXPECT_EQ(at(text), "refused") << text;
}

}  // namespace
}  // namespace fabrica::sbatch
