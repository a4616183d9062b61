#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// What can be shown where: colour and progress on terminals only.
namespace fabrica::cli {

enum class Paint : std::uint8_t { none, bold, dim, red, green, yellow };

/// `text` between the escape sequences for a terminal, or as it is when `on` is false.
std::string painted(bool on, Paint paint, std::string_view text);

struct Terminal {
  bool colour_out = false;
  bool colour_err = false;
  bool progress = false;  // standard error is a terminal, and nobody asked to be quiet
  bool quiet = false;
  std::size_t columns = 0;  // of standard output; 0: not a terminal

  /// Looks at the two streams. Colour is off with --no-color, NO_COLOR (no-color.org) or a dumb
  /// terminal.
  static Terminal look(bool no_colour, bool quiet);

  std::string out(Paint paint, std::string_view text) const {
    return painted(colour_out, paint, text);
  }
  std::string err(Paint paint, std::string_view text) const {
    return painted(colour_err, paint, text);
  }

  /// Prints to standard output, and ends the process with 141 like any other command of a pipe when
  /// nobody reads any more.
  void print(std::string_view text) const;

  /// A line for the person to standard error; nothing when quiet.
  void note(std::string_view line) const;
};

/// A bar on standard error that is drawn over itself; nothing where that is no terminal. Gone when
/// this is destroyed.
class Progress {
 public:
  Progress(const Terminal& terminal, std::string title);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Draws at most ten times a second.
  void show(std::uint64_t done, std::uint64_t all);

 private:
  bool on_;
  std::string title_;
  std::int64_t drawn_at_ms_ = 0;
  bool drawn_ = false;
};

/// "checking  ████████░░░░ 66% 2000/3000", without escapes.
std::string progress_line(std::string_view title, std::uint64_t done, std::uint64_t all);

}  // namespace fabrica::cli
