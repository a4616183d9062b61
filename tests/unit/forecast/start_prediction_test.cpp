#include "forecast/start_prediction.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"
#include "forecast/run_time_model.h"
#include "forecast/schedule.h"
#include "forecast/wait_calibration.h"
#include "unit/forecast/cases.h"

/// Invariants 50 to 53.
namespace fabrica::forecast {
namespace {

constexpr RunTimeSource sources[] = {RunTimeSource::limits, RunTimeSource::last_two,
                                     RunTimeSource::learned};

Job job_of(std::uint32_t user, Duration limit, Duration run) {
  Job job;
  job.user = user;
  job.limit = limit;
  job.run = run;
  return job;
}

struct Expectation {
  std::string what;
  std::vector<Job> ended;
  Job asked;
  Duration elapsed;
  std::int64_t last_two_s;
  std::int64_t learned_s;
};

TEST(RunTimeModels, WhatTheyExpect) {
  const auto of = [](std::uint32_t user, std::int64_t limit_s, std::int64_t run_s) {
    return job_of(user, seconds(limit_s), seconds(run_s));
  };
  const Expectation rows[] = {
      {"nothing is known", {}, of(1, 900, 0), {}, 900, 900},
      {"its user's with that limit",
       {of(1, 900, 300), of(1, 600, 50)},
       of(1, 900, 0),
       {},
       175,
       300},
      {"its user's", {of(1, 600, 100), of(2, 900, 500)}, of(1, 900, 0), {}, 100, 100},
      {"anybody's with that limit", {of(2, 900, 500)}, of(1, 900, 0), {}, 900, 500},
      {"the last five of them",
       {of(1, 900, 800), of(1, 900, 100), of(1, 900, 100), of(1, 900, 100), of(1, 900, 200),
        of(1, 900, 300)},
       of(1, 900, 0),
       {},
       250,
       160},
      {"those that ran longer",
       {of(1, 900, 100), of(1, 900, 500), of(1, 900, 200)},
       of(1, 900, 0),
       seconds(200),
       350,
       500},
      {"not more than the limit", {of(1, 900, 800)}, of(1, 600, 0), {}, 600, 600},
      {"overrun by little: a minute more",
       {of(1, 900, 100)},
       of(1, 900, 0),
       seconds(100),
       160,
       160},
      {"half as long again", {of(1, 900, 100)}, of(1, 900, 0), seconds(400), 600, 600},
      {"at most the limit", {of(1, 900, 100)}, of(1, 900, 0), seconds(800), 900, 900},
  };
  for (const Expectation& row : rows) {
    const auto last_two = run_time_model(RunTimeSource::last_two);
    const auto learned = run_time_model(RunTimeSource::learned);
    for (const Job& job : row.ended) {
      last_two->ended(job);
      learned->ended(job);
    }
    EXPECT_EQ(last_two->expected(row.asked, row.elapsed), seconds(row.last_two_s)) << row.what;
    EXPECT_EQ(learned->expected(row.asked, row.elapsed), seconds(row.learned_s)) << row.what;
    EXPECT_EQ(run_time_model(RunTimeSource::limits)->expected(row.asked, row.elapsed),
              row.asked.limit)
        << row.what;
  }
}

TEST(RunTimeModels, ExpectMoreThanHasRunWhateverTheyHaveSeen) {
  Random random(1);
  for (const RunTimeSource source : sources) {
    const auto model = run_time_model(source);
    for (int step = 0; step < 5'000; ++step) {
      const Duration limit = milliseconds(random.between(1, 50));
      const Job job = job_of(static_cast<std::uint32_t>(random.below(4)), limit,
                             milliseconds(random.between(0, limit.ms)));
      const Duration elapsed = milliseconds(random.between(0, limit.ms - 1));
      const Duration expected = model->expected(job, elapsed);
      ASSERT_GT(expected, elapsed) << name_of(source);
      ASSERT_LE(expected, limit) << name_of(source);
      model->ended(job);
    }
  }
}

std::string text_of(const std::vector<StartPrediction>& predictions) {
  std::string text;
  for (const StartPrediction& said : predictions) {
    text += fmt::format("{}: {} {} {}\n", said.job, said.p10.ms, said.p50.ms, said.p90.ms);
  }
  return text;
}

std::string middles_of(const Machine& machine, const std::vector<Job>& jobs, RunTimeSource source) {
  std::string text;
  for (const StartPrediction& said : predicted_schedule(machine, jobs, source).predictions) {
    text += fmt::format("{}:{} ", said.job, said.p50.ms / 1'000);
  }
  return text;
}

// In seconds, on a machine of 4. Job 0 takes all of it until 100, of its 1,000. Jobs 1 and 2 are as
// wide and are told that they wait for limits of those before them, since nobody has ended yet. At
// 110 job 1 runs, and job 3 knows by then that its user's jobs last 100: job 1, which began at 100,
// until 200 and job 2 until 300. Job 4 is narrow and short, but there is no room for it. It comes
// when job 1 has run for 150, so that this one is expected to end at 100 + 225 by now.
TEST(StartPrediction, OfAHandfulOfJobs) {
  const auto job = [](std::int64_t submit_s, std::int64_t run_s, std::int64_t limit_s,
                      std::int32_t width) {
    return Job{Time{submit_s * 1'000}, seconds(run_s), seconds(limit_s), width, 1};
  };
  const std::vector<Job> jobs = {job(0, 100, 1'000, 4), job(10, 400, 1'000, 4),
                                 job(20, 100, 1'000, 4), job(110, 100, 1'000, 4),
                                 job(250, 10, 50, 1)};
  EXPECT_EQ(middles_of({4}, jobs, RunTimeSource::limits), "1:1000 2:2000 3:2100 4:3100 ");
  EXPECT_EQ(middles_of({4}, jobs, RunTimeSource::last_two), "1:1000 2:2000 3:300 4:525 ");
  EXPECT_EQ(middles_of({4}, jobs, RunTimeSource::learned), "1:1000 2:2000 3:300 4:525 ");
}

std::vector<Job> jobs_of_users(const Kind& kind, std::uint64_t seed) {
  std::vector<Job> jobs = jobs_of(kind, seed);
  Random random(seed);
  for (Job& job : jobs) job.user = static_cast<std::uint32_t>(random.below(5));
  return jobs;
}

constexpr Kind kinds[] = {{60, 4, 4, 12}, {120, 40, 3, 300}, {150, 64, 30'000, 4'000'000}};

TEST(StartPrediction, OfThoseThatWaitAlongTheScheduleAsItIs) {
  for (const Kind& kind : kinds) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      const std::vector<Job> jobs = jobs_of_users(kind, seed);
      const Schedule plain = schedule({kind.width}, jobs);
      for (const RunTimeSource source : sources) {
        const PredictedSchedule made = predicted_schedule({kind.width}, jobs, source);
        ASSERT_EQ(made.schedule.starts, plain.starts) << name_of(source);
        ASSERT_EQ(made.schedule.waiting_max, plain.waiting_max) << name_of(source);
        std::size_t waited = 0;
        for (std::size_t job = 0; job < jobs.size(); ++job) {
          if (plain.starts[job] == jobs[job].submit) continue;
          while (made.predictions.at(waited).job < job) waited += 1;  // ended up without a wait
          ASSERT_EQ(made.predictions[waited].job, job);
        }
        for (const StartPrediction& said : made.predictions) {
          ASSERT_LE(jobs[said.job].submit, said.p10) << name_of(source);
          ASSERT_LE(said.p10, said.p50) << name_of(source);
          ASSERT_LE(said.p50, said.p90) << name_of(source);
        }
      }
    }
  }
}

// After the cut, other jobs come, and whoever runs then or waits runs otherwise long.
std::vector<Job> with_another_future(const std::vector<Job>& jobs, const std::vector<Time>& starts,
                                     Time cut, Random& random) {
  std::vector<Job> changed = jobs;
  for (std::size_t at = 0; at < changed.size(); ++at) {
    Job& job = changed[at];
    if (job.submit > cut) {
      job.width = static_cast<std::int32_t>(random.between(1, job.width));
      job.limit = milliseconds(random.between(1, 2 * job.limit.ms));
      job.user = static_cast<std::uint32_t>(random.below(5));
    }
    if (starts[at] + job.run <= cut) continue;
    const std::int64_t least = starts[at] <= cut ? (cut - starts[at]).ms + 1 : 0;
    job.run = milliseconds(random.between(std::min(least, job.limit.ms), job.limit.ms));
  }
  return changed;
}

TEST(StartPrediction, UsesNothingFromTheFuture) {
  Random random(7);
  for (const Kind& kind : kinds) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      const std::vector<Job> jobs = jobs_of_users(kind, seed);
      const Time cut = jobs[random.below(jobs.size())].submit;
      const std::vector<Time> starts = schedule({kind.width}, jobs).starts;
      const std::vector<Job> changed = with_another_future(jobs, starts, cut, random);
      const auto until_cut = [&](const std::vector<Job>& list, RunTimeSource source) {
        auto said = predicted_schedule({kind.width}, list, source).predictions;
        std::erase_if(said, [&](const auto& one) { return jobs[one.job].submit > cut; });
        return text_of(said);
      };
      for (const RunTimeSource source : sources) {
        ASSERT_EQ(until_cut(jobs, source), until_cut(changed, source))
            << name_of(source) << ", seed " << seed;
      }
    }
  }
}

TEST(StartPrediction, IsExactForTheLastArrivalWhereEverybodyRunsToTheLimit) {
  std::size_t checked = 0;
  for (const Kind& kind : kinds) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      std::vector<Job> jobs = jobs_of_users(kind, seed);
      for (Job& job : jobs) job.run = job.limit;
      const PredictedSchedule made = predicted_schedule({kind.width}, jobs, RunTimeSource::limits);
      if (made.predictions.empty() || made.predictions.back().job + 1 != jobs.size()) continue;
      ASSERT_EQ(made.predictions.back().p50, made.schedule.starts.back()) << "seed " << seed;
      checked += 1;
    }
  }
  EXPECT_GT(checked, 20U);
}

TEST(StartPredictionDeathTest, OnlyEasyInBatchedOrder) {
  const std::vector<Job> jobs = {Job{Time{0}, seconds(1), seconds(1), 1, 1}};
  EXPECT_DEATH((void)predicted_schedule({1, Scheduler::fcfs}, jobs, RunTimeSource::limits),
               "under EASY");
  EXPECT_DEATH((void)predicted_schedule({1, Scheduler::easy, EventOrder::textbook}, jobs,
                                        RunTimeSource::limits),
               "batched order");
}

std::string text_of(const WaitRange& range) {
  return fmt::format("{} to {}", range.least.ms / 1'000, range.most.ms / 1'000);
}

// With a minute added to both, 540 s were predicted as 600 and turned out to be 60, 120, … 1,200;
// rounded down.
TEST(WaitCalibration, IsTheMiddleEightTenthsOfWhatWasSeen) {
  WaitCalibration calibration;
  EXPECT_EQ(text_of(calibration.range(seconds(540))), "90 to 2340");
  for (int seen = 0; seen < 15; ++seen) calibration.started(seconds(540), seconds(540));
  EXPECT_EQ(text_of(calibration.range(seconds(540))), "90 to 2340");
  for (int seen = 0; seen < 985; ++seen) calibration.started(seconds(540), seconds(540));
  EXPECT_EQ(text_of(calibration.range(seconds(540))), "540 to 540");
  for (int seen = 0; seen < 1'000; ++seen) {
    calibration.started(seconds(540), seconds(60 * (seen % 20)));
  }
  EXPECT_EQ(text_of(calibration.range(seconds(540))), "59 to 1079");
  EXPECT_EQ(text_of(calibration.range(hours(10))), "8955 to 144180");  // another bucket
}

TEST(WaitCalibration, KeepsTheLongestWaitsWithinBounds) {
  WaitCalibration calibration;
  for (int seen = 0; seen < 100; ++seen) calibration.started({}, days(300'000));
  EXPECT_LE(calibration.range({}).most, days(366'000));
  EXPECT_GE(calibration.range({}).most, days(40));
  EXPECT_EQ(calibration.range(days(400'000)).most, days(400'000));
}

TEST(WaitCalibration, CoversEightTenthsOfWhatFollowsTheSameLaw) {
  Random random(3);
  WaitCalibration calibration;
  int covered = 0;
  constexpr int waits = 20'000;
  for (int seen = 0; seen < waits; ++seen) {
    const Duration predicted = seconds(random.between(0, 100'000));
    const Duration actual = milliseconds(predicted.ms * random.between(0, 3'000) / 1'000);
    const WaitRange range = calibration.range(predicted);
    covered += range.least <= actual && actual <= range.most ? 1 : 0;
    calibration.started(predicted, actual);
  }
  EXPECT_NEAR(covered, waits * 8 / 10, waits / 100);
}

}  // namespace
}  // namespace fabrica::forecast
