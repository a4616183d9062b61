#include "cli/words.h"

#include <gtest/gtest.h>

namespace fabrica::cli {
namespace {

TEST(Words, WidthsAreThoseOfATerminal) {
  const struct {
    std::string_view text;
    std::size_t columns;
  } rows[] = {
      {"", 0},
      {"abc", 3},
      {"Jyväskylä", 9},                  // precomposed letters
      {"Jyva\xCC\x88skyla\xCC\x88", 9},  // the same with combining marks
      {"✓ ok", 4},
      {"計算", 4},
      {"\xFF\xFE", 2},  // no UTF-8: a column a byte
  };
  for (const auto& row : rows) EXPECT_EQ(display_width(row.text), row.columns) << row.text;
}

TEST(Words, WhatOthersWroteCannotSteerTheTerminal) {
  const struct {
    std::string_view text;
    std::string_view shown;
  } rows[] = {
      {"plain", "plain"},
      {"Zürich ✓", "Zürich ✓"},
      {"\x1b[2Jgone", "?[2Jgone"},
      {"two\nlines\tand a tab", "two lines and a tab"},
      {"bell\x07 delete\x7F", "bell? delete?"},
      {"\xC2\x9B"
       "31m",
       "?31m"},  // the one-character form of ESC [
  };
  for (const auto& row : rows) EXPECT_EQ(printable(row.text), row.shown);
}

TEST(Words, AmountsHaveTheirUnit) {
  EXPECT_EQ(hours_with_unit(1'800'000, "core"), "0.500 core-hours");
  EXPECT_EQ(hours_with_unit(-3'600'000, "gpu"), "-1.000 GPU-hours");
  EXPECT_EQ(hours_with_unit(18'000'000'000, "node"), "5000.000 node-hours");
  EXPECT_EQ(hours_with_unit(0, "qubit"), "0.000 qubit-hours");
}

TEST(Words, TimesAreShort) {
  EXPECT_EQ(moment_text("2026-11-22T14:48:03.120Z"), "2026-11-22 14:48:03Z");
  EXPECT_EQ(moment_text(""), "");
  EXPECT_EQ(day_text("2026-11-22T14:48:03+01:00"), "2026-11-22");
  EXPECT_EQ(span_text(61), "0.0 s");
  EXPECT_EQ(span_text(59'999), "59.9 s");
  EXPECT_EQ(span_text(3'723'000), "01:02:03");
}

TEST(Words, BytesAreInPowersOf1024) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
  EXPECT_EQ(bytes_text(851'443'712), "812.0 MiB");
}

TEST(Words, NumbersMayBearTheirPrefix) {
  EXPECT_EQ(number_of("7", "job"), 7U);
  EXPECT_EQ(number_of("job-7", "job"), 7U);
  for (const std::string_view wrong :
       {"", "0", "job-", "job7", "task-7", "7x", "-7", "99999999999999999999"}) {
    EXPECT_EQ(number_of(wrong, "job"), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace fabrica::cli
