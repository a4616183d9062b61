#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "forecast/fleet.h"
#include "forecast/late_binding.h"
#include "forecast/moments.h"
#include "forecast/schedule.h"
#include "simulate/replay.h"
#include "simulate/whole.h"
#include "traces/cache.h"
#include "traces/swf.h"
#include "traces/text_source.h"

/// Whole traces on one machine and one core, in jobs a second, beside their limits in the same run:
/// parsing and reading (with gzip) alone, and the heap of events alone (a machine without end). The
/// traces are not part of the project: FABRICA_TRACES names their folder, by default
/// ../shared/traces beside the source tree; what is absent is said and left out. Limits: EASY
/// 3,000,000 jobs/s on SDSC-BLUE and 2,500,000 on Curie, 1,500,000 with parsing, 500,000 at
/// load 1.5; conservative 500,000 on KTH, 250,000 on BLUE, 50,000 on Philly; over seven sites
/// 500,000 at load 0.9, and a decision within 1 ms (p99) with 70,000 waiting. Scale: 10,000,000
/// jobs in 60 s and 4 GiB.
namespace fabrica::bench {
namespace {

using forecast::Machine;
using forecast::Scheduler;

std::filesystem::path trace_path(const std::string& name) {
  const char* const named = std::getenv("FABRICA_TRACES");
  const char* const source = std::getenv("FABRICA_SOURCE_DIR");
  const std::filesystem::path folder =
      named != nullptr
          ? std::filesystem::path(named)
          : std::filesystem::path(source != nullptr ? source : ".") / "../shared/traces";
  return folder / (name + ".swf.gz");
}

simulate::Workload workload_at(const std::string& name, simulate::Scale scale) {
  Result<traces::Trace> trace = traces::read_swf(trace_path(name));
  CHECK(trace.has_value(), "a trace that is there can be read");
  return *simulate::workload_of(*trace, {0, scale, false});
}

void count_jobs(benchmark::State& run, std::size_t jobs) {
  run.SetItemsProcessed(run.iterations() * static_cast<std::int64_t>(jobs));
}

void reading(benchmark::State& run, const std::string& name) {
  std::size_t jobs = 0;
  for (auto _ : run) jobs = traces::read_swf(trace_path(name))->jobs.size();
  count_jobs(run, jobs);
}

std::string text_of(const std::string& name) {
  auto source = traces::TextSource::open(trace_path(name));
  CHECK(source.has_value(), "a trace that is there can be opened");
  std::string text;
  std::vector<char> buffer(std::size_t{1} << 20U);
  for (std::size_t count = buffer.size(); count == buffer.size();) {
    count = source->read(buffer).value_or(0);
    text.append(buffer.data(), count);
  }
  return text;
}

traces::Trace parsed(const std::string& text) {
  traces::SwfReader reader;
  reader.take(text);
  return std::move(reader).finish();
}

// The text in memory already: what is left of reading without the disk and without inflating.
void parsing(benchmark::State& run, const std::string& name) {
  const std::string text = text_of(name);
  std::size_t jobs = 0;
  for (auto _ : run) jobs = parsed(text).jobs.size();
  count_jobs(run, jobs);
}

void parsing_and_scheduling(benchmark::State& run, const std::string& name) {
  const std::string text = text_of(name);
  std::size_t jobs = 0;
  for (auto _ : run) {
    traces::Trace trace = parsed(text);
    const simulate::Workload workload = *simulate::workload_of(trace, {0, {}, false});
    const forecast::Schedule made = forecast::schedule({workload.machine_width}, workload.jobs);
    benchmark::DoNotOptimize(made.starts.data());
    jobs = workload.jobs.size();
  }
  count_jobs(run, jobs);
}

void reading_from_cache(benchmark::State& run, const std::string& name) {
  const auto folder = std::filesystem::temp_directory_path() / "fabrica-bench-traces";
  std::size_t jobs = traces::load(trace_path(name), folder)->trace.jobs.size();
  for (auto _ : run) {
    const traces::Loaded loaded = *traces::load(trace_path(name), folder);
    CHECK(loaded.from_cache, "it was kept before");
    benchmark::DoNotOptimize(loaded.trace.jobs.data());
  }
  count_jobs(run, jobs);
  std::filesystem::remove_all(folder);
}

// Each job starts when it comes: arrivals and ends in their order, and nothing else.
void heap_alone(benchmark::State& run, const std::string& name) {
  const simulate::Workload workload = workload_at(name, {});
  for (auto _ : run) {
    forecast::Moments ends;
    std::vector<Time> starts(workload.jobs.size());
    for (forecast::JobIndex job = 0; job < workload.jobs.size(); ++job) {
      const Time now = workload.jobs[job].submit;
      while (ends.next_time() <= now) ends.pop();
      starts[job] = now;
      ends.push(now + workload.jobs[job].run, job);
    }
    benchmark::DoNotOptimize(starts.data());
  }
  count_jobs(run, workload.jobs.size());
}

// Maintenance of eight hours every four weeks; each day a sixty-fourth of the machine fails, for
// four hours.
void add_outages(Machine& machine, const simulate::Workload& workload) {
  const Time first = workload.jobs.front().submit;
  const Time last = workload.jobs.back().submit;
  for (Time at = first + days(14); at < last; at = at + days(28))
    machine.maintenance.push_back({at, at + hours(8), machine.width});
  for (Time at = first; at < last; at = at + days(1))
    machine.failures.push_back({at, at + hours(4), std::max(1, machine.width / 64)});
}

enum class Interrupted : std::uint8_t { no, yes };

void scheduling(benchmark::State& run, const std::string& name, Machine machine,
                simulate::Scale scale, Interrupted interrupted) {
  const simulate::Workload workload = workload_at(name, scale);
  machine.width = workload.machine_width;
  if (interrupted == Interrupted::yes) add_outages(machine, workload);
  forecast::Schedule made;
  for (auto _ : run) {
    made = forecast::schedule(machine, workload.jobs);
    benchmark::DoNotOptimize(made.starts.data());
  }
  count_jobs(run, workload.jobs.size());
  const simulate::Measures measures = simulate::measure(workload, made.starts);
  run.SetLabel(fmt::format("wait {:.0f} s, wide {:.0f} s, slowdown {:.1f}, deepest queue {}",
                           measures.wait_mean_s, measures.wide_wait_mean_s,
                           measures.bounded_slowdown_mean, made.waiting_max));
}

const std::map<std::string, std::vector<std::int32_t>> seven_sites = {
    {"kth-sp2", {100, 80, 64, 48, 32, 24, 16}},
    {"sdsc-sp2", {128, 96, 80, 64, 48, 32, 24}},
    {"sdsc-blue", {1'152, 768, 576, 384, 288, 192, 128}},
    {"cea-curie", {80'640, 53'760, 40'320, 26'880, 20'160, 13'440, 8'960}},
    {"philly-gpu", {256, 192, 128, 96, 72, 40, 24}}};

void over_seven_sites(benchmark::State& run, const std::string& name, forecast::Placement placement,
                      simulate::Scale load) {
  const std::vector<std::int32_t>& sites = seven_sites.at(name);
  traces::Trace trace = *traces::read_swf(trace_path(name));
  const simulate::Workload workload =
      *simulate::workload_of(trace, {0, {}, false, sites, load, 100'000});
  forecast::FleetSchedule made;
  for (auto _ : run) {
    made = forecast::schedule({sites, placement}, workload.jobs);
    benchmark::DoNotOptimize(made.starts.data());
  }
  count_jobs(run, workload.jobs.size());
  const simulate::Measures measures = simulate::measure(workload, made.starts);
  run.SetLabel(fmt::format("limit 500,000/s at 0.9; wait {:.0f} s, wide {:.0f} s, slowdown {:.2f}",
                           measures.wait_mean_s, measures.wide_wait_mean_s,
                           measures.bounded_slowdown_mean));
}

// The same with the Engine: holds, placement, the sites' reports, charges; the log in memory.
void whole_over_seven_sites(benchmark::State& run, const std::string& name) {
  const std::vector<std::int32_t>& sites = seven_sites.at(name);
  traces::Trace trace = *traces::read_swf(trace_path(name));
  const simulate::Workload workload =
      *simulate::workload_of(trace, {0, {}, false, sites, simulate::Scale{9, 10}, 100'000});
  Result<simulate::WholeRun> made;
  for (auto _ : run) made = simulate::run_whole({sites}, workload.jobs);
  count_jobs(run, workload.jobs.size());
  const simulate::Measures measures = simulate::measure(workload, made->schedule.starts);
  run.SetLabel(fmt::format("limit 100,000/s; {} events; wait {:.0f} s, wide {:.0f} s", made->events,
                           measures.wait_mean_s, measures.wide_wait_mean_s));
}

void reading_and_scheduling(benchmark::State& run, const std::string& name) {
  std::size_t jobs = 0;
  for (auto _ : run) {
    const simulate::Workload workload = workload_at(name, {});
    const forecast::Schedule made = forecast::schedule({workload.machine_width}, workload.jobs);
    benchmark::DoNotOptimize(made.starts.data());
    jobs = workload.jobs.size();
  }
  count_jobs(run, jobs);
}

// Ten million jobs at load 0.9: widths are powers of two up to 4,096, most of them small; limits
// from minutes to two days.
std::vector<forecast::Job> ten_million_jobs(std::int64_t width) {
  Random random(1);
  std::vector<forecast::Job> jobs(10'000'000);
  // In 1,000ths of a millisecond, since on a large machine many jobs come in one.
  std::int64_t at = 0;
  for (forecast::Job& job : jobs) {
    job.width = std::int32_t{1} << random.below(1 + random.below(13));
    job.limit = minutes(random.between(5, random.chance(1, 10) ? 2'880 : 240));
    job.run = milliseconds(random.between(1'000, job.limit.ms));
    job.user = static_cast<std::uint32_t>(random.below(10'000));
    job.submit = Time{at / 1'000};
    at += job.width * job.run.ms * 1'000 / (width * 9 / 10);
  }
  return jobs;
}

void say_memory(benchmark::State& run) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  run.counters["resident_MiB_max"] = static_cast<double>(usage.ru_maxrss) / 1'024;
}

void ten_million_on_one_machine(benchmark::State& run) {
  const auto jobs = ten_million_jobs(100'000);
  for (auto _ : run) {
    const forecast::Schedule made = forecast::schedule({100'000}, jobs);
    run.SetLabel(fmt::format("limit 60 s and 4 GiB; deepest queue {}", made.waiting_max));
  }
  count_jobs(run, jobs.size());
  say_memory(run);
}

// A million GPUs at a hundred sites, of 4,096 to 15,896.
void ten_million_over_a_hundred_sites(benchmark::State& run) {
  forecast::Fleet fleet;
  std::int64_t width = 0;
  for (std::int32_t site = 0; site < 100; ++site) {
    fleet.widths.push_back(4'096 + (site * 37 % 100) * 120);
    width += fleet.widths.back();
  }
  const auto jobs = ten_million_jobs(width);
  for (auto _ : run) {
    const forecast::FleetSchedule made = forecast::schedule(fleet, jobs);
    run.SetLabel(
        fmt::format("limit 60 s and 4 GiB; {} GPUs, deepest queue {}", width, made.waiting_max));
  }
  count_jobs(run, jobs.size());
  say_memory(run);
}

/// Seven sites of 10,000 with 10,000 jobs each waiting, told of one thing after the other.
class DeepQueues {
 public:
  DeepQueues() : jobs_(made()), policy_(widths_, jobs_.data()) {
    // They come within a second, so that nothing has ended when the last has.
    for (; next_ < 80'000; ++next_) {
      policy_.advance(Time{next_ / 80});
      policy_.arrived(next_);
    }
    pass();
  }

  std::size_t waiting() const { return policy_.waiting(); }

  /// Another job comes, or one ends; what is decided then, and what starts.
  void step(bool end) {
    now_ = now_ + milliseconds(10);
    policy_.advance(now_);
    if (end) {
      const auto [job, site] = running_[ended_++];
      policy_.ended(job, site, started_[job] + jobs_[job].limit);
    } else {
      policy_.arrived(next_++);
    }
    pass();
  }

 private:
  std::vector<forecast::Job> made() const {
    Random random(1);
    std::vector<forecast::Job> jobs(200'000);
    for (forecast::Job& job : jobs) {
      job.width = std::int32_t{1} << random.below(1 + random.below(13));
      job.limit = hours(random.between(10, 48));
      job.run = job.limit;
      job.user = static_cast<std::uint32_t>(random.below(1'000));
    }
    return jobs;
  }
  void pass() {
    policy_.pass([&](forecast::JobIndex job, std::uint32_t site) {
      running_.emplace_back(job, site);
      started_[job] = now_;
    });
  }

  std::vector<std::int32_t> widths_ = {10'000, 10'000, 10'000, 10'000, 10'000, 10'000, 10'000};
  std::vector<forecast::Job> jobs_;
  forecast::LateBinding policy_;
  std::vector<std::pair<forecast::JobIndex, std::uint32_t>> running_;  // in the order of starts
  std::vector<Time> started_ = std::vector<Time>(200'000);
  std::size_t ended_ = 0;
  forecast::JobIndex next_ = 0;
  Time now_ = Time{} + seconds(1);
};

void placement_decisions(benchmark::State& run) {
  DeepQueues queues;
  std::vector<double> took_us;
  const std::size_t waiting = queues.waiting();
  for (auto _ : run) {
    // Two come for each that ends, so that it stays as deep.
    for (int i = 0; i < 6'000; ++i) {
      const auto start = std::chrono::steady_clock::now();
      queues.step(i % 3 == 0);
      took_us.push_back(
          std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
              .count());
    }
  }
  std::ranges::sort(took_us);
  run.SetLabel(fmt::format(
      "limit 1,000 us; p50 {:.1f} us, p99 {:.1f} us, worst {:.1f} us, {} waiting",
      took_us[took_us.size() / 2], took_us[took_us.size() * 99 / 100], took_us.back(), waiting));
}

void declare(const std::string& name) {
  const auto add = [&](const std::string& what, auto&&... with) {
    benchmark::RegisterBenchmark((name + "/" + what).c_str(), with...)
        ->Unit(benchmark::kMillisecond);
  };
  add("parse", parsing, name);
  add("read", reading, name);
  add("read_from_cache", reading_from_cache, name);
  add("events_alone", heap_alone, name);
  add("parse_and_easy", parsing_and_scheduling, name);
  add("read_and_easy", reading_and_scheduling, name);
  const simulate::Scale as_it_is;
  add("fcfs", scheduling, name, Machine{0, Scheduler::fcfs}, as_it_is, Interrupted::no);
  add("easy", scheduling, name, Machine{}, as_it_is, Interrupted::no);
  add("easy_with_outages", scheduling, name, Machine{}, as_it_is, Interrupted::yes);
  add("easy_textbook", scheduling, name,
      Machine{0, Scheduler::easy, forecast::EventOrder::textbook}, as_it_is, Interrupted::no);
  add("sjbf", scheduling, name, Machine{0, Scheduler::sjbf}, as_it_is, Interrupted::no);
  if (name == "philly-gpu") {
    for (const std::int32_t gpus : {2, 4, 8}) {
      Machine nodes;
      nodes.gpus_per_node = gpus;
      add(fmt::format("easy_nodes_of_{}", gpus), scheduling, name, nodes, as_it_is,
          Interrupted::no);
    }
  }
  Machine by_priority{0, Scheduler::priority};
  add("priority", scheduling, name, by_priority, as_it_is, Interrupted::no);
  by_priority.rules.weight_wide = 1'000;
  add("priority_wide", scheduling, name, by_priority, as_it_is, Interrupted::no);
  Machine conservative{0, Scheduler::conservative};
  if (name == "philly-gpu" || name == "cea-curie") {
    conservative.depth = 100;
    add("conservative_depth_100", scheduling, name, conservative, as_it_is, Interrupted::no);
  } else {
    add("conservative", scheduling, name, conservative, as_it_is, Interrupted::no);
  }
  for (const auto placement : {forecast::Placement::late_binding, forecast::Placement::federation,
                               forecast::Placement::fullest_first}) {
    for (const std::int64_t load : {50, 70, 90, 105}) {
      add(fmt::format("seven_sites_{}_at_{}", name_of(placement), load), over_seven_sites, name,
          placement, simulate::Scale{load, 100});
    }
  }
  add("whole_over_seven_sites", whole_over_seven_sites, name);
  if (name == "sdsc-blue") {
    add("easy_at_load_1.5", scheduling, name, Machine{}, simulate::Scale{19'737, 10'000},
        Interrupted::no);
  }
}

}  // namespace
}  // namespace fabrica::bench

int main(int argc, char** argv) {
  constexpr std::array names = {"kth-sp2", "sdsc-sp2", "sdsc-blue", "cea-curie", "philly-gpu"};
  for (const char* const name : names) {
    if (std::filesystem::exists(fabrica::bench::trace_path(name))) {
      fabrica::bench::declare(name);
    } else {
      fmt::print("absent: {} (FABRICA_TRACES)\n", fabrica::bench::trace_path(name).string());
    }
  }
  const auto once = [](const char* what, auto run) {
    benchmark::RegisterBenchmark(what, run)->Unit(benchmark::kMillisecond)->Iterations(1);
  };
  once("placement_decisions", fabrica::bench::placement_decisions);
  once("ten_million_on_one_machine", fabrica::bench::ten_million_on_one_machine);
  once("ten_million_over_a_hundred_sites", fabrica::bench::ten_million_over_a_hundred_sites);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
