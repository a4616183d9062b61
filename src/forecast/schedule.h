#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/describe.h"
#include "base/digest.h"
#include "base/time.h"
#include "forecast/job.h"
#include "forecast/outages.h"
#include "forecast/priority_rules.h"

namespace fabrica::forecast {

enum class Scheduler : std::uint8_t { easy, sjbf, conservative, fcfs, priority };
FABRICA_DESCRIBE_ENUM(Scheduler, easy, sjbf, conservative, fcfs, priority)

/// What comes first when several things happen at one moment; for the same scheduler this alone
/// moves mean slowdowns by a tenth.
/// - batched: all ends, then all arrivals in the order of the list, then one pass;
/// - textbook: each arrival in the order of the list, a pass after it if the job fits what is free;
///   then each end in the order of the starts, a pass after each. What has reached its requested
///   end is free at once, even before its end is handled. This gives the published schedules of
///   PySS.
enum class EventOrder : std::uint8_t { batched, textbook };

inline constexpr std::size_t no_bound = static_cast<std::size_t>(-1);

struct Machine {
  std::int32_t width = 0;  // processors, GPUs or nodes
  Scheduler scheduler = Scheduler::easy;
  EventOrder order = EventOrder::batched;
  std::size_t depth = no_bound;  // of conservative: see Conservative
  /// Outages are for batched order, failures sorted by when they come. Maintenance is known from
  /// the beginning on: no job is started that would, by its limit, run on what is out then. A
  /// failure is known from the moment on at which it comes, and then also when it will be over. It
  /// ends the runs of jobs: those that started last, until they together were as wide as what
  /// failed or none runs; and further ones, until the rest, by their limits, will never need more
  /// than is left. These jobs come again at that moment, in the order of their numbers, before
  /// other arrivals, as if they had been submitted then, and run from their beginning.
  std::vector<Outage> maintenance = {};
  std::vector<Outage> failures = {};
  PriorityRules rules = {};  // of priority, which is for batched order
  /// Above zero: the machine is of nodes with so many GPUs each (see Nodes), and `width`, a
  /// multiple of it, of all GPUs together. For batched order, without outages, not for
  /// conservative.
  std::int32_t gpus_per_node = 0;
};

/// A run that a failure ended.
struct LostRun {
  JobIndex job = 0;
  Time from;
  Time until;
};

struct Schedule {
  std::vector<Time> starts;  // by job: of the run that was not lost
  std::size_t waiting_max = 0;
  std::vector<LostRun> lost = {};
};

/// The whole schedule of jobs sorted by submit time, each valid as Job says and not wider than the
/// machine. Depends on its arguments alone.
Schedule schedule(const Machine& machine, std::span<const Job> jobs);

/// Equal schedules have equal digests.
Digest digest_of(const Schedule& schedule);

}  // namespace fabrica::forecast
