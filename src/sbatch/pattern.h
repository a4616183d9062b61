#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/describe.h"

namespace fabrica::sbatch {

/// What the symbols of an output pattern stand for.
struct PatternValues {
  std::uint64_t job = 0;                    // %j, %J
  std::optional<std::uint64_t> array_job;   // %A, without one the job
  std::optional<std::uint32_t> array_task;  // %a, %b
  std::string step;                         // %s and after the point of %J; empty in a batch script
  std::uint32_t task = 0;                   // %t
  std::uint32_t node = 0;                   // %n, the number of the node within the job
  std::string host;                         // %N, short
  std::string user;                         // %u
  std::string name;                         // %x
};
FABRICA_DESCRIBE(PatternValues, job, array_job, array_task, step, task, node, host, user, name)

/// The file that --output, --error or --input names, by the rules of sbatch(1), "filename pattern":
/// %j %J %A %a %b %x %u %N %n %t %s and %%, numbers padded with zeros to a width of at most 10
/// ("%4j"). A backslash in the pattern means that no symbol is expanded, and is itself removed. An
/// unknown symbol stays as it is.
std::string expand_pattern(std::string_view pattern, const PatternValues& values);

/// What the pattern says with this job's own number and name in it, and its other symbols left for
/// the site: there %j would be the site's number, which another site gives to another job. In an
/// array %j is the array's number and the task's, "12_%a".
std::string bind_pattern(std::string_view pattern, std::uint64_t job, std::string_view name,
                         bool array);

/// The pattern in force where no --output is given: "slurm-%j.out", for an array "slurm-%A_%a.out".
std::string_view default_output(bool array);

/// The directory part of a pattern ("logs/%x" is "logs"), empty when there is none or when it has a
/// symbol in it.
std::string_view directory_of(std::string_view pattern);

}  // namespace fabrica::sbatch
