#include "sites/local/step_streams.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

namespace fabrica::sites::local {

namespace {

constexpr std::size_t block_bytes = 65'536;
// A line longer than this is passed on in pieces.
constexpr std::size_t line_bytes_max = 1'048'576;
constexpr std::size_t width_max = 10;

std::optional<std::uint32_t> task_number(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole ? std::optional(number) : std::nullopt;
}

std::unexpected<Refusal> refuse_stream(std::string_view what, std::string_view path, int error) {
  return refuse(refusal::unavailable, "",
                fmt::format("{} {} cannot be opened: {}.", what, path, error_text(error)));
}

std::string padded(std::string value, std::size_t width) {
  const bool number = value.find_first_not_of("0123456789") == std::string::npos;
  if (number && value.size() < width) value.insert(0, width - value.size(), '0');
  return value;
}

}  // namespace

std::string fill_pattern(std::string_view pattern, const Allocation& allocation, std::uint32_t step,
                         std::uint32_t task) {
  const std::string job = fmt::to_string(allocation.job_number);
  const std::map<char, std::string> values{
      {'t', fmt::to_string(task)},
      {'n', "0"},
      {'N', allocation.node_name},
      {'j', job},
      {'J', fmt::format("{}.{}", job, step)},
      {'s', fmt::to_string(step)},
      {'x', allocation.job_name},
      {'u', allocation.user},
      {'A', allocation.array_job.empty() ? job : allocation.array_job},
      {'a', allocation.array_task.empty() ? "4294967294" : allocation.array_task},
      {'%', "%"},
  };
  std::string out;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    std::size_t letter = at + 1;
    while (letter < pattern.size() && pattern[letter] >= '0' && pattern[letter] <= '9') ++letter;
    const auto value =
        pattern[at] == '%' && letter < pattern.size() ? values.find(pattern[letter]) : values.end();
    if (value == values.end()) {
      out += pattern[at];
      continue;
    }
    const auto width = task_number(pattern.substr(at + 1, letter - at - 1)).value_or(0);
    out += padded(value->second, std::min<std::size_t>(width, width_max));
    at = letter;
  }
  return out;
}

Result<StepStreams> StepStreams::open(const StepRequest& request, const Allocation& allocation,
                                      std::uint32_t step) {
  StepStreams streams;
  streams.tasks_.resize(request.tasks);
  for (std::uint32_t task = 0; task < request.tasks; ++task) {
    TRY_DONE(streams.open_outputs(request, allocation, step, task));
    TRY_DONE(streams.open_input(request, allocation, step, task));
  }
  return streams;
}

// The file that a pattern leads to, opened once however many tasks write to it; srun's own stream
// for an empty pattern, `all`, and the number of this very task.
Result<int> StepStreams::open_sink(const std::string& pattern, int own, bool append,
                                   const Allocation& allocation, std::uint32_t step,
                                   std::uint32_t task) {
  if (pattern.empty() || pattern == "all") return own;
  std::string path = pattern;
  if (const auto only = task_number(pattern)) {
    if (*only == task) return own;
    path = "none";
  }
  path = path == "none" ? "/dev/null" : fill_pattern(path, allocation, step, task);
  const auto known = files_.find(path);
  if (known != files_.end()) return known->second.get();
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (append ? 0 : O_TRUNC);
  Fd file(::open(path.c_str(), flags, 0666));
  if (!file) return refuse_stream("The output file", path, errno);
  return files_.emplace(path, std::move(file)).first->second.get();
}

Result<void> StepStreams::open_outputs(const StepRequest& request, const Allocation& allocation,
                                       std::uint32_t step, std::uint32_t task) {
  TRY(int output, open_sink(request.output, 1, request.append, allocation, step, task));
  // Errors follow the output unless they are told where to go.
  const bool together = request.error.empty() && !request.output.empty();
  const std::string& pattern = together ? request.output : request.error;
  TRY(int error, open_sink(pattern, together ? 1 : 2, request.append, allocation, step, task));
  if (request.label) {
    TRY(output, labelled_end(output, task, request.tasks));
    TRY(error, labelled_end(error, task, request.tasks));
  }
  tasks_[task].output = output;
  tasks_[task].error = error;
  return {};
}

Result<int> StepStreams::labelled_end(int sink, std::uint32_t task, std::uint32_t tasks) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return refuse_stream("A pipe", "", errno);
  const std::size_t width = fmt::to_string(tasks - 1).size();
  labelled_.push_back({Fd(ends[0]), sink, fmt::format("{:>{}}: ", task, width), ""});
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  task_ends_.emplace_back(ends[1]);
  return ends[1];
}

Result<int> StepStreams::null_input() {
  Fd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!file) return refuse_stream("The input file", "/dev/null", errno);
  return task_ends_.emplace_back(std::move(file)).get();
}

Result<int> StepStreams::fed_end() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return refuse_stream("A pipe", "", errno);
  ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
  fed_.push_back({Fd(ends[1]), 0});
  input_ended_ = false;
  task_ends_.emplace_back(ends[0]);
  return ends[0];
}

// Every task reads all of srun's input. One task alone can have it as it is, a plain file can be
// opened again by each; anything else is read here and passed on to all.
Result<void> StepStreams::open_input(const StepRequest& request, const Allocation& allocation,
                                     std::uint32_t step, std::uint32_t task) {
  const std::string& pattern = request.input;
  const bool own = pattern.empty() || pattern == "all";
  const auto only = own ? std::nullopt : task_number(pattern);
  int& input = tasks_[task].input;
  if (pattern == "none" || (only && *only != task)) {
    TRY(input, null_input());
    return {};
  }
  if ((own && request.tasks == 1) || only) {
    input = 0;
    return {};
  }
  std::string path = "/proc/self/fd/0";
  if (own) {
    struct stat status{};
    const bool again = ::fstat(0, &status) == 0 &&
                       (S_ISREG(status.st_mode) || S_ISCHR(status.st_mode)) && ::isatty(0) == 0;
    if (!again) {
      TRY(input, fed_end());
      return {};
    }
  } else {
    path = fill_pattern(pattern, allocation, step, task);
  }
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return refuse_stream("The input file", path, errno);
  // From where srun's caller has read to.
  if (own) ::lseek(file.get(), std::max<off_t>(::lseek(0, 0, SEEK_CUR), 0), SEEK_SET);
  input = task_ends_.emplace_back(std::move(file)).get();
  return {};
}

bool StepStreams::enter_task(std::uint32_t task) const {
  const TaskEnds& ends = tasks_[task];
  return ::dup2(ends.input, 0) == 0 && ::dup2(ends.output, 1) == 1 && ::dup2(ends.error, 2) == 2;
}

void StepStreams::close_task_ends() { task_ends_.clear(); }

StepStreams::Wish StepStreams::wish() const {
  Wish wish;
  for (const Labelled& stream : labelled_) {
    if (stream.from) wish.reading.push_back(stream.from.get());
  }
  bool all_fed = true;
  for (const Fed& task : fed_) {
    if (!task.to || task.written == input_block_.size()) continue;
    wish.writing.push_back(task.to.get());
    all_fed = false;
  }
  // The slowest task sets the pace: one block at a time is held.
  if (!fed_.empty() && all_fed && !input_ended_) wish.reading.push_back(0);
  return wish;
}

void StepStreams::move_input() {
  bool all_fed = true;
  for (Fed& task : fed_) {
    if (!task.to) continue;
    const std::string_view rest = std::string_view(input_block_).substr(task.written);
    const ssize_t wrote = rest.empty() ? 0 : ::write(task.to.get(), rest.data(), rest.size());
    if (wrote > 0) task.written += static_cast<std::size_t>(wrote);
    // A task that reads no more needs no more.
    if (wrote < 0 && errno != EAGAIN && errno != EINTR) task.to.close();
    if (task.to && task.written < input_block_.size()) all_fed = false;
  }
  if (!all_fed || input_ended_) return;
  input_block_.resize(block_bytes);
  const ssize_t got = ::read(0, input_block_.data(), input_block_.size());
  input_block_.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  for (Fed& task : fed_) task.written = 0;
  if (got > 0 || (got < 0 && errno == EINTR)) return;
  input_ended_ = true;
  for (Fed& task : fed_) task.to.close();
}

void StepStreams::move_output() {
  std::string block(block_bytes, '\0');
  for (Labelled& stream : labelled_) {
    if (!stream.from) continue;
    const ssize_t got = ::read(stream.from.get(), block.data(), block.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0) {
      stream.from.close();
      continue;
    }
    stream.pending.append(block, 0, static_cast<std::size_t>(got));
    std::string lines;
    std::size_t done = 0;
    for (std::size_t end = stream.pending.find('\n'); end != std::string::npos;
         end = stream.pending.find('\n', done)) {
      lines += stream.label;
      lines.append(stream.pending, done, end + 1 - done);
      done = end + 1;
    }
    stream.pending.erase(0, done);
    if (stream.pending.size() > line_bytes_max) {
      lines += stream.label + std::exchange(stream.pending, {}) + "\n";
    }
    write_all(stream.to, lines);
  }
}

bool StepStreams::is_open() const {
  return std::any_of(labelled_.begin(), labelled_.end(),
                     [](const Labelled& stream) { return static_cast<bool>(stream.from); });
}

void StepStreams::finish() {
  for (Labelled& stream : labelled_) {
    if (stream.pending.empty()) continue;
    write_all(stream.to, stream.label + std::exchange(stream.pending, {}) + "\n");
  }
}

}  // namespace fabrica::sites::local
