#include "cli/outcome.h"

#include <fmt/core.h>

#include <optional>

#include "json/read.h"

namespace fabrica::cli {

namespace {

// The parts of RFC 9457 and of ours that people need.
struct ProblemBody {
  std::string detail;
  std::string code;
  std::optional<std::string> field;
  std::optional<std::string> hint;
  std::optional<std::vector<ScriptFinding>> errors;
  std::optional<std::string> request_id;
};
FABRICA_DESCRIBE(ProblemBody, detail, code, field, hint, errors, request_id)

constexpr std::size_t strange_answer_bytes_max = 200;

int exit_code_of(std::uint16_t status) {
  if (status == 401 || status == 403) return exit_code::unauthorised;
  if (status >= 400 && status < 500) return exit_code::refused;
  return exit_code::unreachable;
}

std::string advice(std::uint16_t status) {
  if (status == 401) {
    return "Give a token that is good: --token-file FILE, or FABRICA_TOKEN; an administrator makes "
           "one with "
           "`fabrica token create`.";
  }
  if (status == 403) return "Ask somebody with that role, or for a token of theirs.";
  if (status >= 500) return "Try again in a moment; if it stays, look into the server's log.";
  return {};
}

}  // namespace

Failure::Failure(Refusal refusal)
    : exit_code(refusal.code == refusal::unavailable ? exit_code::unreachable : exit_code::usage),
      code(refusal.code.name),
      field(std::move(refusal.field)),
      text(std::move(refusal.text)) {}

Failure failure_of_answer(std::uint16_t status, const std::string& body) {
  Failure failure(exit_code_of(status), {});
  failure.hint = advice(status);
  Result<ProblemBody> problem = json::read<ProblemBody>(body, json::Missing::defaulted);
  if (!problem || problem->detail.empty()) {
    failure.text = fmt::format("The server answered with status {}: {}", status,
                               body.substr(0, strange_answer_bytes_max));
    return failure;
  }
  failure.code = std::move(problem->code);
  failure.text = std::move(problem->detail);
  failure.field = std::move(problem->field).value_or("");
  if (problem->hint) failure.hint = *std::move(problem->hint);
  failure.findings = std::move(problem->errors).value_or(std::vector<ScriptFinding>());
  failure.request_id = std::move(problem->request_id).value_or("");
  return failure;
}

}  // namespace fabrica::cli
