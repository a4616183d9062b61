#include "simulate/replay.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "traces/swf.h"
#include "unit/traces/scratch.h"

namespace fabrica::simulate {
namespace {

using forecast::EventOrder;
using forecast::Scheduler;

TEST(Replay, ScalesAreDecimals) {
  struct Row {
    std::string_view text;
    std::int64_t times;
    std::int64_t over;  // 0: refused
  };
  for (const Row& row :
       {Row{"1", 1, 1}, Row{"1.5", 15, 10}, Row{".25", 25, 100}, Row{"1000", 1'000, 1},
        Row{"0.001", 1, 1'000}, Row{"2.", 2, 1}, Row{"0.000001", 0, 0}, Row{"1001", 0, 0},
        Row{"", 0, 0}, Row{".", 0, 0}, Row{"-1", 0, 0}, Row{"1e3", 0, 0}, Row{"1.2.3", 0, 0},
        Row{"0", 0, 0}, Row{"1.0000001", 0, 0}, Row{"99999999999999999999", 0, 0}}) {
    const Result<Scale> scale = parse_scale(row.text);
    EXPECT_EQ(scale.has_value(), row.over != 0) << row.text;
    if (!scale || row.over == 0) continue;
    EXPECT_EQ(scale->times, row.times) << row.text;
    EXPECT_EQ(scale->over, row.over) << row.text;
  }
}

traces::Trace small_trace() {
  traces::Trace trace;
  trace.machine_width = 8;
  trace.jobs = {{0, 10, 20, 1, 8, 7, 1, 2}, {5, 0, 30, 2, 9, 7, 1, 3}, {5, 5, 40, 3, 4, -1, 1, 4}};
  return trace;
}

TEST(Replay, WhatIsWiderThanTheMachineIsLeftOutAndCounted) {
  struct Row {
    std::int32_t width;
    std::size_t jobs;
    std::uint64_t wider;
    std::uint64_t first_line;
  };
  for (const Row& row : {Row{0, 2, 1, 3}, Row{9, 3, 0, 0}, Row{4, 1, 2, 2}}) {
    traces::Trace trace = small_trace();
    const Workload workload = *workload_of(trace, {row.width, {}, false});
    EXPECT_EQ(workload.jobs.size(), row.jobs);
    EXPECT_EQ(trace.jobs.size(), row.jobs);
    const traces::OddLines& odd =
        trace.odd[static_cast<std::size_t>(traces::Oddity::wider_than_machine)];
    EXPECT_EQ(odd.count, row.wider);
    EXPECT_EQ(odd.first_line, row.first_line);
  }
  traces::Trace trace = small_trace();
  EXPECT_FALSE(workload_of(trace, {3, {}, false}).has_value()) << "nothing is left";
  trace = small_trace();
  trace.machine_width = 0;
  EXPECT_EQ(workload_of(trace, {}).error().field, "procs");
}

TEST(Replay, ScaleAndPerfectLimitsChangeTheJobs) {
  traces::Trace trace = small_trace();
  const Workload workload = *workload_of(trace, {9, {2, 1}, true});
  EXPECT_EQ(workload.jobs[1].submit, Time{} + seconds(2)) << "whole seconds";
  EXPECT_EQ(workload.jobs[0].limit, seconds(10));
  EXPECT_EQ(workload.jobs[1].limit, seconds(1)) << "a limit is at least a second";
}

TEST(Replay, OverSitesTheWidestCountsAndALoadMovesTheArrivals) {
  struct Row {
    std::vector<std::int32_t> sites;
    Scale load;
    std::size_t first;
    std::size_t jobs;            // 0: refused
    std::int64_t last_submit_s;  // all work is 100 s; one job alone stays
  };
  for (const Row& row :
       {Row{{9, 1}, {1, 1}, 9, 3, 100 / 10}, Row{{9, 1}, {1, 2}, 9, 3, 2 * 100 / 10},
        Row{{2, 8}, {5, 10}, 9, 2, 2 * 100 / 10}, Row{{9, 9}, {1, 1}, 1, 1, 0},
        Row{{4}, {1, 1}, 9, 1, 5}, Row{{9, 0}, {1, 1}, 9, 0, 0}, Row{{3, 3}, {1, 1}, 9, 0, 0},
        Row{{2'000'000'000, 2'000'000'000}, {1, 1}, 9, 0, 0}}) {
    traces::Trace trace = small_trace();
    const auto workload = workload_of(trace, {0, {}, false, row.sites, row.load, row.first});
    ASSERT_EQ(workload.has_value(), row.jobs != 0) << row.sites[0];
    if (!workload) continue;
    EXPECT_EQ(workload->jobs.size(), row.jobs) << row.sites[0];
    EXPECT_EQ(trace.jobs.size(), row.jobs) << row.sites[0];
    EXPECT_EQ(workload->jobs.back().submit, Time{} + seconds(row.last_submit_s)) << row.sites[0];
  }
}

TEST(Replay, TheWidestTenthIsAtLeastAsWideAsTheJobAtNineTenths) {
  Workload workload;
  workload.machine_width = 100;
  std::vector<Time> starts;
  for (std::int32_t width = 1; width <= 20; ++width) {
    workload.jobs.push_back({Time{}, seconds(1), seconds(1), width});
    starts.push_back(Time{} + seconds(width));
  }
  EXPECT_DOUBLE_EQ(measure(workload, starts).wide_wait_mean_s, (19 + 20) / 2.0);
  workload.jobs[0].width = 19;
  EXPECT_DOUBLE_EQ(measure(workload, starts).wide_wait_mean_s, (1 + 19 + 20) / 3.0);
}

TEST(Replay, MeasuresOfAScheduleByHand) {
  Workload workload{10,
                    {{Time{} + seconds(100), seconds(5), seconds(50), 4},
                     {Time{} + seconds(100), seconds(20), seconds(20), 10}}};
  const std::vector<Time> starts = {Time{} + seconds(100), Time{} + seconds(105)};
  const Measures measures = measure(workload, starts);
  EXPECT_EQ(measures.jobs, 2U);
  EXPECT_DOUBLE_EQ(measures.wait_mean_s, 2.5);
  EXPECT_DOUBLE_EQ(measures.bounded_slowdown_mean, (1.0 + 25.0 / 20.0) / 2);
  EXPECT_EQ(measures.makespan_s, 25);
  EXPECT_DOUBLE_EQ(measures.utilisation, (4 * 5 + 10 * 20) / (25.0 * 10));
}

TEST(Replay, AScheduleThatIsWrittenReadsBackAsATrace) {
  const traces::Scratch scratch;
  traces::Trace trace = *traces::read_swf("tests/traces/made.swf.gz");
  const Workload workload = *workload_of(trace, {});
  const auto starts = forecast::schedule({workload.machine_width}, workload.jobs).starts;
  const auto path = scratch.folder() / "out.swf";
  ASSERT_TRUE(write_schedule(path, trace, workload, {starts}, "easy").has_value());
  const traces::Trace again = *traces::read_swf(path);
  ASSERT_EQ(again.jobs.size(), trace.jobs.size());
  EXPECT_EQ(again.machine_width, workload.machine_width);
  for (std::size_t at = 0; at < trace.jobs.size(); ++at) {
    const traces::Job& a = trace.jobs[at];
    const traces::Job& b = again.jobs[at];
    ASSERT_TRUE(a.number == b.number && a.submit_s == b.submit_s && a.run_s == b.run_s &&
                a.requested_s == b.requested_s && a.width == b.width && a.user == b.user)
        << "job " << a.number;
  }
  const std::string text = traces::bytes_of(path);
  const std::size_t third = text.find("\n3 ") + 1;
  EXPECT_EQ(text.substr(third, text.find(' ', text.find(' ', third + 2) + 1) - third),
            fmt::format("3 {} {}", trace.jobs[2].submit_s,
                        (starts[2] - workload.jobs[2].submit).ms / 1'000));
  EXPECT_EQ(write_schedule(scratch.folder(), trace, workload, {starts}, "").error().code,
            refusal::unavailable);
}

// The project's own trace, a machine of 64 with more work than it can do for a fortnight. What a
// change of these numbers means is that schedules have changed.
TEST(Replay, SchedulesOfTheMadeTraceStayWhatTheyAre) {
  struct Row {
    Scheduler scheduler;
    EventOrder order;
    std::string_view measures;
    std::size_t waiting_max;
    std::string_view digest;
  };
  const Row rows[] = {
      {Scheduler::easy, EventOrder::batched, "120491.740 / 825.037", 798,
       "e162af4ffbe55f366887fef162b04eb2"},
      {Scheduler::sjbf, EventOrder::batched, "180496.654 / 1223.131", 873,
       "cb2c387629fa05bbfacbd890f5760387"},
      {Scheduler::conservative, EventOrder::batched, "101127.462 / 433.259", 685,
       "2b6ab09c95fc6de6ef07b079572b14b6"},
      {Scheduler::fcfs, EventOrder::batched, "1095744.188 / 13963.035", 3104,
       "54c60959f42505c868696bb63a06c626"},
      {Scheduler::easy, EventOrder::textbook, "122210.027 / 829.080", 793,
       "5d5aec8782df19c57c697ab4634bb9b6"},
      {Scheduler::sjbf, EventOrder::textbook, "179159.275 / 1214.427", 884,
       "9434becf21d4f5d832ff8fb19e857752"},
      {Scheduler::conservative, EventOrder::textbook, "93899.825 / 410.904", 707,
       "c06ab8a0aa5789a7cfa09aa61a5e72d3"},
      {Scheduler::fcfs, EventOrder::textbook, "1095744.188 / 13963.035", 3104,
       "54c60959f42505c868696bb63a06c626"},
  };
  traces::Trace trace = *traces::read_swf("tests/traces/made.swf.gz");
  const Workload workload = *workload_of(trace, {});
  for (const Row& row : rows) {
    const forecast::Schedule made =
        forecast::schedule({workload.machine_width, row.scheduler, row.order}, workload.jobs);
    const Measures measures = measure(workload, made.starts);
    EXPECT_EQ(fmt::format("{:.3f} / {:.3f}", measures.wait_mean_s, measures.bounded_slowdown_mean),
              row.measures);
    EXPECT_EQ(made.waiting_max, row.waiting_max);
    EXPECT_EQ(to_string(forecast::digest_of(made)), row.digest);
  }
}

}  // namespace
}  // namespace fabrica::simulate
