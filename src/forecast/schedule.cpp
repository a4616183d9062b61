#include "forecast/schedule.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "base/check.h"
#include "forecast/by_priority.h"
#include "forecast/conservative.h"
#include "forecast/easy.h"
#include "forecast/failing_simulation.h"
#include "forecast/fcfs.h"
#include "forecast/fifo_queue.h"
#include "forecast/interrupted_processors.h"
#include "forecast/nodes.h"
#include "forecast/shortest_queue.h"
#include "forecast/simulation.h"

namespace fabrica::forecast {

namespace {

/// First come, first served as a queue of Easy: only the head is ever offered room.
class HeadAlone {
 public:
  std::size_t size() const { return jobs_.size(); }
  bool empty() const { return jobs_.empty(); }
  void append(JobIndex job, const Job& /*properties*/) { jobs_.push_back(job); }
  JobIndex head() const { return jobs_.front(); }
  void take_head(const Job* /*properties*/) { jobs_.pop_front(); }
  bool may_fit(std::int32_t /*free*/) const { return false; }
  void rewind() {}
  std::optional<JobIndex> next(const Gap& /*gap*/, const Job* /*properties*/) { return {}; }

 private:
  std::deque<JobIndex> jobs_;
};

template <class Discipline>
Schedule run(EventOrder order, std::span<const Job> jobs, Discipline discipline) {
  Simulation<Discipline> simulation(std::move(discipline), jobs);
  return order == EventOrder::textbook ? std::move(simulation).textbook()
                                       : std::move(simulation).batched();
}

template <class Queue>
Schedule run_easy(const Machine& machine, std::span<const Job> jobs) {
  return run(machine.order, jobs, Easy<Queue>(Processors(machine.width), jobs.data()));
}

template <class Discipline>
Schedule run_with_outages(const Machine& machine, std::span<const Job> jobs,
                          Discipline discipline) {
  return FailingSimulation(std::move(discipline), jobs, machine.failures).run();
}

template <class Queue>
Schedule run_easy_with_outages(const Machine& machine, std::span<const Job> jobs) {
  return run_with_outages(
      machine, jobs,
      Easy<Queue, InterruptedProcessors>({machine.width, machine.maintenance}, jobs.data()));
}

Conservative conservative(const Machine& machine, std::span<const Job> jobs) {
  const auto asks = machine.order == EventOrder::textbook ? Conservative::Asks::after_every_end
                                                          : Conservative::Asks::after_early_ends;
  return {machine.width, machine.maintenance, jobs.data(), asks, machine.depth};
}

template <class Room>
ByPriority<Room> by_priority(const Machine& machine, std::span<const Job> jobs, Room room) {
  return {std::move(room), machine.rules, machine.width, jobs};
}

Schedule schedule_with_outages(const Machine& machine, std::span<const Job> jobs) {
  CHECK(machine.order == EventOrder::batched, "outages are for batched order");
  CHECK(valid(machine.maintenance) && valid(machine.failures) &&
            std::ranges::is_sorted(machine.failures, {}, &Outage::from),
        "outages last, and failures are sorted by when they come");
  switch (machine.scheduler) {
    case Scheduler::easy:
      return run_easy_with_outages<FifoQueue>(machine, jobs);
    case Scheduler::sjbf:
      return run_easy_with_outages<ShortestQueue>(machine, jobs);
    case Scheduler::conservative:
      return run_with_outages(machine, jobs, conservative(machine, jobs));
    case Scheduler::fcfs:
      return run_easy_with_outages<HeadAlone>(machine, jobs);
    case Scheduler::priority:
      return run_with_outages(
          machine, jobs,
          by_priority(machine, jobs, InterruptedProcessors(machine.width, machine.maintenance)));
  }
  CHECK(false, "a scheduler that there is");
}

template <class Queue>
Schedule run_easy_on_nodes(Nodes nodes, std::span<const Job> jobs) {
  return Simulation(Easy<Queue, Nodes>(std::move(nodes), jobs.data()), jobs).batched();
}

Schedule schedule_on_nodes(const Machine& machine, std::span<const Job> jobs) {
  CHECK(machine.order == EventOrder::batched && machine.maintenance.empty() &&
            machine.failures.empty() && machine.width % machine.gpus_per_node == 0,
        "whole nodes are for batched order, without outages");
  Nodes nodes(machine.width / machine.gpus_per_node, machine.gpus_per_node);
  switch (machine.scheduler) {
    case Scheduler::easy:
      return run_easy_on_nodes<FifoQueue>(std::move(nodes), jobs);
    case Scheduler::sjbf:
      return run_easy_on_nodes<ShortestQueue>(std::move(nodes), jobs);
    case Scheduler::fcfs:
      return run_easy_on_nodes<HeadAlone>(std::move(nodes), jobs);
    case Scheduler::priority:
      return Simulation(by_priority(machine, jobs, std::move(nodes)), jobs).batched();
    case Scheduler::conservative:
      break;
  }
  CHECK(false, "a scheduler that knows nodes");
}

}  // namespace

Schedule schedule(const Machine& machine, std::span<const Job> jobs) {
  CHECK(can_be_scheduled(jobs, machine.width),
        "jobs are sorted by submit time, and each can run on the machine");
  if (machine.gpus_per_node > 0) return schedule_on_nodes(machine, jobs);
  if (!machine.maintenance.empty() || !machine.failures.empty())
    return schedule_with_outages(machine, jobs);
  switch (machine.scheduler) {
    case Scheduler::easy:
      return run_easy<FifoQueue>(machine, jobs);
    case Scheduler::sjbf:
      return run_easy<ShortestQueue>(machine, jobs);
    case Scheduler::conservative:
      return run(machine.order, jobs, conservative(machine, jobs));
    case Scheduler::fcfs:
      return run(machine.order, jobs, Fcfs(machine.width, jobs.data()));
    case Scheduler::priority:
      CHECK(machine.order == EventOrder::batched, "priority is for batched order");
      return Simulation(by_priority(machine, jobs, Processors(machine.width)), jobs).batched();
  }
  CHECK(false, "a scheduler that there is");
}

Digest digest_of(const Schedule& schedule) {
  Hasher hasher;
  for (const Time start : schedule.starts) hasher.add(static_cast<std::uint64_t>(start.ms));
  return hasher.finish();
}

}  // namespace fabrica::forecast
