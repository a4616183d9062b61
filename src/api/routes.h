#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/call.h"
#include "api/order.h"
#include "json/schema.h"
#include "net/http.h"

/// The one table of what the API offers: requests are served from it, and the OpenAPI document is
/// written from it.
namespace fabrica::api {

/// Answers at once, from the read tables.
using Looking = Answer<net::Response> (*)(Call& call);

/// Gives the writer one command and answers when it is durable.
struct Ordering {
  Answer<Order> (*order)(Call& call);
  Answer<net::Response> (*answer)(Call& call, const Reply& reply);
};

/// Waits for something else. Takes what it needs by value, as every coroutine does.
using Waiting = net::Awaitable<net::Response> (*)(Call call);

enum class Access : std::uint8_t {
  token,     // only with a bearer token
  open,      // to all
  loopback,  // to all on this machine
  job,       // only with the token of the job in the path, for the attempt in the query
};

enum class In : std::uint8_t { query, header };

struct Parameter {
  std::string_view name;
  std::string_view about;
  std::string_view schema = R"({"type":"string"})";
  In in = In::query;
};

/// Writes the schema of a described type.
using SchemaOf = std::string (*)(json::Schemas& schemas);
template <class T>
std::string schema_of(json::Schemas& schemas) {
  return schemas.reference<T>();
}

struct Route {
  net::Method method = net::Method::get;  // HEAD is answered as GET
  std::string_view path;                  // "/v1/sites/{site}:drain"
  std::string_view operation;             // "drainSite", once
  std::string_view area;
  std::string_view summary;
  std::variant<Looking, Ordering, Waiting> handler;
  std::vector<Parameter> parameters = {};
  SchemaOf body = nullptr;
  std::uint16_t status = 200;  // when all is well
  SchemaOf answer = nullptr;
  std::string_view content_type = "application/json";  // of an answer without a schema
  Access access = Access::token;
};

/// All routes.
std::span<const Route> routes();

// Those of one area each.
std::vector<Route> federation_routes();
std::vector<Route> site_check_routes();
std::vector<Route> ledger_routes();
std::vector<Route> calls_routes();
std::vector<Route> jobs_routes();
std::vector<Route> batch_routes();
std::vector<Route> outlook_routes();
std::vector<Route> output_routes();
std::vector<Route> own_word_routes();
std::vector<Route> log_routes();
std::vector<Route> access_routes();
std::vector<Route> server_routes();

// Parameters that many routes have.
inline constexpr std::string_view whole_number =
    R"({"type":"integer","format":"uint64","minimum":0})";
inline constexpr std::string_view yes_or_no = R"({"type":"boolean"})";
/// Longest time that a long poll waits.
inline constexpr std::uint64_t wait_seconds_max = 60;
inline constexpr std::string_view wait_schema = R"({"type":"integer","minimum":0,"maximum":60})";
inline constexpr Parameter limit_parameter{
    "limit", "At most so many rows; fewer may come.",
    R"({"type":"integer","minimum":1,"maximum":1000,"default":100})"};
inline constexpr Parameter page_parameter{
    "page_token", "The next_page_token of the page before, for the next one."};

/// The parameters of a list, before its own.
std::vector<Parameter> list_parameters(std::vector<Parameter> own = {});

}  // namespace fabrica::api
