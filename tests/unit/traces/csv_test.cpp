#include "traces/csv.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "unit/traces/scratch.h"

/// Invariant 56: each line of a CSV trace is a job, empty, or counted as odd.
namespace fabrica::traces {
namespace {

const CsvColumns all_columns{"submit", "run", "gpus", "limit", "who", CsvTime::seconds, ','};

std::string text_of(const Result<Trace>& trace) {
  if (!trace) return "refused: " + trace.error().text;
  std::string text;
  for (const Job& job : trace->jobs) {
    text += fmt::format("{}#{} at {} run {} of {} wide {} user {}", text.empty() ? "" : "; ",
                        job.number, job.submit_s, job.run_s, job.requested_s, job.width, job.user);
  }
  for (std::size_t at = 0; at < oddities; ++at) {
    if (trace->odd[at].count == 0) continue;
    text +=
        fmt::format("{}{} {} from {}", text.empty() ? "" : "; ", name_of(static_cast<Oddity>(at)),
                    trace->odd[at].count, trace->odd[at].first_line);
  }
  return text;
}

std::string read(const CsvColumns& columns, std::string_view text, std::size_t cut) {
  CsvReader reader(columns);
  while (!text.empty() && reader.take(text.substr(0, cut))) {
    text.remove_prefix(std::min(cut, text.size()));
  }
  return text_of(std::move(reader).finish());
}

TEST(Csv, LinesAndWhatTheyMean) {
  struct Row {
    std::string_view text;
    std::string_view meaning;
  };
  const std::string head = "submit,run,gpus,limit,who\n";
  const Row rows[] = {
      {"", ""},
      {"5,60,8,100,anna", "#2 at 0 run 60 of 100 wide 8 user 0"},
      {"5,60,8,100,anna\r\n", "#2 at 0 run 60 of 100 wide 8 user 0"},
      {" 5 , 60 ,\t8, 100 , anna \n\n  \n", "#2 at 0 run 60 of 100 wide 8 user 0"},
      {"5,60,8,100,anna\n9,1,1,1,\n7,1,1,1,bob\n6,1,1,1,anna\n",
       "#2 at 0 run 60 of 100 wide 8 user 0; #5 at 1 run 1 of 1 wide 1 user 0; "
       "#4 at 2 run 1 of 1 wide 1 user 1; #3 at 4 run 1 of 1 wide 1 user -1; "
       "time_ran_backwards 2 from 4"},
      {"\"5\",\"60\",8,100,\"an,\"\"na\"\n", "#2 at 0 run 60 of 100 wide 8 user 0"},
      {"-3,60.9,8,100.5,a\n-1.5,0.4,8.0,100,a\n",
       "#2 at 0 run 60 of 100 wide 8 user 0; #3 at 2 run 0 of 100 wide 8 user 0; "
       "zero_run_time 1 from 3"},
      {"5,60,8,,a\n5,60,8,0,a\n5,60,8,-1,a\n",
       "#2 at 0 run 60 of 60 wide 8 user 0; #3 at 0 run 60 of 60 wide 8 user 0; "
       "#4 at 0 run 60 of 60 wide 8 user 0; no_requested_time 3 from 2"},
      {"5,90,8,60,a\n", "#2 at 0 run 60 of 60 wide 8 user 0; longer_than_requested 1 from 2"},
      {",60,8,100,a\n5,,8,100,a\n5,-1,8,100,a\n5,60,,100,a\n5,60,0,100,a\n",
       "no_submit_time 1 from 2; no_run_time 2 from 3; no_width 2 from 5"},
      {"x,60,8,100,a\n"  // no number
       "5,6e1,8,100,a\n"
       "5,60,8\n"               // too few fields
       "5,60,8,100,\"a\n"       // a quote that is not closed
       "5,60,8,100,\"a\"b\n"    // text behind a closed one
       "5,100000001,8,100,a\n"  // beyond the bounds
       "5,60,1000000001,100,a\n"
       "1234567890123456,60,8,100,a\n"
       "5,60,8,100,a,more\n"        // more fields than names do no harm
       "99999999999,60,8,100,a\n",  // more than three centuries after the first
       "#10 at 0 run 60 of 100 wide 8 user 0; malformed 9 from 2"},
  };
  for (const Row& row : rows) {
    for (const std::size_t cut : {1'000'000UL, 1UL, 7UL}) {
      EXPECT_EQ(read(all_columns, head + std::string(row.text), cut), row.meaning) << row.text;
    }
  }
}

TEST(Csv, TimesInIso8601) {
  struct Row {
    std::string_view first;
    std::string_view second;
    std::string_view meaning;
  };
  const Row rows[] = {
      {"2023-05-17T11:00:58Z", "2023-05-17T11:01:00Z", "0 2"},
      {"2023-05-17 11:00:58+00:00", "2023-05-17 13:01:00+02:00", "0 2"},
      {"2023-05-17 11:00:58", "2023-05-17T11:00:58.900Z", "0 0"},
      {"1969-12-31T23:59:58.5Z", "1970-01-01T00:00:01Z", "0 3"},
      {"2023-05-17", "2023-05-17T11:01:00Z", "0"},
      {"2023-02-30T00:00:00Z", "2023-05-17T11:01:00Z", "0"},
      {"5", "", ""},
  };
  for (const Row& row : rows) {
    CsvReader reader({"t", "run", "gpus", "", "", CsvTime::iso8601, ';'});
    EXPECT_TRUE(reader.take(fmt::format("gpus;t;run\n1;{};1\n1;{};1\n", row.first, row.second)));
    const Result<Trace> trace = std::move(reader).finish();
    ASSERT_TRUE(trace.has_value());
    std::string text;
    for (const Job& job : trace->jobs) {
      text += fmt::format("{}{}", text.empty() ? "" : " ", job.submit_s);
    }
    EXPECT_EQ(text, row.meaning) << row.first;
  }
}

TEST(Csv, WithoutAColumnItSaysWhichThereAre) {
  for (const std::size_t cut : {1'000UL, 1UL}) {
    EXPECT_EQ(read(all_columns, "submit,run,nodes,limit,who\n1,1,1,1,a\n", cut),
              "refused: has no column \"gpus\"; its first line is: submit,run,nodes,limit,who");
    EXPECT_EQ(read(all_columns, "\"submit\n1,1,1,1,a\n", cut),
              "refused: has no first line that names its columns");
  }
  EXPECT_EQ(read({"submit", "run", "gpus", "", "", CsvTime::seconds, ','},
                 "\xef\xbb\xbfsubmit,run,gpus\n1,2,3\n", 5),
            "#2 at 0 run 2 of 2 wide 3 user -1; no_requested_time 1 from 2");
}

TEST(Csv, ALineBeyondTheBoundIsCountedAndTheNextIsRead) {
  const std::string name(limits::trace_line_bytes_max, 'x');
  EXPECT_EQ(read(all_columns, "submit,run,gpus,limit,who\n1,1,1,1," + name + "\n1,1,1,1,b\n", 999),
            "#3 at 0 run 1 of 1 wide 1 user 0; malformed 1 from 2");
}

TEST(CsvFile, IsReadPlainAndFromGzipAndRefusalsNameIt) {
  const Scratch scratch;
  const std::string text = "submit,run,gpus,limit,who\n1,1,1,1,a\n";
  EXPECT_EQ(text_of(read_csv(scratch.write("a.csv", text), all_columns)),
            "#2 at 0 run 1 of 1 wide 1 user 0");
  EXPECT_EQ(text_of(read_csv(scratch.write("a.csv.gz", gzipped(text)), all_columns)),
            "#2 at 0 run 1 of 1 wide 1 user 0");
  const auto none = read_csv(scratch.write("b.csv", "submit,run,gpus,limit,who\n"), all_columns);
  ASSERT_FALSE(none.has_value());
  EXPECT_NE(none.error().text.find("b.csv has no line that is a job"), std::string::npos);
  const auto lacking = read_csv(scratch.write("c.csv", "a,b\n"), all_columns);
  ASSERT_FALSE(lacking.has_value());
  EXPECT_NE(lacking.error().text.find("c.csv has no column \"submit\""), std::string::npos);
  EXPECT_EQ(read_csv(scratch.folder() / "none", all_columns).error().code, refusal::not_found);
}

}  // namespace
}  // namespace fabrica::traces
