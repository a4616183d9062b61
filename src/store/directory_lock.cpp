#include "store/directory_lock.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <thread>
#include <utility>

namespace fabrica::store {

namespace {

constexpr auto try_interval = std::chrono::milliseconds(20);
constexpr int tries_max = 150;

}  // namespace

Result<DirectoryLock> DirectoryLock::take(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / "lock";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  for (int tries = 0; file >= 0 && tries < tries_max; ++tries) {
    if (::flock(file, LOCK_EX | LOCK_NB) == 0) return DirectoryLock(file);
    std::this_thread::sleep_for(try_interval);
  }
  if (file >= 0) ::close(file);
  return refuse(
      refusal::unavailable, "data_directory",
      fmt::format("{} cannot be locked: another fabricad uses this data directory, or it is not "
                  "writable. Stop the other one or choose another directory with --data.",
                  path.string()));
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept
    : file_(std::exchange(other.file_, -1)) {}

DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

DirectoryLock::~DirectoryLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace fabrica::store
