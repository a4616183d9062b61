#include "store/sent_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <optional>
#include <system_error>

#include "base/limits.h"

namespace fabrica::store {

namespace {

namespace fs = std::filesystem;

std::uint64_t size_of_output(const fs::path& file) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  return error ? 0 : size;
}

// Where each run begins in the file stands beside it, a line a run.
fs::path runs_beside(const fs::path& file) { return file.string() + ".runs"; }

std::optional<std::uint64_t> begin_of_run(const fs::path& file, const OutputStream& stream) {
  std::ifstream runs(runs_beside(file));
  std::uint32_t attempt = 0;
  std::uint32_t run = 0;
  std::uint64_t begin = 0;
  std::optional<std::uint64_t> found;
  while (runs >> attempt >> run >> begin) {
    if (attempt == stream.attempt && run == stream.run) found = begin;
  }
  return found;
}

std::unexpected<Refusal> unwritable(const fs::path& file, int error) {
  return refuse(refusal::unavailable, "",
                fmt::format("{} cannot be written: {}.", file.string(),
                            std::generic_category().message(error)));
}

Result<void> append(const fs::path& file, std::uint64_t at, std::string_view bytes) {
  const int descriptor =
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  if (descriptor < 0) return unwritable(file, errno);
  ssize_t written = 0;
  while (!bytes.empty() && written >= 0) {
    written = ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written <= 0) break;
    at += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  const int error = errno;
  ::close(descriptor);
  if (!bytes.empty()) return unwritable(file, error);
  return {};
}

}  // namespace

fs::path SentOutput::file(jobs::JobId job, std::uint32_t number, bool error) const {
  return directory_ / fmt::to_string(job.value) /
         fmt::format("{}.{}", number, error ? "stderr" : "stdout");
}

Result<SentOutput::Taken> SentOutput::take(const OutputStream& stream, std::uint64_t offset,
                                           std::string_view bytes) {
  const std::lock_guard lock(mutexes_.at(stream.job.value % mutexes_.size()));
  const fs::path path = file(stream.job, stream.number, stream.error);
  std::uint64_t size = size_of_output(path);
  std::optional<std::uint64_t> begin = begin_of_run(path, stream);
  if (!begin) {
    std::error_code ignored;  // what is wrong shows when the file is written
    fs::create_directories(path.parent_path(), ignored);
    begin = size;
    std::ofstream(runs_beside(path), std::ios::app)
        << fmt::format("{} {} {}\n", stream.attempt, stream.run, size);
  }
  Taken taken{size < *begin ? 0 : size - *begin, size >= limits::sent_output_bytes_max};
  if (taken.full || offset > taken.next) return taken;
  bytes.remove_prefix(std::min<std::uint64_t>(bytes.size(), taken.next - offset));
  bytes = bytes.substr(0, limits::sent_output_bytes_max - size);
  TRY_DONE(append(path, *begin + taken.next, bytes));
  taken.next += bytes.size();
  size += bytes.size();
  taken.full = size >= limits::sent_output_bytes_max;
  return taken;
}

}  // namespace fabrica::store
