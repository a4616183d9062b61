#include "api/problem.h"

#include <fmt/core.h>

#include "json/write.h"

namespace fabrica::api {

DiagnosticView view_of(const sbatch::Diagnostic& diagnostic) {
  return {diagnostic.severity,     diagnostic.place.origin, diagnostic.place.line,
          diagnostic.place.column, diagnostic.option,       diagnostic.text,
          diagnostic.hint};
}

std::vector<DiagnosticView> views_of(const std::vector<sbatch::Diagnostic>& diagnostics) {
  std::vector<DiagnosticView> views;
  views.reserve(diagnostics.size());
  for (const sbatch::Diagnostic& diagnostic : diagnostics) views.push_back(view_of(diagnostic));
  return views;
}

std::unexpected<Refusal> no_such(std::string_view kind, std::string_view what) {
  return refuse(refusal::not_found, std::string(kind),
                fmt::format("There is no {} {} that you may see.", kind, what.substr(0, 60)));
}

ProblemView view_of(const Problem& problem, std::string_view instance,
                    std::string_view request_id) {
  const Refusal& refusal = problem.refusal;
  ProblemView view;
  view.title = net::reason_of(refusal.code.http_status);
  view.status = refusal.code.http_status;
  view.detail = refusal.text;
  view.instance = instance;
  view.code = refusal.code.name;
  if (!refusal.field.empty()) view.field = refusal.field;
  if (!problem.errors.empty()) view.errors = problem.errors;
  view.request_id = request_id;
  return view;
}

net::Response response_of(const Problem& problem, std::string_view instance,
                          std::string_view request_id) {
  net::Response response;
  response.status = problem.refusal.code.http_status;
  response.content_type = "application/problem+json";
  response.body = json::to_json(view_of(problem, instance, request_id));
  if (response.status == 401) response.headers.add("WWW-Authenticate", "Bearer realm=\"fabrica\"");
  if (response.status == 503 || response.status == 429) response.headers.add("Retry-After", "2");
  return response;
}

}  // namespace fabrica::api
