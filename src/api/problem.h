#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/describe.h"
#include "base/result.h"
#include "net/http.h"
#include "sbatch/source.h"

namespace fabrica::api {

/// The route is there, but not for this method.
inline constexpr RefusalCode method_not_allowed{"method_not_allowed", 405};
/// A job's script, options or environment hold mistakes; each is listed with its place.
inline constexpr RefusalCode bad_script{"bad_script", 422};

/// A mistake, or a warning, in what a job was submitted with. `line` and `column` count from 1; on
/// the command line and in the environment the line is 0 and the column is the number of the
/// argument or variable.
struct DiagnosticView {
  sbatch::Severity severity = sbatch::Severity::error;
  sbatch::Origin origin = sbatch::Origin::directive;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string option;
  std::string text;
  std::string hint;

  friend bool operator==(const DiagnosticView&, const DiagnosticView&) = default;
};
FABRICA_DESCRIBE(DiagnosticView, severity, origin, line, column, option, text, hint)

DiagnosticView view_of(const sbatch::Diagnostic& diagnostic);
std::vector<DiagnosticView> views_of(const std::vector<sbatch::Diagnostic>& diagnostics);

/// Why a request is not answered with what it asked for.
struct Problem {
  Problem(Refusal why) : refusal(std::move(why)) {}  // every Refusal is one
  Problem(Refusal why, std::vector<DiagnosticView> places)
      : refusal(std::move(why)), errors(std::move(places)) {}

  Refusal refusal;
  std::vector<DiagnosticView> errors;
};

template <class T>
using Answer = std::expected<T, Problem>;

/// The answer to whoever may not know whether a thing is there: the same as when it is not.
/// `what` is the word in the path, such as "job-7".
std::unexpected<Refusal> no_such(std::string_view kind, std::string_view what);

/// A problem as it goes over the wire (RFC 9457).
struct ProblemView {
  std::string type = "about:blank";
  std::string title;
  std::uint16_t status = 500;
  std::string detail;
  std::string instance;
  std::string code;
  std::optional<std::string> field;  // a JSON pointer into the body, or a parameter's name
  std::optional<std::vector<DiagnosticView>> errors;
  std::string request_id;
};
FABRICA_DESCRIBE(ProblemView, type, title, status, detail, instance, code, field, errors,
                 request_id)

/// `instance` is the path that was asked for.
ProblemView view_of(const Problem& problem, std::string_view instance, std::string_view request_id);

net::Response response_of(const Problem& problem, std::string_view instance,
                          std::string_view request_id);

}  // namespace fabrica::api
