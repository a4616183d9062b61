#pragma once

#include <filesystem>

#include "base/result.h"

namespace fabrica::store {

/// One process at a time writes to a data directory. The kernel lets the lock go with the process,
/// whatever its end.
class DirectoryLock {
 public:
  /// Refused (`unavailable`) when another process has it, after waiting three seconds: a server
  /// that was killed while it started a child leaves one that has the lock until it runs its own
  /// program.
  static Result<DirectoryLock> take(const std::filesystem::path& directory);

  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&& other) noexcept;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int file) : file_(file) {}
  int file_ = -1;
};

}  // namespace fabrica::store
