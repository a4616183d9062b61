#include <benchmark/benchmark.h>
#include <malloc.h>

#include "scene.h"

/// The kernel in memory, one core. Limits: 1,000,000 simple commands/s through decide and apply;
/// replay of 2,000,000 events/s; at most 1,000 bytes a live job.
namespace fabrica::bench {
namespace {

State opened(const Policies& policies) {
  State state;
  for (const Envelope& asked : opening()) execute(state, policies, asked, nullptr);
  return state;
}

void transfers(benchmark::State& run) {
  const Policies policies = policies::defaults();
  State state = opened(policies);
  std::uint64_t number = 0;
  for (auto _ : run) execute(state, policies, transfer(number++), nullptr);
  run.SetItemsProcessed(static_cast<std::int64_t>(number));
  run.SetLabel("limit 1,000,000/s");
}
BENCHMARK(transfers);

// A job's whole life is two commands here: submitted, ended.
void jobs_submitted_and_ended(benchmark::State& run) {
  const Policies policies = policies::defaults();
  State state = opened(policies);
  std::uint64_t number = 0;
  for (auto _ : run) {
    number += 1;
    execute(state, policies, submit(number), nullptr);
    execute(state, policies, report(number), nullptr);
  }
  run.SetItemsProcessed(static_cast<std::int64_t>(2 * number));
  run.SetLabel("limit 1,000,000 commands/s");
}
BENCHMARK(jobs_submitted_and_ended);

void replay(benchmark::State& run) {
  const Policies policies = policies::defaults();
  std::vector<Recorded> log;
  State written;
  for (const Envelope& asked : opening()) execute(written, policies, asked, &log);
  for (std::uint64_t number = 1; log.size() < 200'000; ++number) {
    execute(written, policies, submit(number), &log);
    execute(written, policies, report(number), &log);
  }
  for (auto _ : run) {
    State state;
    for (const Recorded& recorded : log) apply(state, recorded);
    benchmark::DoNotOptimize(state.last);
  }
  run.SetItemsProcessed(run.iterations() * static_cast<std::int64_t>(log.size()));
  run.SetLabel("limit 2,000,000 events/s");
}
BENCHMARK(replay);

void live_job_bytes(benchmark::State& run) {
  constexpr std::uint64_t count = 50'000;
  const Policies policies = policies::defaults();
  double bytes = 0;
  for (auto _ : run) {
    State state = opened(policies);
    const std::size_t before = mallinfo2().uordblks;
    for (std::uint64_t number = 1; number <= count; ++number)
      execute(state, policies, submit(number), nullptr);
    bytes = static_cast<double>(mallinfo2().uordblks - before) / count;
  }
  run.counters["bytes_per_live_job"] = bytes;
  run.SetLabel("limit 1,000 bytes");
}
BENCHMARK(live_job_bytes)->Iterations(1);

}  // namespace
}  // namespace fabrica::bench
