#include "sbatch/amounts.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/limits.h"

namespace fabrica::sbatch {
namespace {

constexpr std::string_view no = "refused";

struct Case {
  std::string_view text;
  std::string_view expected;
};

std::string time_of(std::string_view text) {
  const auto limit = parse_time_limit(text);
  return limit ? to_string(*limit) : std::string(no);
}

TEST(TimeLimit, EveryFormThatSbatchTakes) {
  constexpr Case cases[] = {
      {"5", "00:05:00"},
      {"90", "01:30:00"},
      {"1440", "1-00:00:00"},
      {"1:2", "00:02:00"},  // one minute and two seconds, rounded up
      {"5:00", "00:05:00"},
      {"0:30", "00:01:00"},
      {"0:61", "00:02:00"},
      {"60:60", "01:01:00"},
      {"2:30:00", "02:30:00"},
      {"24:00:00", "1-00:00:00"},
      {"100:00:00", "4-04:00:00"},
      {"0:0:1", "00:01:00"},
      {"0:0:61", "00:02:00"},
      {"0:60:0", "01:00:00"},
      {"1-", "1-00:00:00"},
      {"1-2", "1-02:00:00"},
      {"14-0", "14-00:00:00"},
      {"1-2:3", "1-02:03:00"},
      {"1-2:3:4", "1-02:04:00"},
      {"01-02:03:04", "1-02:04:00"},
      {"1-24", "2-00:00:00"},
      {"1-25:61:61", "2-02:03:00"},
      {"7-00:00:00", "7-00:00:00"},
      {"400-0", "400-00:00:00"},
      {"0", "UNLIMITED"},
      {"0:00", "UNLIMITED"},
      {"0-0", "UNLIMITED"},
      {"0-0:0:0", "UNLIMITED"},
      {"UNLIMITED", "UNLIMITED"},
      {"unlimited", "UNLIMITED"},
      {"INFINITE", "UNLIMITED"},
      {"Infinite", "UNLIMITED"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(time_of(text), expected) << text;
}

TEST(TimeLimit, WhatSbatchRefusesToo) {
  constexpr std::string_view cases[] = {
      "",      "a",     "1h",   "30s",       "1d",   "5 ",  " 5",   "+5",    "5.5",
      "5:",    "5::",   "5:6:", "5:6:7:8",   ":5",   "::",  "1-:2", "-1-2",  "1-2-3",
      "1:2-3", "unlim", "1-2:", "1-2:3:4:5", "0x10", "1e3", "5,",   "1_000", "\xD9\xA3"};
  for (const std::string_view text : cases) EXPECT_EQ(time_of(text), no) << text;
}

TEST(TimeLimit, StricterThanSbatchWithNonsense) {
  constexpr std::string_view cases[] = {"-1", "-5", "401-0", "99999999999",
                                        "999999999999999999999"};
  for (const std::string_view text : cases) EXPECT_EQ(time_of(text), no) << text;
}

RC_GTEST_PROP(TimeLimit, WhatIsPrintedReadsTheSame, ()) {
  const auto minutes_max = limits::job_time_max.ms / 60'000;
  const TimeLimit limit{minutes(*rc::gen::inRange<std::int64_t>(1, minutes_max + 1))};
  const auto again = parse_time_limit(to_string(limit));
  RC_ASSERT(again.has_value());
  RC_ASSERT(*again == limit);
}

RC_GTEST_PROP(TimeLimit, FormsAgree, ()) {
  const auto d = *rc::gen::inRange(0, 300);
  const auto h = *rc::gen::inRange(0, 24);
  const auto m = *rc::gen::inRange(0, 60);
  RC_PRE(d + h + m > 0);
  const std::string expected = time_of(fmt::format("{}", (d * 24 + h) * 60 + m));
  RC_ASSERT(time_of(fmt::format("{}-{}:{}", d, h, m)) == expected);
  RC_ASSERT(time_of(fmt::format("{}-{:02}:{:02}:00", d, h, m)) == expected);
  RC_ASSERT(time_of(fmt::format("{}:{}:0", d * 24 + h, m)) == expected);
  RC_ASSERT(time_of(fmt::format("{}:0", (d * 24 + h) * 60 + m)) == expected);
}

TEST(Memory, UnitsAsSlurmHasThem) {
  constexpr std::pair<std::string_view, std::int64_t> cases[] = {{"0", 0},
                                                                 {"0G", 0},
                                                                 {"1", 1},
                                                                 {"4096", 4096},
                                                                 {"+1", 1},
                                                                 {"1K", 1},
                                                                 {"1023k", 1},
                                                                 {"1024K", 1},
                                                                 {"1025K", 2},
                                                                 {"0K", 0},
                                                                 {"1M", 1},
                                                                 {"1mb", 1},
                                                                 {"64000M", 64000},
                                                                 {"1G", 1024},
                                                                 {"1g", 1024},
                                                                 {"1gb", 1024},
                                                                 {"1GB", 1024},
                                                                 {"4gB", 4096},
                                                                 {"20Gb", 20480},
                                                                 {"1T", 1048576},
                                                                 {"2tb", 2097152},
                                                                 {"1KB", 1},
                                                                 {"1024T", 1 << 30},
                                                                 // Refused:
                                                                 {"", -1},
                                                                 {"G", -1},
                                                                 {"1.5G", -1},
                                                                 {"1,5G", -1},
                                                                 {"1 G", -1},
                                                                 {"10 ", -1},
                                                                 {" 10", 10},
                                                                 {"1P", -1},
                                                                 {"1E", -1},
                                                                 {"1GiB", -1},
                                                                 {"8Gi", -1},
                                                                 {"1B", -1},
                                                                 {"10GG", -1},
                                                                 {"-1", -1},
                                                                 {"1e3", -1},
                                                                 {"0x10", -1},
                                                                 {"1%", -1},
                                                                 {"99999999999999999999", -1},
                                                                 {"1025T", -1}};
  for (const auto& [text, mib] : cases) {
    const auto memory = parse_memory(text);
    EXPECT_EQ(memory ? static_cast<std::int64_t>(memory->mib) : -1, mib) << text;
  }
}

TEST(Nodes, NumbersAndRanges) {
  constexpr Case cases[] = {{"1", "1-1"},
                            {"4", "4-4"},
                            {"2-4", "2-4"},
                            {"2-2", "2-2"},
                            {"-4", "1-4"},
                            {"1k", "1024-1024"},
                            {"1K", "1024-1024"},
                            {"2k-3k", "2048-3072"},
                            {"2-4k", "2-4096"},
                            {"+1", "1-1"},
                            {" 1", "1-1"},
                            {"1 ", "1-1"},
                            {"100000", "100000-100000"},
                            {"0", no},
                            {"0-4", no},
                            {"2-", no},
                            {"2-1", no},
                            {"1k-2", no},
                            {"", no},
                            {"a", no},
                            {"1-a", no},
                            {"1.5", no},
                            {"1-2-3", no},
                            {"1,2", no},
                            {"1:2", no},
                            {"1kk", no},
                            {"1-4:2", no},
                            {"0x2", no},
                            {"100001", no},
                            {"1m", no},
                            {"4294967297", no},
                            {"99999999999", no}};
  for (const auto& [text, expected] : cases) {
    const auto nodes = parse_nodes(text);
    EXPECT_EQ(nodes ? fmt::format("{}-{}", nodes->min, nodes->max) : std::string(no), expected)
        << text;
  }
}

TEST(Count, WholeNumbers) {
  constexpr std::pair<std::string_view, std::int64_t> cases[] = {
      {"1", 1},         {"010", 10},        {"+1", 1},  {" 1", 1},  {"10000000", 10000000},
      {"10000001", -1}, {"0", -1},          {"-1", -1}, {"1 ", -1}, {"1k", -1},
      {"1.5", -1},      {"2-4", -1},        {"", -1},   {"a", -1},  {"1x", -1},
      {"0x10", -1},     {"99999999999", -1}};
  for (const auto& [text, expected] : cases) {
    const auto count = parse_count(text);
    EXPECT_EQ(count ? std::int64_t{*count} : -1, expected) << text;
  }
  EXPECT_EQ(parse_count_or_zero("0").value_or(9), 0U);
  EXPECT_FALSE(parse_count_or_zero("-1").has_value());
}

}  // namespace
}  // namespace fabrica::sbatch
