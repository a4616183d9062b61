#include "traces/swf.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "unit/traces/scratch.h"

/// Invariant 45: each line of a trace is a job, a comment, empty, or counted as odd.
namespace fabrica::traces {
namespace {

Trace read(std::string_view text, std::size_t cut = std::string_view::npos) {
  SwfReader reader;
  while (!text.empty()) {
    EXPECT_TRUE(reader.take(text.substr(0, cut)));
    text.remove_prefix(std::min(cut, text.size()));
  }
  return std::move(reader).finish();
}

std::string text_of(const Trace& trace) {
  std::string text = trace.machine_width != 0 ? fmt::format("on {}", trace.machine_width) : "";
  for (const Job& job : trace.jobs) {
    text += fmt::format("{}#{} at {} run {} of {} wide {} user {} queue {} line {}",
                        text.empty() ? "" : "; ", job.number, job.submit_s, job.run_s,
                        job.requested_s, job.width, job.user, job.queue, job.line);
  }
  for (std::size_t at = 0; at < oddities; ++at) {
    if (trace.odd[at].count == 0) continue;
    text +=
        fmt::format("{}{} {} from {}", text.empty() ? "" : "; ", name_of(static_cast<Oddity>(at)),
                    trace.odd[at].count, trace.odd[at].first_line);
  }
  return text;
}

TEST(Swf, LinesAndWhatTheyMean) {
  struct Row {
    std::string_view text;
    std::string_view meaning;
  };
  const Row rows[] = {
      {"", ""},
      {"\n  \n\t\n", ""},
      {"; MaxProcs: 128\n; MaxProcs: 9\n", "on 128"},
      {";MaxProcs:7", "on 7"},
      {"; MaxProcs: many\n; MaxProcs: -1\n; MaxProcs: 0\n; MaxProcs: 99999999999\n", ""},
      {"; note: MaxProcs: 5\n", ""},
      {"4 10 -1 60 8 -1 -1 8 100 -1 1 3 -1 -1 2 -1 -1 -1\n",
       "#4 at 10 run 60 of 100 wide 8 user 3 queue 2 line 1"},
      {"  4\t10 5 60 8 0.5 x 8 100 -1 1 3 -1 -1 2 -1 -1 -1 \r\n",
       "#4 at 10 run 60 of 100 wide 8 user 3 queue 2 line 1"},
      {"1 0 -1 5 4 -1 -1 8 9 -1 1 -1 -1 -1 -1 -1 -1 -1",
       "#1 at 0 run 5 of 9 wide 8 user -1 queue -1 line 1"},
      {"1 0 -1 5 4 -1 -1 -1 9 -1 1 -1 -1 -1 -1 -1 -1 -1",
       "#1 at 0 run 5 of 9 wide 4 user -1 queue -1 line 1"},
      {"1 0 -1 5 -1 -1 -1 0 9 -1 1 -1 -1 -1 -1 -1 -1 -1", "no_width 1 from 1"},
      {"1 -1 -1 5 4 -1 -1 4 9 -1 1 -1 -1 -1 -1 -1 -1 -1", "no_submit_time 1 from 1"},
      {"\n1 0 -1 -1 4 -1 -1 4 9 -1 1 -1 -1 -1 -1 -1 -1 -1", "no_run_time 1 from 2"},
      {"1 0 -1 0 4 -1 -1 4 9 -1 1 -1 -1 -1 -1 -1 -1 -1",
       "#1 at 0 run 0 of 9 wide 4 user -1 queue -1 line 1; zero_run_time 1 from 1"},
      {"1 0 -1 7 4 -1 -1 4 -1 -1 1 -1 -1 -1 -1 -1 -1 -1",
       "#1 at 0 run 7 of 7 wide 4 user -1 queue -1 line 1; no_requested_time 1 from 1"},
      {"1 0 -1 0 4 -1 -1 4 0 -1 1 -1 -1 -1 -1 -1 -1 -1",
       "#1 at 0 run 0 of 1 wide 4 user -1 queue -1 line 1; zero_run_time 1 from 1; "
       "no_requested_time 1 from 1"},
      {"1 0 -1 9 4 -1 -1 4 7 -1 1 -1 -1 -1 -1 -1 -1 -1",
       "#1 at 0 run 7 of 7 wide 4 user -1 queue -1 line 1; longer_than_requested 1 from 1"},
      {"1 5 -1 1 1 -1 -1 1 1 -1 1 -1 -1 -1 -1 -1 -1 -1\n"
       "2 3 -1 1 1 -1 -1 1 1 -1 1 -1 -1 -1 -1 -1 -1 -1\n"
       "3 3 -1 1 1 -1 -1 1 1 -1 1 -1 -1 -1 -1 -1 -1 -1\n"
       "4 5 -1 1 1 -1 -1 1 1 -1 1 -1 -1 -1 -1 -1 -1 -1\n",
       "#2 at 3 run 1 of 1 wide 1 user -1 queue -1 line 2; "
       "#3 at 3 run 1 of 1 wide 1 user -1 queue -1 line 3; "
       "#1 at 5 run 1 of 1 wide 1 user -1 queue -1 line 1; "
       "#4 at 5 run 1 of 1 wide 1 user -1 queue -1 line 4; time_ran_backwards 1 from 2"},
      {"x\n1 0 -1 5 4 -1 -1 8 9 -1 1 -1 -1 -1 -1 -1 -1\n"     // 17 columns
       "1 0 -1 5 4 -1 -1 8 9 -1 1 -1 -1 -1 -1 -1 -1 -1 -1\n"  // 19
       "1 0 -1 5.5 4 -1 -1 8 9 -1 1 -1 -1 -1 -1 -1 -1 -1\n"   // no whole number
       "1 0 -1 - 4 -1 -1 8 9 -1 1 -1 -1 -1 -1 -1 -1 -1\n"
       "1 0 -1 100000001 4 -1 -1 8 9 -1 1 -1 -1 -1 -1 -1 -1 -1\n"  // beyond the bounds
       "1 10000000001 -1 5 4 -1 -1 8 9 -1 1 -1 -1 -1 -1 -1 -1 -1\n"
       "1 0 -1 5 4 -1 -1 2147483648 9 -1 1 -1 -1 -1 -1 -1 -1 -1\n"
       "1234567890123456 0 -1 5 4 -1 -1 8 9 -1 1 -1 -1 -1 -1 -1 -1 -1\n",
       "malformed 9 from 1"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(text_of(read(row.text)), row.meaning) << row.text;
    for (const std::size_t cut : {1UL, 2UL, 7UL}) {
      EXPECT_EQ(text_of(read(row.text, cut)), row.meaning) << row.text << " cut at " << cut;
    }
  }
}

TEST(Swf, ALineBeyondTheBoundIsCountedAndTheNextIsRead) {
  const std::string good = "1 0 -1 5 4 -1 -1 8 9 -1 1 -1 -1 -1 -1 -1 -1 -1";
  const auto padded = [&](std::size_t bytes) {
    return good + std::string(bytes - good.size(), ' ') + "\n";
  };
  const std::string text = padded(limits::trace_line_bytes_max) +
                           padded(limits::trace_line_bytes_max + 1) +
                           padded(3 * limits::trace_line_bytes_max) + good;
  for (const std::size_t cut : {std::string::npos, 1'000UL, limits::trace_line_bytes_max}) {
    const Trace trace = read(text, cut);
    ASSERT_EQ(trace.jobs.size(), 2U);
    EXPECT_EQ(trace.jobs[1].line, 4U);
    EXPECT_EQ(trace.odd[0].count, 2U);
    EXPECT_EQ(trace.odd[0].first_line, 2U);
  }
}

constexpr std::string_view one_job =
    "; MaxProcs: 10\n4 10 -1 60 8 -1 -1 8 100 -1 1 3 -1 -1 2 -1 -1 -1\n";

TEST(SwfFile, PlainAndGzipOfSeveralMembersAreTheSame) {
  const Scratch scratch;
  const std::string text(one_job);
  const std::string many = [&] {
    std::string lines;
    for (int line = 0; line < 20'000; ++line) lines += text;
    return lines;
  }();
  struct Row {
    std::string name;
    std::string bytes;
    std::size_t jobs;
  };
  const Row rows[] = {
      {"plain", text, 1},
      {"gzip", gzipped(text), 1},
      {"members", gzipped(text) + gzipped("") + gzipped(text), 2},
      {"padded", gzipped(text) + std::string(600, '\0'), 1},
      {"cut in a line", gzipped(text.substr(0, 30)) + gzipped(text.substr(30)), 1},
      {"larger than a buffer", gzipped(many), 20'000},
      {"larger than a buffer, plain", many, 20'000},
  };
  for (const Row& row : rows) {
    const Result<Trace> trace = read_swf(scratch.write(row.name, row.bytes));
    ASSERT_TRUE(trace.has_value()) << row.name << ": " << trace.error().text;
    EXPECT_EQ(trace->jobs.size(), row.jobs) << row.name;
    EXPECT_EQ(trace->machine_width, 10) << row.name;
  }
}

TEST(SwfFile, WhatCannotBeReadIsRefusedWithTheReason) {
  const Scratch scratch;
  const std::string bytes = gzipped(one_job);
  std::string flipped = bytes;
  flipped[bytes.size() / 2] = static_cast<char>(flipped[bytes.size() / 2] ^ 0x55);
  struct Row {
    std::string name;
    std::string bytes;
    std::string_view words;
  };
  const Row rows[] = {
      {"empty", "", "has no line that is a job"},
      {"only a comment", "; MaxProcs: 3\n", "has no line that is a job"},
      {"ends early", bytes.substr(0, bytes.size() - 9), "ends in the middle"},
      {"ends in the head", bytes.substr(0, 5), "ends in the middle"},
      {"flipped", flipped, "is damaged"},
      {"followed by another thing", bytes + "plain", "is damaged"},
  };
  for (const Row& row : rows) {
    const Result<Trace> trace = read_swf(scratch.write(row.name, row.bytes));
    ASSERT_FALSE(trace.has_value()) << row.name;
    EXPECT_NE(trace.error().text.find(row.words), std::string::npos) << trace.error().text;
  }
  EXPECT_EQ(read_swf(scratch.folder() / "none").error().code, refusal::not_found);
  EXPECT_EQ(read_swf(scratch.folder()).error().code, refusal::unavailable) << "a folder";
}

}  // namespace
}  // namespace fabrica::traces
