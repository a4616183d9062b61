#include "cli/terminal.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace fabrica::cli {

namespace {

constexpr int exit_code_broken_pipe = 141;  // as the shell reports a death by SIGPIPE
constexpr std::uint64_t bar_cells = 30;
constexpr std::int64_t redraw_after_ms = 100;

std::string_view escape_of(Paint paint) {
  switch (paint) {
    case Paint::bold:
      return "\x1b[1m";
    case Paint::dim:
      return "\x1b[2m";
    case Paint::red:
      return "\x1b[31m";
    case Paint::green:
      return "\x1b[32m";
    case Paint::yellow:
      return "\x1b[33m";
    case Paint::none:
      break;
  }
  return {};
}

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread, never set
  return value == nullptr ? std::string_view() : value;
}

std::size_t columns_of(int descriptor) {
  winsize size{};
  if (::isatty(descriptor) == 0 || ::ioctl(descriptor, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

std::int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

std::string painted(bool on, Paint paint, std::string_view text) {
  if (!on || paint == Paint::none || text.empty()) return std::string(text);
  return fmt::format("{}{}\x1b[0m", escape_of(paint), text);
}

Terminal Terminal::look(bool no_colour, bool quiet) {
  const bool allowed = !no_colour && variable("NO_COLOR").empty() && variable("TERM") != "dumb";
  Terminal terminal;
  terminal.colour_out = allowed && ::isatty(STDOUT_FILENO) != 0;
  terminal.colour_err = allowed && ::isatty(STDERR_FILENO) != 0;
  terminal.progress = !quiet && ::isatty(STDERR_FILENO) != 0 && variable("TERM") != "dumb";
  terminal.quiet = quiet;
  terminal.columns = columns_of(STDOUT_FILENO);
  return terminal;
}

void Terminal::print(std::string_view text) const {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
    return;
  std::_Exit(exit_code_broken_pipe);
}

void Terminal::note(std::string_view line) const {
  if (!quiet) fmt::print(stderr, "{}\n", line);
}

Progress::Progress(const Terminal& terminal, std::string title)
    : on_(terminal.progress), title_(std::move(title)) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
}

void Progress::show(std::uint64_t done, std::uint64_t all) {
  if (!on_) return;
  const std::int64_t now = steady_ms();
  if (drawn_ && now - drawn_at_ms_ < redraw_after_ms) return;
  drawn_at_ms_ = now;
  drawn_ = true;
  fmt::print(stderr, "\r{}\x1b[K", progress_line(title_, done, all));
  std::fflush(stderr);
}

std::string progress_line(std::string_view title, std::uint64_t done, std::uint64_t all) {
  const std::uint64_t part = all == 0 ? bar_cells : std::min(bar_cells, done * bar_cells / all);
  std::string bar;
  for (std::uint64_t cell = 0; cell < bar_cells; ++cell) bar += cell < part ? "█" : "░";
  const std::uint64_t percent = all == 0 ? 100 : std::min<std::uint64_t>(100, done * 100 / all);
  return fmt::format("{}  {} {:>3}%  {}/{}", title, bar, percent, done, all);
}

}  // namespace fabrica::cli
