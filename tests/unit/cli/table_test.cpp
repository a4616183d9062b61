#include "cli/table.h"

#include <gtest/gtest.h>

namespace fabrica::cli {
namespace {

using Side = Table::Side;

TEST(Table, AlignsByWhatIsSeen) {
  Table table({{"PLACE"}, {"HOURS", Side::right}, {"STATE"}});
  table.add({"Jyväskylä", "5.000", "ok"});
  table.add({"Bo", "1234.500", "not connected"});
  EXPECT_EQ(table.text(false, 0),
            "PLACE         HOURS  STATE\n"
            "Jyväskylä     5.000  ok\n"
            "Bo         1234.500  not connected\n");
}

TEST(Table, ColourDoesNotCountAsWidth) {
  Table table({{"A"}, {"B"}});
  table.add({{"x", Paint::green}, "y"});
  EXPECT_EQ(table.text(true, 0), "\x1b[1mA\x1b[0m  \x1b[1mB\x1b[0m\n\x1b[32mx\x1b[0m  y\n");
}

TEST(Table, LeavesOutColumnsWithoutAText) {
  Table table({{"JOB"}, {"SIGNAL", Side::right}, {"NAME"}});
  table.add({"job-1", "", "train"});
  EXPECT_EQ(table.text(false, 0), "JOB    NAME\njob-1  train\n");
}

TEST(Table, IsNothingWithoutRows) {
  EXPECT_EQ(Table({{"A"}}).text(false, 80), "");
  EXPECT_TRUE(Table({{"A"}}).empty());
}

TEST(Table, BreaksTheLastColumnWhereItWouldBeTooWide) {
  Table table({{"SITE"}, {"WHY NOT"}});
  table.add({"lumi", "The project has no hours left here."});
  EXPECT_EQ(table.text(false, 30),
            "SITE  WHY NOT\n"
            "lumi  The project has no hours\n"
            "      left here.\n");
  // Too narrow to be of use: left as it is.
  EXPECT_EQ(table.text(false, 12), "SITE  WHY NOT\nlumi  The project has no hours left here.\n");
}

TEST(Table, EscapesOfOthersAreNotPassedOn) {
  Table table({{"NAME"}});
  table.add({"\x1b]0;pwned\x07"});
  EXPECT_EQ(table.text(false, 0), "NAME\n?]0;pwned?\n");
}

TEST(ProgressLine, ShowsPartAndWhole) {
  EXPECT_EQ(progress_line("verifying", 0, 10),
            "verifying  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░   0%  0/10");
  EXPECT_EQ(progress_line("verifying", 5, 10),
            "verifying  ███████████████░░░░░░░░░░░░░░░  50%  5/10");
  EXPECT_EQ(progress_line("verifying", 0, 0),
            "verifying  ██████████████████████████████ 100%  0/0");
}

}  // namespace
}  // namespace fabrica::cli
