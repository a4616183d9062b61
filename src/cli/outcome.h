#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "base/describe.h"
#include "base/result.h"

/// How a command ends: with an exit code, or with a failure that says what, why and what to do.
namespace fabrica::cli {

/// Stable: scripts may rely on them. `fabrica --help` lists them.
namespace exit_code {
inline constexpr int ok = 0;
inline constexpr int failed = 1;  // the thing itself failed: a job, a verification, a simulated run
inline constexpr int usage = 2;   // the command line, or a file it names
inline constexpr int refused = 3;      // the server said no
inline constexpr int unreachable = 4;  // no answer, or a server in trouble
inline constexpr int unauthorised = 5;
inline constexpr int interrupted = 130;
}  // namespace exit_code

/// A mistake or a warning in what a job is submitted with, as the server reports it: line and
/// column from 1; on the command line and in the environment the line is 0 and the column is the
/// number of the option or variable.
struct ScriptFinding {
  std::string severity;
  std::string origin;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string option;
  std::string text;
  std::string hint;
};
FABRICA_DESCRIBE(ScriptFinding, severity, origin, line, column, option, text, hint)

/// What findings point into.
struct ScriptSource {
  std::string file;  // as the person named it
  std::string text;
  std::vector<std::string> options;    // sbatch options of the command line
  std::vector<std::string> variables;  // names, in the order of the environment that was sent
};

struct Failure {
  /// A refusal of this program itself, or of the connection.
  Failure(Refusal refusal);
  Failure(int code, std::string what) : exit_code(code), text(std::move(what)) {}

  int exit_code = exit_code::failed;
  std::string code;   // the server's word for the reason
  std::string field;  // what to change, where one thing is at fault
  std::string text;
  std::string hint;
  std::string request_id;
  std::vector<ScriptFinding> findings;
  ScriptSource source;  // of the findings
};

template <class T>
using Outcome = std::expected<T, Failure>;

inline std::unexpected<Failure> usage_failure(std::string text, std::string hint = {}) {
  Failure failure(exit_code::usage, std::move(text));
  failure.hint = std::move(hint);
  return std::unexpected(std::move(failure));
}

/// Reads an answer that is no success: problem+json, or anything else. `body` is what came.
Failure failure_of_answer(std::uint16_t status, const std::string& body);

}  // namespace fabrica::cli
