#include "forecast/nodes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"
#include "forecast/schedule.h"
#include "unit/forecast/cases.h"

/// Invariant 62.
namespace fabrica::forecast {
namespace {

/// EASY on nodes by definition alone: whoever might start is put on each of its places in turn, and
/// all that runs is run ahead to see whether the head is delayed.
class NodesReference {
 public:
  NodesReference(Scheduler scheduler, std::int32_t nodes, std::int32_t gpus,
                 const std::vector<Job>& jobs)
      : scheduler_(scheduler),
        gpus_(gpus),
        jobs_(jobs),
        free_(static_cast<std::size_t>(nodes), gpus),
        starts_(jobs.size()) {}

  std::vector<Time> run() {
    for (JobIndex arrived = 0; arrived < jobs_.size() || !running_.empty();) {
      now_ = arrived < jobs_.size() ? jobs_[arrived].submit : never;
      for (const Run& run : running_) now_ = std::min(now_, end(run));
      for (const Run& run : running_) {
        if (end(run) == now_) give_back(free_, run);
      }
      std::erase_if(running_, [&](const Run& run) { return end(run) == now_; });
      while (arrived < jobs_.size() && jobs_[arrived].submit == now_) waiting_.push_back(arrived++);
      pass();
    }
    return starts_;
  }

 private:
  using Free = std::vector<std::int32_t>;
  struct Run {
    JobIndex job = 0;
    std::vector<std::size_t> nodes;
    std::int32_t gpus = 0;  // of each
  };

  Time end(const Run& run) const { return starts_[run.job] + jobs_[run.job].run; }
  Time requested_end(const Run& run) const { return starts_[run.job] + jobs_[run.job].limit; }
  static void give_back(Free& free, const Run& run) {
    for (const std::size_t node : run.nodes) free[node] += run.gpus;
  }

  // Where the job could run, the best place first.
  std::vector<Run> places(const Free& free, JobIndex job) const {
    std::vector<std::pair<std::int32_t, std::size_t>> nodes;
    for (std::size_t node = 0; node < free.size(); ++node) nodes.emplace_back(free[node], node);
    std::sort(nodes.begin(), nodes.end());
    std::vector<Run> found;
    const std::int32_t width = jobs_[job].width;
    Run whole{job, {}, gpus_};
    for (const auto& [gpus, node] : nodes) {
      if (width <= gpus_ && gpus >= width) found.push_back({job, {node}, width});
      if (width > gpus_ && gpus == gpus_) whole.nodes.push_back(node);
    }
    const auto needed = static_cast<std::size_t>((width + gpus_ - 1) / gpus_);
    if (width <= gpus_ || whole.nodes.size() < needed) return found;
    whole.nodes.resize(needed);
    return {whole};
  }

  Time shadow() const {
    Free free = free_;
    std::vector<Run> runs = running_;
    std::ranges::sort(runs, {}, [&](const Run& run) { return requested_end(run); });
    for (std::size_t at = 0; at < runs.size();) {
      const Time moment = requested_end(runs[at]);
      while (at < runs.size() && requested_end(runs[at]) == moment) give_back(free, runs[at++]);
      if (!places(free, waiting_.front()).empty()) return moment;
    }
    return never;
  }

  void begin(const Run& run) {
    starts_[run.job] = now_;
    running_.push_back(run);
    for (const std::size_t node : run.nodes) free_[node] -= run.gpus;
  }

  void pass() {
    while (!waiting_.empty()) {
      const auto found = places(free_, waiting_.front());
      if (found.empty()) break;
      begin(found.front());
      waiting_.erase(waiting_.begin());
    }
    if (waiting_.empty() || scheduler_ == Scheduler::fcfs) return;
    std::vector<JobIndex> others(waiting_.begin() + 1, waiting_.end());
    if (scheduler_ == Scheduler::sjbf) {
      std::ranges::sort(others, {}, [&](JobIndex job) { return std::pair(jobs_[job].limit, job); });
    }
    for (const JobIndex job : others) {
      const Time before = shadow();
      for (const Run& place : places(free_, job)) {
        begin(place);
        if (shadow() <= before) {
          std::erase(waiting_, job);
          break;
        }
        running_.pop_back();
        give_back(free_, place);
      }
    }
  }

  Scheduler scheduler_;
  std::int32_t gpus_;
  const std::vector<Job>& jobs_;
  Free free_;
  std::vector<Time> starts_;
  std::vector<JobIndex> waiting_;
  std::vector<Run> running_;
  Time now_;
};

Machine machine_of_nodes(std::int32_t nodes, std::int32_t gpus, Scheduler scheduler) {
  Machine machine{nodes * gpus, scheduler};
  machine.gpus_per_node = gpus;
  return machine;
}

TEST(Nodes, AgreeWithTheReferenceOnThousandsOfSmallCases) {
  struct Row {
    std::int32_t nodes;
    std::int32_t gpus;
    std::size_t jobs;
    std::int64_t gap_ms_max;
    std::int64_t limit_ms_max;
  };
  for (const Scheduler scheduler : {Scheduler::easy, Scheduler::sjbf, Scheduler::fcfs}) {
    for (const Row& row : {Row{2, 2, 8, 3, 8}, Row{3, 4, 16, 3, 12}, Row{4, 8, 30, 2, 30},
                           Row{70, 2, 80, 0, 30}, Row{5, 1, 12, 3, 12}}) {
      const Kind kind{row.jobs, row.nodes * row.gpus, row.gap_ms_max, row.limit_ms_max};
      for (std::uint64_t seed = 1; seed <= (row.nodes > 10 ? 3U : 200U); ++seed) {
        std::vector<Job> jobs = jobs_of(kind, seed);
        Random random(seed);
        for (Job& job : jobs) {
          if (random.chance(2, 3))
            job.width = static_cast<std::int32_t>(random.between(1, row.gpus));
        }
        const Machine machine = machine_of_nodes(row.nodes, row.gpus, scheduler);
        ASSERT_EQ(text_of(schedule(machine, jobs).starts),
                  text_of(NodesReference(scheduler, row.nodes, row.gpus, jobs).run()))
            << name_of(scheduler) << ", " << row.nodes << " nodes of " << row.gpus << ", seed "
            << seed << "\n"
            << (jobs.size() < 20 ? text_of(jobs) : "");
      }
    }
  }
}

// Nodes of one GPU each, or one node, are a machine that is counted.
TEST(Nodes, OfOneGpuAreProcessors) {
  const Kind kind{300, 24, 20, 2'000};
  for (const Scheduler scheduler :
       {Scheduler::easy, Scheduler::sjbf, Scheduler::fcfs, Scheduler::priority}) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      const std::vector<Job> jobs = jobs_of(kind, seed);
      const std::string counted = text_of(schedule({kind.width, scheduler}, jobs).starts);
      EXPECT_EQ(text_of(schedule(machine_of_nodes(24, 1, scheduler), jobs).starts), counted);
      EXPECT_EQ(text_of(schedule(machine_of_nodes(1, 24, scheduler), jobs).starts), counted);
    }
  }
}

// Two nodes of four. Four GPUs are free when the third comes, on no one node.
TEST(Nodes, FreeGpusOnTwoNodesAreNoPlaceForAJobOfOne) {
  const auto job = [](std::int64_t submit, std::int64_t limit, std::int32_t width) {
    return Job{Time{submit}, milliseconds(limit), milliseconds(limit), width};
  };
  const Machine nodes = machine_of_nodes(2, 4, Scheduler::easy);
  const std::vector<Job> jobs = {job(0, 10, 3), job(0, 5, 3), job(1, 9, 2), job(2, 20, 1)};
  EXPECT_EQ(text_of(schedule(nodes, jobs).starts), "0 0 5 2 ");
  EXPECT_EQ(text_of(schedule({8}, jobs).starts), "0 0 1 5 ");
  // The fullest node that fits; so a whole one is left for the wide job.
  const std::vector<Job> packed = {job(0, 9, 1), job(0, 9, 3), job(0, 9, 4)};
  EXPECT_EQ(text_of(schedule(nodes, packed).starts), "0 0 0 ");
  // Five GPUs are two whole nodes.
  const std::vector<Job> wide = {job(0, 9, 5), job(0, 9, 1)};
  EXPECT_EQ(text_of(schedule(nodes, wide).starts), "0 9 ");
}

TEST(NodesDeathTest, WhatNodesDoNotKnowIsABug) {
  const std::vector<Job> jobs = {{Time{0}, milliseconds(1), milliseconds(1), 1}};
  EXPECT_DEATH((void)schedule(machine_of_nodes(2, 4, Scheduler::conservative), jobs),
               "a scheduler that knows nodes");
  Machine machine = machine_of_nodes(2, 4, Scheduler::easy);
  machine.width = 7;
  EXPECT_DEATH((void)schedule(machine, jobs), "whole nodes");
  machine.width = 8;
  machine.order = EventOrder::textbook;
  EXPECT_DEATH((void)schedule(machine, jobs), "batched order");
}

}  // namespace
}  // namespace fabrica::forecast
