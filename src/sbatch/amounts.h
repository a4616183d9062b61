#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/describe.h"
#include "base/result.h"
#include "base/time.h"

/// How long, how much and how many, as sbatch writes them. Every parser refuses with a whole
/// sentence; the forms are those that sbatch 22.05 accepts, unless a comment says otherwise.
namespace fabrica::sbatch {

/// A time limit; nothing in `span` means no limit at all.
struct TimeLimit {
  std::optional<Duration> span;

  friend bool operator==(const TimeLimit&, const TimeLimit&) = default;
};
FABRICA_DESCRIBE(TimeLimit, span)

/// "30" (minutes), "MM:SS", "HH:MM:SS", "D-HH", "D-HH:MM", "D-HH:MM:SS", UNLIMITED, INFINITE.
/// Seconds are rounded up to a minute and zero means no limit, as Slurm has it. Each part may be
/// any number
/// ("100:00:00"). Stricter than Slurm: no negative numbers, at most limits::job_time_max.
Result<TimeLimit> parse_time_limit(std::string_view text);

/// The shortest of Slurm's forms that says the same: "UNLIMITED", "02:30:00", "1-00:00:00".
std::string to_string(const TimeLimit& limit);

/// An amount of memory, or of disk, in MiB. Zero means all that the node has.
struct Memory {
  std::uint64_t mib = 0;

  friend bool operator==(Memory, Memory) = default;
};
FABRICA_DESCRIBE(Memory, mib)

/// A whole number with K, M, G or T, or KB, MB, GB, TB, in either case; without a unit MiB. KiB are
/// rounded up to a MiB. At most limits::memory_mib_per_node_max.
Result<Memory> parse_memory(std::string_view text);

struct NodeCount {
  std::uint32_t min = 1;
  std::uint32_t max = 1;

  friend bool operator==(NodeCount, NodeCount) = default;
};
FABRICA_DESCRIBE(NodeCount, min, max)

/// "4", "2-8", "-8" (from 1), each number with an optional k (1024) or m (1024²). Between 1 and
/// limits::nodes_max.
Result<NodeCount> parse_nodes(std::string_view text);

/// A whole number of at least 1, at most limits::tasks_max.
Result<std::uint32_t> parse_count(std::string_view text);

/// The same, and zero too.
Result<std::uint32_t> parse_count_or_zero(std::string_view text);

/// The decimal digits of `text` as a number, nothing on any other text or above `most`.
std::optional<std::uint64_t> parse_digits(std::string_view text, std::uint64_t most);

}  // namespace fabrica::sbatch
