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

namespace fabrica::forecast {

enum class Scheduler : std::uint8_t { easy, sjbf, conservative, fcfs };
FABRICA_DESCRIBE_ENUM(Scheduler, easy, sjbf, conservative, fcfs)

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
};

struct Schedule {
  std::vector<Time> starts;  // by job
  std::size_t waiting_max = 0;
};

/// The whole schedule of jobs sorted by submit time, each valid as Job says and not wider than the
/// machine. Depends on its arguments alone.
Schedule schedule(const Machine& machine, std::span<const Job> jobs);

/// Equal schedules have equal digests.
Digest digest_of(const Schedule& schedule);

}  // namespace fabrica::forecast
