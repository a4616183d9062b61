#include "sites/local/files.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace fabrica::sites::local {

namespace {

constexpr std::size_t read_bytes = 16'384;

std::unexpected<Refusal> refuse_file(std::string_view what, const std::filesystem::path& path,
                                     int error) {
  return refuse(error == ENOENT ? refusal::not_found : refusal::unavailable, "",
                fmt::format("{} {}: {}.", what, path.string(), error_text(error)));
}

// Two writers of one name never share a temporary file: the process and a counter are in its name.
std::string temporary_name(std::string_view name) {
  static std::atomic<unsigned> counter{0};
  return fmt::format(".{}.{}.{}", name, ::getpid(), counter.fetch_add(1));
}

Result<void> write_new(const std::filesystem::path& path, std::string_view text, unsigned mode,
                       bool durable) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd) return refuse_file("Cannot make", path, errno);
  if (!write_all(fd.get(), text)) return refuse_file("Cannot write", path, errno);
  if (durable && ::fsync(fd.get()) != 0) return refuse_file("Cannot sync", path, errno);
  return {};
}

Result<void> replace(const std::filesystem::path& directory, std::string_view name,
                     std::string_view text, bool durable) {
  const std::filesystem::path temporary = directory / temporary_name(name);
  const std::filesystem::path target = directory / name;
  if (Result<void> written = write_new(temporary, text, 0600, durable); !written) {
    ::unlink(temporary.c_str());
    return written;
  }
  if (::rename(temporary.c_str(), target.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    return refuse_file("Cannot put in place", target, error);
  }
  return durable ? sync_directory(directory) : Result<void>{};
}

struct flock whole_file(short type) {
  struct flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

std::string error_text(int error) {
  return std::error_code(error, std::generic_category()).message();
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return refuse_file("Cannot read", path, errno);
  std::string text;
  // Files of /proc have no size to ask for, so it is read until it ends.
  while (text.size() <= bytes_max) {
    const std::size_t had = text.size();
    text.resize(had + read_bytes);
    const ssize_t got = ::read(fd.get(), text.data() + had, text.size() - had);
    text.resize(had + (got > 0 ? static_cast<std::size_t>(got) : 0));
    if (got == 0) return text;
    if (got < 0 && errno != EINTR) return refuse_file("Cannot read", path, errno);
  }
  return refuse(refusal::too_large, "",
                fmt::format("{} has more than {} bytes.", path.string(), bytes_max));
}

Result<void> write_whole(const std::filesystem::path& directory, std::string_view name,
                         std::string_view text) {
  return replace(directory, name, text, false);
}

Result<void> write_durably(const std::filesystem::path& directory, std::string_view name,
                           std::string_view text) {
  return replace(directory, name, text, true);
}

Result<void> create_synced(const std::filesystem::path& path, std::string_view text,
                           unsigned permissions) {
  return write_new(path, text, permissions, true);
}

Result<void> sync_directory(const std::filesystem::path& directory) {
  const Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return refuse_file("Cannot open", directory, errno);
  if (::fsync(fd.get()) != 0) return refuse_file("Cannot sync", directory, errno);
  return {};
}

bool is_there(const std::filesystem::path& path) {
  return ::faccessat(AT_FDCWD, path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(fd, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

// An open-file-description lock, not flock(2): it can be looked at without being taken, so that a
// look never keeps a supervisor from its own task.
std::optional<FileLock> FileLock::try_take(const std::filesystem::path& path) {
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return std::nullopt;
  struct flock lock = whole_file(F_WRLCK);
  if (::fcntl(fd.get(), F_OFD_SETLK, &lock) != 0) return std::nullopt;
  return FileLock(std::move(fd));
}

bool FileLock::is_held(const std::filesystem::path& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return false;
  struct flock lock = whole_file(F_WRLCK);
  return ::fcntl(fd.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace fabrica::sites::local
