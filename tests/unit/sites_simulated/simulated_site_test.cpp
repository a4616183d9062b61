#include "sites/simulated/simulated_site.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string_view>

namespace fabrica::sites::simulated {
namespace {

using federation::PartitionId;
using jobs::JobId;
using jobs::Outcome;
using jobs::Report;
using jobs::SiteEnded;
using jobs::SiteQueued;
using jobs::SiteStarted;
using jobs::StartJob;
using jobs::StopJob;

constexpr Time morning{1'800'000'000'000};
constexpr Time evening = morning + days(365);

// One partition of two nodes with eight cores and two GPUs each.
VirtualPartition small_partition() { return {PartitionId{1}, 2, 8, 2, 1'000, false}; }

StartJob job(std::uint64_t id, std::uint32_t cores, std::uint32_t nodes = 1) {
  StartJob start;
  start.job = JobId{id};
  start.partition = PartitionId{1};
  start.request.change().name = "job";
  start.request.change().nodes = nodes;
  start.request.change().cpus_per_node = cores;
  start.request.change().time_limit = hours(1);
  return start;
}

// A site, and what it ran.
struct Watched {
  std::map<JobId, int> runs;
  SimulatedSite site;

  explicit Watched(std::uint64_t seed = 7)
      : site(seed, std::vector<VirtualPartition>{small_partition()}) {
    site.watch([this](TaskName task) { runs[task.job] += 1; });
  }

  // What is told reaches the site in the morning.
  void tell(const jobs::SiteRequest& request) {
    site.tell(request);
    site.hear(morning);
  }

  // All reports of one kind until the far future.
  template <class Kind>
  std::vector<Kind> all(Time until = evening) {
    std::vector<Kind> found;
    for (const Report& report : site.hear(until)) {
      if (const auto* one = std::get_if<Kind>(&report)) found.push_back(*one);
    }
    return found;
  }
};

// The first job from `id` on whose only task would have this fate.
std::uint64_t job_with(Outcome outcome, std::uint64_t seed, std::uint64_t id = 1) {
  while (fate_of(seed, {JobId{id}, 1, 0}, hours(1)).outcome != outcome) ++id;
  return id;
}

TEST(Fate, IsDrawnFromSeedAndNameAlone) {
  std::map<Outcome, int> outcomes;
  for (std::uint64_t id = 1; id <= 2'000; ++id) {
    const TaskName task{JobId{id}, 1, 0};
    const Fate fate = fate_of(3, task, hours(1));
    EXPECT_EQ(fate.run, fate_of(3, task, hours(1)).run);
    EXPECT_GE(fate.run.ms, 1);
    if (fate.outcome == Outcome::timeout)
      EXPECT_GE(fate.run, hours(1));
    else
      EXPECT_LT(fate.run, hours(1));
    outcomes[fate.outcome] += 1;
  }
  EXPECT_EQ(outcomes.size(), 7U);
  EXPECT_GT(outcomes[Outcome::completed], 1'000);
}

TEST(Fate, TheShortestLimitStillTakesAMillisecond) {
  EXPECT_EQ(fate_of(3, {JobId{job_with(Outcome::completed, 3)}, 1, 0}, Duration{1}).run,
            Duration{1});
}

TEST(SimulatedSite, TakesAJobOnceHoweverOftenItIsTold) {
  Watched watched;
  const std::uint64_t id = job_with(Outcome::completed, 7);
  for (int told = 0; told < 3; ++told) watched.tell(job(id, 1));
  EXPECT_EQ(watched.all<SiteQueued>().size(), 1U);
  watched.tell(job(id, 1));
  EXPECT_EQ(watched.all<SiteEnded>().size(), 1U);
  EXPECT_EQ(watched.runs.at(JobId{id}), 1);
  EXPECT_EQ(watched.site.asked(JobId{id}, 1).starts, 4U);
}

TEST(SimulatedSite, SaysAgainUntilAcknowledged) {
  Watched watched;
  watched.tell(job(job_with(Outcome::completed, 7), 1));
  const std::vector<Report> first = watched.site.hear(evening);
  EXPECT_EQ(first.size(), 3U);  // queued, started, ended
  EXPECT_EQ(watched.site.hear(evening).size(), 3U);
  watched.site.acknowledge(std::span(first).first(2));
  EXPECT_EQ(watched.all<SiteEnded>().size(), 1U);
  EXPECT_EQ(watched.site.hear(evening).size(), 1U);
  watched.site.acknowledge(first);
  EXPECT_TRUE(watched.site.hear(evening).empty());
}

TEST(SimulatedSite, NothingHappensBeforeItsTime) {
  Watched watched;
  const std::uint64_t id = job_with(Outcome::completed, 7);
  watched.site.hear(morning);
  watched.site.tell(job(id, 1));
  EXPECT_EQ(watched.site.next_event(), morning);
  EXPECT_EQ(watched.all<SiteStarted>(morning).at(0).at, morning);
  const Duration run = fate_of(7, {JobId{id}, 1, 0}, hours(1)).run;
  EXPECT_EQ(watched.site.next_event(), morning + run);
  EXPECT_TRUE(watched.all<SiteEnded>(morning + run - Duration{1}).empty());
  const std::vector<SiteEnded> ended = watched.all<SiteEnded>();
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].started, morning);
  EXPECT_EQ(ended[0].ended, morning + run);
  EXPECT_EQ(watched.site.next_event(), std::nullopt);
}

TEST(SimulatedSite, AnEarlierNowCountsAsTheLatest) {
  Watched watched;
  watched.site.hear(morning);
  watched.site.tell(job(job_with(Outcome::completed, 7), 1));
  EXPECT_EQ(watched.all<SiteStarted>(morning - days(1)).at(0).at, morning);
}

struct StopCase {
  const char* name;
  bool told_before;
  std::size_t started;
};

TEST(SimulatedSite, StopEndsWhatRunsAndNeverStartsTheRest) {
  for (const StopCase& c : {StopCase{"unknown", false, 0}, StopCase{"running", true, 1}}) {
    Watched watched;
    const std::uint64_t id = job_with(Outcome::timeout, 7);
    watched.site.hear(morning);
    if (c.told_before) watched.tell(job(id, 1));
    watched.site.hear(morning);
    watched.tell(StopJob{JobId{id}, 1, 1, {}});
    watched.tell(StopJob{JobId{id}, 1, 1, {}});
    watched.tell(job(id, 1));
    const std::vector<SiteEnded> ended = watched.all<SiteEnded>();
    ASSERT_EQ(ended.size(), 1U) << c.name;
    EXPECT_EQ(ended[0].outcome, Outcome::cancelled) << c.name;
    EXPECT_EQ(ended[0].started != Time{}, c.told_before) << c.name;
    EXPECT_LE(ended[0].ended, morning + seconds(31)) << c.name;
    EXPECT_EQ(watched.runs.size(), c.started) << c.name;
    EXPECT_EQ(watched.site.starts_after_stop(), c.told_before ? 0U : 1U) << c.name;
  }
}

TEST(SimulatedSite, AStoppedQueuedJobNeverStartsAndMakesRoom) {
  Watched watched;
  const std::uint64_t first = job_with(Outcome::completed, 7);
  const std::uint64_t second = job_with(Outcome::completed, 7, first + 1);
  const std::uint64_t third = job_with(Outcome::completed, 7, second + 1);
  watched.tell(job(first, 8));
  watched.tell(job(second, 8, 2));  // waits for both nodes
  watched.tell(job(third, 8));      // fits, and waits behind it
  EXPECT_EQ(watched.all<SiteStarted>(morning).size(), 1U);
  watched.tell(StopJob{JobId{second}, 1, 1, {}});
  EXPECT_EQ(watched.all<SiteStarted>(morning).size(), 2U);
  watched.all<SiteEnded>();
  EXPECT_FALSE(watched.runs.contains(JobId{second}));
}

TEST(SimulatedSite, AnArrayRunsOnlySoManyAtOnce) {
  Watched watched;
  StartJob start = job(1, 1);
  for (std::uint32_t i = 0; i < 10; ++i) start.request.change().array.push_back(i);
  start.request.change().array_at_once = 2;
  watched.tell(start);
  const std::vector<SiteEnded> ended = watched.all<SiteEnded>();
  ASSERT_EQ(ended.size(), 10U);
  for (const SiteEnded& one : ended) {
    const auto overlap = std::ranges::count_if(ended, [&](const SiteEnded& other) {
      return other.started <= one.started && one.started < other.ended;
    });
    if (one.started != Time{}) EXPECT_LE(overlap, 2);
  }
  EXPECT_GT(watched.site.held_back_by_array(), 0U);
}

TEST(SimulatedSite, RefusesWhatCanNeverRun) {
  StartJob elsewhere = job(1, 1);
  elsewhere.partition = PartitionId{9};
  StartJob greedy = job(2, 1);
  greedy.request.change().gpus_per_node = 3;
  greedy.request.change().array = {1, 2};
  for (const auto& [start, tasks] : {std::pair(elsewhere, 1U), std::pair(greedy, 2U),
                                     std::pair(job(3, 9), 1U), std::pair(job(4, 1, 3), 1U)}) {
    Watched watched;
    watched.tell(start);
    const std::vector<SiteEnded> ended = watched.all<SiteEnded>();
    ASSERT_EQ(ended.size(), tasks);
    for (const SiteEnded& one : ended) {
      EXPECT_EQ(one.outcome, Outcome::refused);
      EXPECT_EQ(one.started, Time{});
    }
    EXPECT_TRUE(watched.runs.empty());
  }
}

TEST(SimulatedSite, NeverRunsMoreThanItsNodesHold) {
  Watched watched;
  for (std::uint64_t id = 1; id <= 60; ++id) {
    watched.tell(
        job(id, 1 + static_cast<std::uint32_t>(id % 8), 1 + static_cast<std::uint32_t>(id % 2)));
  }
  const std::vector<SiteEnded> ended = watched.all<SiteEnded>();
  ASSERT_EQ(ended.size(), 60U);
  for (const SiteEnded& at : ended) {
    std::uint64_t cores = 0;
    for (const SiteEnded& other : ended) {
      const bool running =
          other.started != Time{} && other.started <= at.started && at.started < other.ended;
      if (running) cores += (1 + other.job.value % 8) * (1 + other.job.value % 2);
    }
    EXPECT_LE(cores, 16U);
  }
}

TEST(SimulatedSite, ASiteBuiltAnewGoesOnWithWhatStateKnows) {
  const std::uint64_t running = job_with(Outcome::completed, 7);
  const std::uint64_t queued = job_with(Outcome::completed, 7, running + 1);
  jobs::State state;
  for (const std::uint64_t id : {running, queued}) {
    jobs::Job known;
    known.site = federation::SiteId{1};
    known.partition = PartitionId{1};
    known.phase = id == running ? jobs::JobPhase::running : jobs::JobPhase::queued;
    known.request = job(id, 8).request;
    known.tasks.resize(1);
    if (id == running) known.tasks[0].started = morning;
    state.jobs.insert(JobId{id}, known);
  }
  Watched watched;
  watched.site.hear(morning + seconds(1));
  watched.site.adopt(state, federation::SiteId{1});
  watched.site.tell(job(running, 8));  // told again: known
  std::map<JobId, SiteEnded> ended;
  for (const SiteEnded& one : watched.all<SiteEnded>()) ended.emplace(one.job, one);
  ASSERT_EQ(ended.size(), 2U);
  const Duration run = fate_of(7, {JobId{running}, 1, 0}, hours(1)).run;
  EXPECT_EQ(ended.at(JobId{running}).started, morning);
  EXPECT_EQ(ended.at(JobId{running}).ended, morning + run);
  EXPECT_EQ(ended.at(JobId{queued}).started, morning + seconds(1));
  EXPECT_EQ(watched.runs.size(), 1U);  // only the queued one began here
}

// Each letter is a task as State knows it: q queued, r running, e ended.
TEST(SimulatedSite, AnAdoptedArrayRunsWhatIsQueuedAndEndsEachTaskThatHasNotEnded) {
  for (const std::string_view known : {"qqq", "rqe", "erq", "qre", "eqr", "rrr", "qer", "eee"}) {
    jobs::Job array;
    array.site = federation::SiteId{1};
    array.partition = PartitionId{1};
    array.phase = jobs::JobPhase::running;
    array.request = job(1, 1).request;
    array.request.change().array = {0, 1, 2};
    array.request.change().array_at_once = 1;
    array.tasks.resize(3);
    for (std::size_t i = 0; i < known.size(); ++i) {
      if (known[i] == 'r') array.tasks[i].started = morning;
      if (known[i] == 'e') array.tasks[i].outcome = Outcome::completed;
    }
    jobs::State state;
    state.jobs.insert(JobId{1}, array);
    Watched watched;
    watched.site.hear(morning);
    watched.site.adopt(state, federation::SiteId{1});
    const std::size_t ended = watched.all<SiteEnded>().size();
    EXPECT_EQ(ended, 3U - static_cast<std::size_t>(std::ranges::count(known, 'e'))) << known;
    EXPECT_LE(watched.runs[JobId{1}], std::ranges::count(known, 'q')) << known;
    EXPECT_EQ(watched.site.next_event(), std::nullopt) << known;
  }
}

TEST(PartitionsOf, TakesTheSitesOwnAndIsGenerousWithTheUnknown) {
  federation::State state;
  federation::Partition mine;
  mine.site = federation::SiteId{1};
  mine.gpus_per_node_scheduled = 4;
  federation::Partition other = mine;
  other.site = federation::SiteId{2};
  state.partitions.insert(PartitionId{1}, mine);
  state.partitions.insert(PartitionId{2}, other);
  const std::vector<VirtualPartition> partitions = partitions_of(state, federation::SiteId{1});
  ASSERT_EQ(partitions.size(), 1U);
  EXPECT_EQ(partitions[0].nodes, 16U);
  EXPECT_EQ(partitions[0].gpus_per_node, 4U);
  Machines machines(partitions[0]);
  EXPECT_TRUE(machines.could_run(job(1, 1'000'000).request));
}

}  // namespace
}  // namespace fabrica::sites::simulated
