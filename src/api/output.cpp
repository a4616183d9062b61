#include "api/output.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace fabrica::api {

namespace {

class OpenFile {
 public:
  explicit OpenFile(int number) : number_(number) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

std::unexpected<Refusal> unreadable(int error) {
  return refuse(
      refusal::unavailable, "",
      fmt::format("The output file cannot be read: {}.", std::generic_category().message(error)));
}

}  // namespace

Result<std::string> read_output(const std::filesystem::path& file, std::uint64_t offset,
                                std::size_t bytes_max) {
  // Not to be held up by what only looks like a file.
  const OpenFile open(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (open.number() < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::string();
    return unreadable(errno);
  }
  struct stat status{};
  if (::fstat(open.number(), &status) != 0) return unreadable(errno);
  if (!S_ISREG(status.st_mode)) {
    return refuse(refusal::conflict, "",
                  "The job's output does not go to a regular file, so there is nothing to read.");
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (offset >= size) return std::string();
  std::string bytes(std::min<std::uint64_t>(bytes_max, size - offset), '\0');
  const ssize_t got =
      ::pread(open.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
  if (got < 0) return unreadable(errno);
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

TaskStanding standing_of(const store::JobView& job, std::uint32_t task) {
  TaskStanding standing;
  const auto found = std::ranges::find(job.task_list, task, &store::TaskView::task);
  if (found != job.task_list.end()) {
    standing.started = found->started.has_value();
    standing.ended = found->ended.has_value();
  }
  standing.ended = standing.ended || job.phase == jobs::JobPhase::ended;
  return standing;
}

}  // namespace fabrica::api
