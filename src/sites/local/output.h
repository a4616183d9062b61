#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "jobs/document.h"
#include "jobs/types.h"

namespace fabrica::sites::local {

/// What the patterns of output paths may name.
struct OutputFacts {
  jobs::JobId job;
  std::string name;
  std::string node_name;
  std::optional<std::uint32_t> array_task;
};

struct OutputPaths {
  std::string output;  // absolute
  std::string error;   // absolute; the same as `output` where the two are one file
};

/// What the pattern of a job's paths may name, by the job's document as text: `task` is the place
/// in the array. Refused when the document cannot be read, or the array has no such task.
Result<OutputPaths> output_paths(std::string_view document, jobs::JobId job,
                                 const std::string& name, const std::string& node_name,
                                 std::uint32_t task);

/// Where a task's output goes: --output and --error with %j %x %N %u %A %a and the like filled in,
/// by default slurm-%j.out or slurm-%A_%a.out, beside the working directory when relative.
OutputPaths output_paths(const jobs::JobDocument& document, const OutputFacts& facts);

}  // namespace fabrica::sites::local
