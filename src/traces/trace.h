#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/describe.h"

/// Records of what ran on real machines.
namespace fabrica::traces {

/// A line of a trace, as far as scheduling needs it. Seconds from the trace's own beginning.
struct Job {
  std::int64_t submit_s = 0;
  std::int64_t run_s = 0;
  std::int64_t requested_s = 0;
  std::int64_t number = 0;  // as the trace names it
  std::int32_t width = 0;   // processors, or GPUs where the trace counts those
  std::int32_t user = -1;   // -1: not known
  std::int32_t queue = -1;  // likewise
  std::uint32_t line = 0;   // of the file, from 1
};
static_assert(sizeof(Job) == 48, "what the cache holds for each job");

/// What is wrong with a line, in the order in which it is looked for; a line is counted once for
/// each. What is done with it stands in `handling()`.
enum class Oddity : std::uint8_t {
  malformed,
  no_submit_time,
  no_run_time,
  no_width,
  zero_run_time,
  no_requested_time,
  longer_than_requested,
  time_ran_backwards,
  wider_than_machine,
};
FABRICA_DESCRIBE_ENUM(Oddity, malformed, no_submit_time, no_run_time, no_width, zero_run_time,
                      no_requested_time, longer_than_requested, time_ran_backwards,
                      wider_than_machine)
inline constexpr std::size_t oddities = 9;

/// "left out", or what was put right, as words for a report.
std::string_view handling(Oddity oddity);

struct OddLines {
  std::uint64_t count = 0;
  std::uint64_t first_line = 0;
};

struct Trace {
  std::int32_t machine_width = 0;  // as its header says; 0: it does not
  std::vector<Job> jobs;           // by submit time, of equal ones by line
  std::array<OddLines, oddities> odd{};

  void note(Oddity oddity, std::uint64_t line) {
    OddLines& lines = odd[static_cast<std::size_t>(oddity)];
    if (lines.count++ == 0) lines.first_line = line;
  }
};

}  // namespace fabrica::traces
