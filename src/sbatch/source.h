#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/describe.h"

/// sbatch scripts read by Slurm's own rules (22.05): what a job asks for, who said it where, and
/// what is wrong with it. Pure functions of the text; nothing here opens a file or reads a clock.
namespace fabrica::sbatch {

/// Who gave an option, weakest first: a #SBATCH line yields to a SBATCH_* variable, that to the
/// command line.
enum class Origin : std::uint8_t { directive, environment, command_line };
FABRICA_DESCRIBE_ENUM(Origin, directive, environment, command_line)

/// Where something was written. In a script: line and column from 1, columns in bytes. On the
/// command line and in the environment: line 0, and the number of the argument or variable, from 1.
struct Place {
  Origin origin = Origin::directive;
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  friend bool operator==(const Place&, const Place&) = default;
};
FABRICA_DESCRIBE(Place, origin, line, column)

/// An error refuses the job; a warning says that it may not do what its author thinks; a remark is
/// good to know.
enum class Severity : std::uint8_t { remark, warning, error };
FABRICA_DESCRIBE_ENUM(Severity, remark, warning, error)

struct Diagnostic {
  Severity severity = Severity::error;
  Place place;
  std::string option;  // "--time", empty when no option is concerned
  std::string text;    // what is wrong, a whole sentence
  std::string hint;    // what to do about it, may be empty

  friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};
FABRICA_DESCRIBE(Diagnostic, severity, place, option, text, hint)

/// "line 4, column 9: error: --time: …; …" as people read it.
std::string to_string(const Diagnostic& diagnostic);

/// Collects diagnostics in the order they were found, limits::sbatch_diagnostics_max at most: the
/// last one then says that there are more. An error beyond that still counts.
class Findings {
 public:
  void error(Place place, std::string option, std::string text, std::string hint = {});
  void warning(Place place, std::string option, std::string text, std::string hint = {});
  void remark(Place place, std::string option, std::string text, std::string hint = {});

  bool ok() const { return !error_; }

  /// Nothing more is taken; looking for more is of no use.
  bool full() const { return full_; }

  /// What was found, by place: script, environment, command line.
  std::vector<Diagnostic> take() { return std::move(found_); }

 private:
  void add(Diagnostic diagnostic);

  std::vector<Diagnostic> found_;
  bool error_ = false;
  bool full_ = false;
};

}  // namespace fabrica::sbatch
