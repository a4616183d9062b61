#pragma once

#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

/// The few things that the local site does with files: read a small one, write one so that it is
/// there whole or not at all, and hold a lock that ends with its process.
namespace fabrica::sites::local {

/// An open file descriptor, closed at the end of its life.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      close();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { close(); }

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  void close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }

 private:
  int number_ = -1;
};

/// What the operating system says about an error number, "No such file or directory".
std::string error_text(int error);

/// The whole of a file, refused as not_found, too_large (above `bytes_max`) or unavailable.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max);

/// Replaces or makes `directory/name` so that a reader sees the old text, the new one or none,
/// never a part. It may be lost with the power.
Result<void> write_whole(const std::filesystem::path& directory, std::string_view name,
                         std::string_view text);

/// Like write_whole, and when it returns, the file outlives a loss of power.
Result<void> write_durably(const std::filesystem::path& directory, std::string_view name,
                           std::string_view text);

/// A new file with these permissions, synced; its directory is not. Refused where it exists.
Result<void> create_synced(const std::filesystem::path& path, std::string_view text,
                           unsigned permissions);

/// Makes renames and new names within `directory` outlive a loss of power.
Result<void> sync_directory(const std::filesystem::path& directory);

/// True when something of that name is there.
bool is_there(const std::filesystem::path& path);

/// Writes all of `text`; false at the first error.
bool write_all(int fd, std::string_view text);

/// An exclusive lock on a file, held by one process at a time and gone with it, however it ends.
/// A child that is made by fork shares it until its exec.
class FileLock {
 public:
  /// Makes the file where it is missing. Nothing when another holds it or the file cannot be
  /// opened.
  static std::optional<FileLock> try_take(const std::filesystem::path& path);
  /// Looks without taking: false for a file that is not there.
  static bool is_held(const std::filesystem::path& path);

 private:
  explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace fabrica::sites::local
