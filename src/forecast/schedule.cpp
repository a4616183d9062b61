#include "forecast/schedule.h"

#include <algorithm>

#include "base/check.h"
#include "forecast/conservative.h"
#include "forecast/easy.h"
#include "forecast/fcfs.h"
#include "forecast/fifo_queue.h"
#include "forecast/shortest_queue.h"
#include "forecast/simulation.h"

namespace fabrica::forecast {

namespace {

template <class Discipline>
Schedule run(const Machine& machine, std::span<const Job> jobs, Discipline discipline) {
  Simulation<Discipline> simulation(std::move(discipline), jobs);
  return machine.order == EventOrder::textbook ? std::move(simulation).textbook()
                                               : std::move(simulation).batched();
}

}  // namespace

Schedule schedule(const Machine& machine, std::span<const Job> jobs) {
  CHECK(can_be_scheduled(jobs, machine.width),
        "jobs are sorted by submit time, and each can run on the machine");
  switch (machine.scheduler) {
    case Scheduler::easy:
      return run(machine, jobs, Easy<FifoQueue>(machine.width, jobs.data()));
    case Scheduler::sjbf:
      return run(machine, jobs, Easy<ShortestQueue>(machine.width, jobs.data()));
    case Scheduler::conservative:
      return run(
          machine, jobs,
          Conservative(machine.width, jobs.data(),
                       machine.order == EventOrder::textbook ? Conservative::Asks::after_every_end
                                                             : Conservative::Asks::after_early_ends,
                       machine.depth));
    case Scheduler::fcfs:
      return run(machine, jobs, Fcfs(machine.width, jobs.data()));
  }
  CHECK(false, "a scheduler that there is");
}

Digest digest_of(const Schedule& schedule) {
  Hasher hasher;
  for (const Time start : schedule.starts) hasher.add(static_cast<std::uint64_t>(start.ms));
  return hasher.finish();
}

}  // namespace fabrica::forecast
