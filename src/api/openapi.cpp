#include "api/openapi.h"

#include <fmt/format.h>

#include <map>
#include <string_view>
#include <vector>

#include "api/problem.h"
#include "api/router.h"
#include "api/routes.h"
#include "json/schema.h"
#include "json/write.h"

namespace fabrica::api {

namespace {

constexpr std::string_view description =
    "One way to the machines of many sites: calls, proposals and awards of compute time, jobs from "
    "ordinary "
    "sbatch scripts, and an account of every hour. Ids are whole numbers; in paths \"job-7\" is as "
    "good as \"7\". "
    "Amounts are milliseconds of one billing unit; times are RFC 3339 in UTC. Each POST may bear "
    "an "
    "Idempotency-Key: the same key with the same request is done once and answered alike. A page "
    "may hold fewer "
    "rows than asked for; there are more as long as it has a next_page_token. Problems are RFC "
    "9457.";

std::string quoted(std::string_view text) { return json::to_json(std::string(text)); }

std::string_view path_parameter_text(std::string_view name) {
  if (name == "site" || name == "partition" || name == "mode") return "Its slug.";
  if (name == "stream") return "stdout or stderr.";
  return "Its number, also with its kind before it, such as job-7.";
}

std::string parameters_of(const Route& route) {
  std::string list;
  const auto add = [&](std::string_view name, std::string_view in, bool required,
                       std::string_view text, std::string_view schema) {
    list += fmt::format(R"({}{{"name":{},"in":"{}","required":{},"description":{},"schema":{}}})",
                        list.empty() ? "" : ",", quoted(name), in, required, quoted(text), schema);
  };
  for (const Segment& segment : segments_of(route.path)) {
    if (segment.name.empty()) continue;
    const bool stream = segment.name == "stream";
    add(segment.name, "path", true, path_parameter_text(segment.name),
        stream ? R"({"type":"string","enum":["stdout","stderr"]})" : R"({"type":"string"})");
  }
  for (const Parameter& parameter : route.parameters) {
    add(parameter.name, parameter.in == In::query ? "query" : "header", false, parameter.about,
        parameter.schema);
  }
  if (route.method == net::Method::post && !std::holds_alternative<Looking>(route.handler)) {
    add("Idempotency-Key", "header", false, "Makes the request safe to send again.",
        R"({"type":"string","minLength":1,"maxLength":200})");
  }
  return list;
}

std::string content(std::string_view type, std::string_view schema) {
  return fmt::format(R"({{"{}":{{"schema":{}}}}})", type, schema);
}

std::string success(const Route& route, json::Schemas& schemas) {
  std::string text =
      fmt::format(R"("{}":{{"description":{})", route.status, quoted(net::reason_of(route.status)));
  if (route.answer != nullptr) {
    text += R"(,"content":)" + content("application/json", route.answer(schemas));
  } else if (route.status != 204) {
    const bool json = route.content_type == "application/json";
    text += R"(,"content":)" + content(route.content_type, json ? "{}" : R"({"type":"string"})");
  }
  return text + "}";
}

std::string responses_of(const Route& route, json::Schemas& schemas) {
  std::string list = success(route, schemas);
  const auto problem = [&](std::string_view status) {
    list += fmt::format(R"(,"{}":{{"$ref":"#/components/responses/Problem"}})", status);
  };
  const bool by_token = route.access == Access::token || route.access == Access::job;
  if (by_token) problem("401");
  if (route.access != Access::open) problem("403");
  if (route.path.find('{') != std::string_view::npos) problem("404");
  if (route.body != nullptr) problem("400");
  if (route.body != nullptr || !route.parameters.empty()) problem("422");
  problem("default");
  return list;
}

std::string operation_of(const Route& route, json::Schemas& schemas) {
  std::string text =
      fmt::format(R"({{"operationId":{},"tags":[{}],"summary":{})", quoted(route.operation),
                  quoted(route.area), quoted(route.summary));
  text += R"(,"parameters":[)" + parameters_of(route) + "]";
  if (route.body != nullptr) {
    text += R"(,"requestBody":{"required":true,"content":)" +
            content("application/json", route.body(schemas)) + "}";
  }
  text += R"(,"responses":{)" + responses_of(route, schemas) + "}";
  if (route.access != Access::token && route.access != Access::job) text += R"(,"security":[])";
  return text + "}";
}

std::string_view method_word(net::Method method) {
  switch (method) {
    case net::Method::post:
      return "post";
    case net::Method::put:
      return "put";
    case net::Method::remove:
      return "delete";
    default:
      return "get";
  }
}

}  // namespace

std::string openapi_document() {
  json::Schemas schemas;
  std::map<std::string_view, std::string> paths;
  for (const Route& route : routes()) {
    std::string& path = paths[route.path];
    path += fmt::format(R"({}"{}":{})", path.empty() ? "" : ",", method_word(route.method),
                        operation_of(route, schemas));
  }
  const std::string problem = schemas.reference<ProblemView>();
  std::string list;
  for (const auto& [path, operations] : paths) {
    list += fmt::format("{}{}:{{{}}}", list.empty() ? "" : ",", quoted(path), operations);
  }
  return fmt::format(
      R"({{"openapi":"3.1.0","info":{{"title":"Fabrica","version":"v1","summary":"The software an AI factory runs on.",)"
      R"("description":{},"license":{{"name":"Apache-2.0","identifier":"Apache-2.0"}}}},"servers":[{{"url":"/"}}],)"
      R"("security":[{{"token":[]}}],"paths":{{{}}},"components":{{"securitySchemes":{{"token":{{"type":"http",)"
      R"("scheme":"bearer"}}}},"responses":{{"Problem":{{"description":"What is wrong and what to do about it.",)"
      R"("content":{}}}}},"schemas":{}}}}})",
      quoted(description), list, content("application/problem+json", problem),
      schemas.components());
}

}  // namespace fabrica::api
