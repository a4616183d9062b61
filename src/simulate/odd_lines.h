#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/describe.h"
#include "traces/trace.h"

namespace fabrica::simulate {

using OddCounts = std::array<traces::OddLines, traces::oddities>;

/// What a reader of traces found odd, for a report.
struct OddLinesSeen {
  std::string kind;
  std::uint64_t lines = 0;
  std::uint64_t first_line = 0;
  std::string handling;
};
FABRICA_DESCRIBE(OddLinesSeen, kind, lines, first_line, handling)

/// The kinds that there are any of.
std::vector<OddLinesSeen> seen(const OddCounts& counts);

}  // namespace fabrica::simulate
