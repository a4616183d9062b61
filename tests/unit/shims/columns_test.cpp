#include "shims/columns.h"

#include <gtest/gtest.h>

#include "shims/fields.h"

namespace fabrica::shims {
namespace {

JobRow sample() {
  JobRow row;
  row.job.id = 4211;
  row.job.name = "training-run";
  row.job.partition = "north-gpu";
  row.job.site = "north";
  row.job.project = 3;
  row.job.nodes = 2;
  row.job.cpus_per_node = 8;
  row.job.time_limit = hours(26);
  row.id = "4211";
  row.user = "ada";
  row.state = &state_of("running", "");
  row.started = Time{1};
  row.elapsed = seconds(3'725);
  return row;
}

std::string shown(const Outcome<Format<JobRow>>& format) {
  return format ? format->line_of(sample()) : format.error().text;
}

TEST(Columns, PercentFormatsAreSlurms) {
  const struct {
    std::string_view format;
    std::string_view line;
  } rows[] = {
      {"%i %t %M", "4211 R 1:02:05"},
      {"%.7i|%-j", "squeue: error: Invalid job format specification: -"},
      {"[%.8j]", "[training]"},
      {"%6i|%.6i|", "4211  |  4211|"},
      {"%T%u", "RUNNINGada"},
      {"%R %D %C %a", "north 2 16 project-3"},
      {"%l %L", "1-02:00:00 1-00:57:55"},
      {"no field", "no field"},
      {"%", "squeue: error: Invalid job format specification: "},
      {"%!", "squeue: error: Invalid job format specification: !"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(shown(percent_format("squeue", squeue_fields(), row.format)), row.line);
}

TEST(Columns, NamedFormatsAreSlurms) {
  const struct {
    std::string_view format;
    std::string_view line;
  } rows[] = {
      {"JobID", "4211                "},
      {"jobid:6,STATE:.9,Name:4", "4211    RUNNINGtrai"},
      {"jobid:6;", "4211  ;"},
      {"nosuch", "squeue: error: Invalid job format specification: nosuch"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(shown(named_format("squeue", squeue_fields(), row.format)), row.line);
}

TEST(Columns, ATextIsCutAndFilledByCharacters) {
  const struct {
    std::string text;
    std::size_t width;
    bool right;
    bool marks_cut;
    std::string_view fitted;
  } rows[] = {
      {"CANCELLED by 1", 10, true, true, "CANCELLED+"},
      {"CANCELLED by 1", 10, true, false, "CANCELLED "},
      {"état", 6, false, false, "état  "},
      {"été", 2, false, false, "ét"},
      {"a\nb", 0, false, false, "a b"},  // a name cannot make two rows of one
      {"1000", 4, true, true, "1000"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(fitted(row.text, row.width, row.right, row.marks_cut), row.fitted);
}

TEST(Fields, EachOfATableIsNamedOnce) {
  const auto check = [](const auto& fields) {
    for (auto one = fields.begin(); one != fields.end(); ++one) {
      for (auto other = one + 1; other != fields.end(); ++other) {
        EXPECT_FALSE(same_word(one->name, other->name)) << one->name;
        EXPECT_TRUE(one->letter == '\0' || one->letter != other->letter) << one->letter;
      }
    }
  };
  check(squeue_fields());
  check(sacct_fields());
  check(sinfo_fields());
}

}  // namespace
}  // namespace fabrica::shims
