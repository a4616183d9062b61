#include "forecast/schedule.h"

#include <gtest/gtest.h>

#include "unit/forecast/cases.h"
#include "unit/forecast/reference.h"

/// Invariants 40 to 44.
namespace fabrica::forecast {
namespace {

constexpr EventOrder orders[] = {EventOrder::batched, EventOrder::textbook};

std::string name_of_run(const Machine& machine) {
  return fmt::format("{} on {}, {}, depth {}", name_of(machine.scheduler), machine.width,
                     machine.order == EventOrder::batched ? "batched" : "textbook", machine.depth);
}

// Stops at the first difference: what follows from it says nothing.
void expect_as_reference(const Machine& machine, const Kind& kind, std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const std::vector<Job> jobs = jobs_of(kind, seed);
    const Schedule made = schedule(machine, jobs);
    const Schedule wanted = reference_schedule(machine, jobs);
    ASSERT_EQ(text_of(made.starts), text_of(wanted.starts))
        << name_of_run(machine) << ", seed " << seed << "\n"
        << (jobs.size() < 20 ? text_of(jobs) : "");
  }
}

TEST(Schedule, AgreesWithTheReferenceOnThousandsOfSmallCases) {
  for (const Scheduler scheduler : schedulers) {
    for (const EventOrder order : orders) {
      for (const Kind& kind : {Kind{6, 3, 3, 6}, Kind{12, 4, 4, 12}, Kind{14, 16, 2, 20}}) {
        expect_as_reference({kind.width, scheduler, order}, kind, 125);
      }
    }
  }
}

TEST(Schedule, AgreesWithTheReferenceOnDeepQueues) {
  for (const Scheduler scheduler : schedulers) {
    for (const EventOrder order : orders) {
      const std::size_t count = scheduler == Scheduler::conservative ? 50 : 200;
      expect_as_reference({40, scheduler, order}, {count, 40, 3, 3'000}, 2);
    }
  }
}

TEST(Schedule, ABoundOnDepthIsThatOfTheReference) {
  for (const std::size_t depth : {0UL, 1UL, 3UL}) {
    for (const EventOrder order : orders) {
      expect_as_reference({8, Scheduler::conservative, order, depth}, {14, 8, 2, 20}, 60);
    }
  }
}

struct Change {
  Time at;
  std::int32_t by = 0;
};

std::int32_t most_in_use(const std::vector<Job>& jobs, const std::vector<Time>& starts) {
  std::vector<Change> changes;
  for (std::size_t job = 0; job < jobs.size(); ++job) {
    changes.push_back({starts[job], jobs[job].width});
    changes.push_back({starts[job] + jobs[job].run, -jobs[job].width});
  }
  std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) {
    return a.at != b.at ? a.at < b.at : a.by < b.by;
  });
  std::int32_t used = 0;
  std::int32_t most = 0;
  for (const Change& change : changes) most = std::max(most, used += change.by);
  return most;
}

TEST(Schedule, NeverUsesMoreThanThereIsAndStartsNobodyBeforeHisSubmit) {
  const Kind kind{1'000, 128, 40, 5'000};
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    const std::vector<Job> jobs = jobs_of(kind, seed);
    for (const Scheduler scheduler : schedulers) {
      for (const EventOrder order : orders) {
        const Machine machine{kind.width, scheduler, order, 50};
        const Schedule made = schedule(machine, jobs);
        EXPECT_LE(most_in_use(jobs, made.starts), kind.width) << name_of_run(machine);
        for (std::size_t job = 0; job < jobs.size(); ++job) {
          ASSERT_GE(made.starts[job], jobs[job].submit) << name_of_run(machine);
        }
        EXPECT_EQ(digest_of(made), digest_of(schedule(machine, jobs))) << name_of_run(machine);
      }
    }
  }
}

// When the head could start, seen from the moment at which it became the head: what had started
// before, and heads that started at that moment, run to their requested ends.
Time first_shadow(const std::vector<Job>& jobs, const std::vector<Time>& starts, std::size_t head,
                  Time since, std::int32_t width) {
  std::vector<Change> ends;
  std::int32_t free = width;
  for (std::size_t job = 0; job < jobs.size(); ++job) {
    const bool runs = starts[job] < since ? starts[job] + jobs[job].run > since
                                          : starts[job] == since && job < head;
    if (!runs) continue;
    free -= jobs[job].width;
    ends.push_back({starts[job] + jobs[job].limit, jobs[job].width});
  }
  std::sort(ends.begin(), ends.end(), [](const Change& a, const Change& b) { return a.at < b.at; });
  Time shadow = since;
  for (const Change& end : ends) {
    if (free >= jobs[head].width) break;
    free += end.by;
    shadow = end.at;
  }
  return shadow;
}

TEST(Schedule, EasyNeverDelaysTheHeadBeyondItsFirstShadowTime) {
  const Kind kind{300, 64, 30, 4'000};
  for (const Scheduler scheduler : {Scheduler::easy, Scheduler::sjbf}) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      const std::vector<Job> jobs = jobs_of(kind, seed);
      const std::vector<Time> starts = schedule({kind.width, scheduler}, jobs).starts;
      Time since;
      for (std::size_t job = 0; job < jobs.size(); ++job) {
        since = std::max(since, jobs[job].submit);
        ASSERT_LE(starts[job], first_shadow(jobs, starts, job, since, kind.width))
            << "job " << job << ", seed " << seed;
        since = std::max(since, starts[job]);
      }
    }
  }
}

TEST(Schedule, FcfsStartsNobodyLaterOnAMachineTwiceAsWide) {
  const Kind kind{1'000, 48, 30, 2'000};
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const std::vector<Job> jobs = jobs_of(kind, seed);
    const Schedule narrow = schedule({kind.width, Scheduler::fcfs}, jobs);
    const Schedule wide = schedule({2 * kind.width, Scheduler::fcfs}, jobs);
    for (std::size_t job = 0; job < jobs.size(); ++job) {
      ASSERT_LE(wide.starts[job], narrow.starts[job]) << "seed " << seed;
    }
  }
}

// At 10 an arrival that does not fit comes before two ends, one of them early. A pass after it
// would give what is free by then to the fourth job, and the third would wait until 20.
TEST(Schedule, InTextbookOrderAnArrivalThatDoesNotFitMakesNoPass) {
  const std::vector<Job> jobs = {{Time{0}, milliseconds(10), milliseconds(20), 5},
                                 {Time{0}, milliseconds(10), milliseconds(10), 2},
                                 {Time{1}, milliseconds(5), milliseconds(5), 8},
                                 {Time{2}, milliseconds(10), milliseconds(10), 5},
                                 {Time{10}, milliseconds(1), milliseconds(1), 10}};
  const Machine machine{10, Scheduler::easy, EventOrder::textbook};
  EXPECT_EQ(text_of(schedule(machine, jobs).starts), "0 0 10 15 25 ");
  EXPECT_EQ(text_of(reference_schedule(machine, jobs).starts), "0 0 10 15 25 ");
}

TEST(Schedule, NoJobsAreASchedule) {
  for (const Scheduler scheduler : schedulers) {
    EXPECT_TRUE(schedule({4, scheduler}, {}).starts.empty());
  }
}

TEST(ScheduleDeathTest, JobsThatNoMachineCouldRunAreABug) {
  const Job good{Time{5}, milliseconds(1), milliseconds(2), 4};
  const auto with = [&](auto change) {
    Job job = good;
    change(job);
    return std::vector<Job>{good, job};
  };
  const std::vector<std::vector<Job>> wrong = {with([](Job& job) { job.submit = Time{4}; }),
                                               with([](Job& job) { job.width = 5; }),
                                               with([](Job& job) { job.width = 0; }),
                                               with([](Job& job) { job.limit = {}; }),
                                               with([](Job& job) { job.run = milliseconds(3); }),
                                               with([](Job& job) { job.run = milliseconds(-1); })};
  for (const std::vector<Job>& jobs : wrong) {
    EXPECT_DEATH((void)schedule({4}, jobs), "jobs are sorted by submit time") << text_of(jobs);
  }
}

}  // namespace
}  // namespace fabrica::forecast
