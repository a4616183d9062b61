#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/describe.h"
#include "simulate/measures.h"

/// What a schedule looks like over time, small enough to be drawn.
namespace fabrica::simulate {

/// Equal parts of the time from the first submit to the last end: of each, the mean number of
/// waiting jobs and the highest, and the mean share of the machines that was in use.
struct Timeline {
  double part_s = 0;
  std::vector<double> waiting_mean;
  std::vector<std::int64_t> waiting_max;
  std::vector<double> use;
};
FABRICA_DESCRIBE(Timeline, part_s, waiting_mean, waiting_max, use)

/// `parts` is above zero; `width` is that of all machines.
Timeline timeline_of(std::span<const forecast::Job> jobs, std::span<const Time> starts,
                     std::int64_t width, std::size_t parts);

/// A rectangle of a job: some of a machine's processors from a start to an end. Which processors a
/// job gets is drawn so that it can be seen; the schedulers count them only.
struct Bar {
  std::uint32_t site = 0;
  std::uint32_t job = 0;
  std::int32_t from = 0;  // the first processor
  std::int32_t width = 0;
  std::int64_t start_s = 0;  // since the first submit
  std::int64_t end_s = 0;
  std::int64_t wait_s = 0;
};
FABRICA_DESCRIBE(Bar, site, job, from, width, start_s, end_s, wait_s)

struct Gantt {
  std::int64_t from_s = 0;  // since the first submit
  std::int64_t to_s = 0;
  std::vector<Bar> bars;
  std::uint64_t left_out = 0;  // bars beyond the bound, the smallest ones
};
FABRICA_DESCRIBE(Gantt, from_s, to_s, bars, left_out)

/// The longest window around the moment of the deepest queue, the whole time halved again and
/// again, that has at most `bars_max` jobs in it; an hour at least, where the smallest bars are
/// left out.
Gantt gantt_of(std::span<const std::int32_t> widths, std::span<const forecast::Job> jobs,
               const Placed& placed, std::size_t bars_max);

}  // namespace fabrica::simulate
