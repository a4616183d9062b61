#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string_view>

#include "base/result.h"
#include "jobs/types.h"

namespace fabrica::store {

/// One of a task's two outputs, in one of its runs.
struct OutputStream {
  jobs::JobId job;
  std::uint32_t number = 0;  // of the task in its array; zero: no array
  bool error = false;
  std::uint32_t attempt = 1;
  std::uint32_t run = 0;
};

/// What jobs at sites elsewhere print, as they send it piece by piece: in `output/` of the data
/// directory, a file a task and stream, its runs one after the other. Any thread.
///
/// Not synced: a sender goes on where `take` says, so that after a crash of the machine what was
/// lost is sent again, as long as the job lives.
class SentOutput {
 public:
  explicit SentOutput(std::filesystem::path directory) : directory_(std::move(directory)) {}

  std::filesystem::path file(jobs::JobId job, std::uint32_t number, bool error) const;

  struct Taken {
    std::uint64_t next = 0;  // from which byte of this run to go on
    bool full = false;       // limits::sent_output_bytes_max: no more is kept
  };
  /// Adds what is new of `bytes`, which begin at `offset` of this run. Refused as unavailable when
  /// it cannot be written.
  Result<Taken> take(const OutputStream& stream, std::uint64_t offset, std::string_view bytes);

 private:
  std::filesystem::path directory_;
  std::array<std::mutex, 16> mutexes_;  // by job
};

}  // namespace fabrica::store
