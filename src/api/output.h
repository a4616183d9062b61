#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"
#include "jobs/types.h"
#include "store/views.h"

namespace fabrica::api {

/// Up to `bytes_max` bytes of a regular file from `offset` on; none where the file is not there or
/// ends before that. Refused when it is no regular file or cannot be read.
Result<std::string> read_output(const std::filesystem::path& file, std::uint64_t offset,
                                std::size_t bytes_max);

/// How far a task has come: what it wrote before it started is not its own, and what it has not
/// written when it has ended will never come.
struct TaskStanding {
  bool started = false;
  bool ended = false;
};
TaskStanding standing_of(const store::JobView& job, std::uint32_t task);

}  // namespace fabrica::api
