#include "sites/local/launch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <system_error>

#include "sites/local/signals.h"

namespace fabrica::sites::local {

namespace {

namespace fs = std::filesystem;

/// What the held process tells its holder.
struct Report {
  enum class Stage : std::uint8_t { ready, directory, streams, exec };
  Stage stage = Stage::ready;
  int error = 0;
};

constexpr std::size_t first_line_bytes_max = 4096;
constexpr int busy_tries = 200;

std::unexpected<Refusal> refuse_launch(std::string text) {
  return refuse(refusal::invalid, "", std::move(text));
}

std::string directory_text(const fs::path& directory, int error) {
  return fmt::format(
      "The working directory {} cannot be entered: {}. Make it, or name another with "
      "--chdir.",
      directory.string(), error_text(error));
}

// Checked before the output's directories are made: a working directory that is missing is a
// mistake to be told, not to be repaired by making it.
Result<void> check_directory(const fs::path& directory) {
  const Fd fd(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::faccessat(AT_FDCWD, directory.c_str(), X_OK, AT_EACCESS) != 0) {
    return refuse_launch(directory_text(directory, errno));
  }
  return {};
}

Result<Fd> open_output(const fs::path& path, bool append) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error) {
    return refuse_launch(fmt::format("The output directory {} cannot be made: {}.",
                                     path.parent_path().string(), error.message()));
  }
  // O_NONBLOCK: a pipe that nobody reads must not hold the supervisor up.
  const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  Fd fd(::open(path.c_str(), flags | (append ? 0 : O_TRUNC), 0666));
  if (!fd) {
    return refuse_launch(
        fmt::format("The output file {} cannot be opened: {}.", path.string(), error_text(errno)));
  }
  ::fcntl(fd.get(), F_SETFL, O_APPEND);
  return fd;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

[[noreturn]] void give_up(int report, Report::Stage stage, int error) {
  const Report message{stage, error};
  static_cast<void>(!::write(report, &message, sizeof message));
  ::_exit(127);
}

bool take_stream(int from, int to) {
  if (from != to) return ::dup2(from, to) == to;
  return ::fcntl(to, F_SETFD, 0) == 0;
}

// The life of the new process up to the script's first instruction.
[[noreturn]] void become_script(const ScriptPlan& plan, const Streams& streams, int report,
                                int go) {
  using Stage = Report::Stage;
  ::setsid();
  Report ready;
  if (plan.membership >= 0 && !write_all(plan.membership, "0")) ready.error = errno;
  if (::chdir(plan.working_directory.c_str()) != 0) give_up(report, Stage::directory, errno);
  if (plan.nice != 0) {
    static_cast<void>(::setpriority(PRIO_PROCESS, 0, plan.nice));
  }
  if (!take_stream(streams.input.get(), 0) || !take_stream(streams.output.get(), 1) ||
      !take_stream(streams.error.get(), 2)) {
    give_up(report, Stage::streams, errno);
  }
  std::vector<std::string> words{plan.script.string()};
  words.insert(words.end(), plan.arguments.begin(), plan.arguments.end());
  const std::vector<char*> arguments = pointers(words);
  const std::vector<char*> environment = pointers(plan.environment);

  static_cast<void>(!::write(report, &ready, sizeof ready));
  char word = 0;
  ssize_t got = 0;
  do {
    got = ::read(go, &word, 1);
  } while (got < 0 && errno == EINTR);
  if (got != 1) ::_exit(127);

  // A server may ignore or block signals; a script expects the defaults.
  reset_all_signals();
  for (int tried = 0; tried < busy_tries; ++tried) {
    ::execve(plan.script.c_str(), arguments.data(), environment.data());
    if (errno != ETXTBSY) break;
    // A child of the server still has the script open for writing, between its fork and its exec.
    const timespec pause{0, 10'000'000};
    ::nanosleep(&pause, nullptr);
  }
  give_up(report, Stage::exec, errno);
}

// Nothing when the process ended, or became the script, without a word.
std::optional<Report> read_report(const Fd& fd) {
  Report report;
  ssize_t got = 0;
  do {
    got = ::read(fd.get(), &report, sizeof report);
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(sizeof report)) return std::nullopt;
  return report;
}

std::string describe(const Report& report, const fs::path& directory) {
  const std::string why = error_text(report.error);
  switch (report.stage) {
    case Report::Stage::directory:
      return directory_text(directory, report.error);
    case Report::Stage::streams:
      return fmt::format("The script's streams cannot be connected: {}.", why);
    case Report::Stage::exec:
      if (report.error == ENOENT) {
        return "The interpreter in the script's first line is not on this machine. Change the line "
               "after #! to one that is.";
      }
      if (report.error == E2BIG) {
        return "The script's arguments and environment are too large for this machine. Pass less, "
               "for example with --export.";
      }
      return fmt::format("The script cannot be started: {}.", why);
    case Report::Stage::ready:
      break;
  }
  return "The script's process ended before it started.";
}

}  // namespace

Result<void> check_script(const fs::path& script) {
  const Fd fd(::open(script.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return refuse_launch(fmt::format("The script cannot be read: {}.", error_text(errno)));
  std::array<char, first_line_bytes_max> start{};
  const ssize_t got = ::read(fd.get(), start.data(), start.size());
  const std::string_view text(start.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  const std::string_view line = text.substr(0, text.find('\n'));
  if (!line.starts_with("#!") || line.find_first_not_of(" \t\r", 2) == std::string_view::npos) {
    return refuse_launch(
        "This does not look like a batch script: its first line must be #! and the path of an "
        "interpreter, for example #!/bin/bash.");
  }
  if (line.ends_with('\r')) {
    return refuse_launch(
        "The script has DOS line ends, which no interpreter accepts in the first line. Convert it, "
        "for example with dos2unix.");
  }
  return {};
}

Result<Streams> open_streams(const TaskSpec& spec) {
  const fs::path base = spec.working_directory;
  TRY_DONE(check_directory(base));
  Streams streams;
  const fs::path input = spec.input_path.empty() ? fs::path("/dev/null") : base / spec.input_path;
  streams.input = Fd(::open(input.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!streams.input) {
    return refuse_launch(
        fmt::format("The input file {} cannot be opened: {}.", input.string(), error_text(errno)));
  }
  ::fcntl(streams.input.get(), F_SETFL, 0);
  const fs::path output =
      spec.output_path.empty() ? fs::path("/dev/null") : base / spec.output_path;
  TRY(streams.output, open_output(output, spec.append));
  if (spec.error_path.empty() || base / spec.error_path == output) {
    streams.error = Fd(::fcntl(streams.output.get(), F_DUPFD_CLOEXEC, 3));
  } else {
    TRY(streams.error, open_output(base / spec.error_path, spec.append));
  }
  return streams;
}

Result<HeldScript> HeldScript::start(const ScriptPlan& plan, const Streams& streams) {
  std::array<int, 2> report{};
  std::array<int, 2> go{};
  if (::pipe2(report.data(), O_CLOEXEC) != 0 || ::pipe2(go.data(), O_CLOEXEC) != 0) {
    return refuse_launch(fmt::format("No pipe can be made: {}.", error_text(errno)));
  }
  Fd report_read(report[0]);
  Fd report_write(report[1]);
  Fd go_read(go[0]);
  Fd go_write(go[1]);
  const pid_t pid = ::fork();
  if (pid < 0) {
    return refuse_launch(fmt::format("No process can be made: {}.", error_text(errno)));
  }
  if (pid == 0) {
    // Our own copy of the other end would keep us waiting for a holder that is gone.
    go_write.close();
    report_read.close();
    become_script(plan, streams, report_write.get(), go_read.get());
  }
  report_write.close();
  const auto ready = read_report(report_read);
  if (!ready || ready->stage != Report::Stage::ready) {
    return refuse_launch(describe(ready.value_or(Report{}), plan.working_directory));
  }
  HeldScript script(pid, std::move(report_read), std::move(go_write));
  script.joined_cgroup_ = plan.membership >= 0 && ready->error == 0;
  return script;
}

Result<void> HeldScript::release() {
  if (!write_all(go_.get(), "g")) return refuse_launch(describe(Report{}, {}));
  go_.close();
  // The pipe closes on exec: no word means that the script runs.
  if (const auto report = read_report(report_)) return refuse_launch(describe(*report, {}));
  return {};
}

}  // namespace fabrica::sites::local
