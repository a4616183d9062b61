#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/describe.h"
#include "base/result.h"

namespace fabrica::sbatch {

/// Tasks from `first` to `last`, both included, every `step`th.
struct ArrayRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  std::uint32_t step = 1;

  friend bool operator==(ArrayRange, ArrayRange) = default;
};
FABRICA_DESCRIBE(ArrayRange, first, last, step)

struct ArraySpec {
  std::vector<ArrayRange> ranges;  // as written; may overlap
  std::uint32_t at_once = 0;       // zero: as many as fit

  friend bool operator==(const ArraySpec&, const ArraySpec&) = default;
};
FABRICA_DESCRIBE(ArraySpec, ranges, at_once)

/// "0-9", "4,7,22", "1-100:20", "1-100%5", also in brackets. Not more than limits::array_tasks_max
/// different tasks. Stricter than Slurm: an empty part and a limit that is not a number are
/// refused.
Result<ArraySpec> parse_array(std::string_view text);

/// The task numbers, ascending, each once.
std::vector<std::uint32_t> tasks_of(const ArraySpec& array);

/// "0-9:3,20%2".
std::string to_string(const ArraySpec& array);

/// True for the idiom `1-10%1`: the tasks are links of one chain, each going on from the last one's
/// checkpoint, so they are one run.
bool is_chain(const ArraySpec& array);

}  // namespace fabrica::sbatch
