#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "simulate/replay.h"
#include "traces/swf.h"
#include "traces/text_source.h"
#include "unit/simulate/trace_files.h"

/// Invariant 47: on four well-known traces every wait is that of the schedule that PySS published,
/// to the second, and the measures of the other schedulers are those of an independent
/// implementation. Where the traces are absent the result says so.
namespace fabrica::simulate {
namespace {

using forecast::EventOrder;
using forecast::Scheduler;

struct Replayed {
  traces::Trace trace;
  Workload workload;
};

Replayed replayed(const std::string& name, bool perfect_limits = false) {
  Result<traces::Trace> trace = traces::read_swf(trace_file(name));
  EXPECT_TRUE(trace.has_value()) << trace.error().text;
  Workload workload = *workload_of(*trace, {0, {}, perfect_limits});
  return {*std::move(trace), std::move(workload)};
}

std::string measures_of(const Replayed& replay, Scheduler scheduler, EventOrder order) {
  const auto starts =
      forecast::schedule({replay.workload.machine_width, scheduler, order}, replay.workload.jobs)
          .starts;
  const Measures measures = measure(replay.workload, starts);
  return fmt::format("{:.3f} / {:.3f}", measures.wait_mean_s, measures.bounded_slowdown_mean);
}

// "job wait" a line.
std::map<std::int64_t, std::int64_t> waits_in(const std::filesystem::path& path) {
  auto source = traces::TextSource::open(path);
  EXPECT_TRUE(source.has_value()) << source.error().text;
  std::string text;
  std::vector<char> buffer(std::size_t{1} << 16U);
  for (std::size_t count = buffer.size(); count == buffer.size();) {
    count = source->read(buffer).value_or(0);
    text.append(buffer.data(), count);
  }
  std::map<std::int64_t, std::int64_t> waits;
  for (const char* at = text.c_str(); *at != '\0';) {
    char* end = nullptr;
    if (*at != ';' && *at != '\n') {
      const std::int64_t job = std::strtoll(at, &end, 10);
      waits[job] = std::strtoll(end, &end, 10);
      at = end;
    }
    while (*at != '\0' && *at++ != '\n') {
    }
  }
  return waits;
}

class Published : public testing::TestWithParam<std::string> {};

TEST_P(Published, NoWaitOfTextbookEasyDiffers) {
  const auto published = traces_folder() / "golden" / (GetParam() + ".pyss-easy.txt.gz");
  if (!is_there(published)) return;
  const Replayed replay = replayed(GetParam());
  const auto starts =
      forecast::schedule({replay.workload.machine_width, Scheduler::easy, EventOrder::textbook},
                         replay.workload.jobs)
          .starts;
  const auto waits = waits_in(published);
  ASSERT_EQ(waits.size(), starts.size());
  std::size_t differing = 0;
  for (std::size_t at = 0; at < starts.size(); ++at) {
    const std::int64_t wait_s = (starts[at] - replay.workload.jobs[at].submit).ms / 1'000;
    differing += waits.at(replay.trace.jobs[at].number) != wait_s ? 1 : 0;
  }
  EXPECT_EQ(differing, 0U);
}

INSTANTIATE_TEST_SUITE_P(Traces, Published,
                         testing::Values("kth-sp2", "sdsc-sp2", "sdsc-blue", "cea-curie"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::erase(name, '-');
                           return name;
                         });

struct Figures {
  std::string trace;
  bool perfect_limits;
  std::string fcfs;
  std::string easy;
  std::string sjbf;
  std::string conservative;  // empty: not computed here
};

TEST(PublishedFigures, MeansOfTheOtherSchedulers) {
  const Figures rows[] = {
      {"kth-sp2", false, "353776.409 / 6814.973", "6834.587 / 92.688", "5903.686 / 69.394",
       "7316.239 / 88.967"},
      {"kth-sp2", true, "", "6327.682 / 71.722", "5435.814 / 49.847", ""},
      {"sdsc-sp2", false, "1535568.622 / 13823.534", "20570.875 / 87.806", "20419.688 / 82.996",
       "21788.767 / 91.475"},
      {"sdsc-sp2", true, "", "17337.106 / 70.478", "16307.078 / 56.836", ""},
      {"sdsc-blue", false, "360207.506 / 3280.356", "7870.057 / 37.410", "5783.361 / 19.611", ""},
      {"cea-curie", false, "175288.518 / 5959.099", "7063.701 / 228.512", "5804.546 / 186.384", ""},
      {"philly-gpu", false, "33166.733 / 190.867", "25280.621 / 103.451", "23945.545 / 71.039", ""},
      {"philly-gpu", true, "", "", "21828.131 / 26.932", ""},
  };
  for (const Figures& row : rows) {
    if (!is_there(trace_file(row.trace))) continue;
    const Replayed replay = replayed(row.trace, row.perfect_limits);
    const auto expect = [&](Scheduler scheduler, const std::string& wanted) {
      if (wanted.empty()) return;
      EXPECT_EQ(measures_of(replay, scheduler, EventOrder::batched), wanted)
          << row.trace << " " << name_of(scheduler);
    };
    expect(Scheduler::fcfs, row.fcfs);
    expect(Scheduler::easy, row.easy);
    expect(Scheduler::sjbf, row.sjbf);
    expect(Scheduler::conservative, row.conservative);
  }
}

// The first 5,000 jobs: PySS's own conservative scheduler, and the same in this product's order.
TEST(PublishedFigures, ConservativeOnTheBeginningOfKth) {
  if (!is_there(trace_file("kth-sp2"))) return;
  Replayed replay = replayed("kth-sp2");
  replay.workload.jobs.resize(5'000);
  EXPECT_EQ(measures_of(replay, Scheduler::conservative, EventOrder::textbook),
            "9172.962 / 127.754");
  EXPECT_EQ(measures_of(replay, Scheduler::conservative, EventOrder::batched),
            "9173.119 / 127.759");
}

}  // namespace
}  // namespace fabrica::simulate
