#include "api/openapi.h"

#include <gtest/gtest.h>

#include <set>

#include "api/router.h"
#include "api/routes.h"
#include "json/value.h"

namespace fabrica::api {
namespace {

json::Value document() {
  static const std::string text = openapi_document();
  return *json::Value::parse(text);
}

std::string escaped(std::string_view path) {
  std::string pointer;
  for (const char c : path) pointer += c == '/' ? "~1" : std::string(1, c);
  return pointer;
}

std::string word_of(net::Method method) {
  std::string word(net::to_string(method));
  for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return word;
}

TEST(OpenApi, EveryRouteIsInIt) {
  std::size_t operations = 0;
  for (const auto& [path, methods] : document().get("paths").members())
    operations += methods.members().size();
  EXPECT_EQ(operations, routes().size());
  std::set<std::string_view> names;
  for (const Route& route : routes()) {
    EXPECT_TRUE(names.insert(route.operation).second) << route.operation;
    const json::Value operation =
        document().at(fmt::format("/paths/{}/{}", escaped(route.path), word_of(route.method)));
    EXPECT_EQ(operation.get("operationId").text(), route.operation);
    EXPECT_FALSE(operation.get("summary").text().empty()) << route.operation;
    EXPECT_TRUE(operation.at(fmt::format("/responses/{}", route.status)).exists())
        << route.operation;
    EXPECT_EQ(operation.get("requestBody").exists(), route.body != nullptr) << route.operation;
    EXPECT_EQ(operation.get("security").exists(),
              route.access != Access::token && route.access != Access::job)
        << route.operation;
  }
}

void expect_references_resolve(const json::Value& value) {
  for (const auto& [name, member] : value.members()) {
    if (name == "$ref") {
      const std::string target = member.text();
      ASSERT_TRUE(target.starts_with("#/"));
      EXPECT_TRUE(document().at(target.substr(1)).exists()) << target;
    }
    expect_references_resolve(member);
  }
  for (const json::Value& item : value.items()) expect_references_resolve(item);
}

TEST(OpenApi, AllReferencesResolve) { expect_references_resolve(document()); }

TEST(OpenApi, IsTheSameEachTime) { EXPECT_EQ(openapi_document(), openapi_document()); }

TEST(Router, FindsTheRouteOfAPath) {
  const Router router(routes());
  const struct {
    net::Method method;
    std::string_view path;
    std::string_view operation;
    std::string_view argument;
  } cases[] = {
      {net::Method::get, "/v1/jobs", "listJobs", ""},
      {net::Method::head, "/v1/jobs", "listJobs", ""},
      {net::Method::post, "/v1/jobs:plan", "planJob", ""},
      {net::Method::get, "/v1/jobs/7", "showJob", "7"},
      {net::Method::put, "/v1/jobs/7", "putJob", "7"},
      {net::Method::get, "/v1/jobs/7/logs/stdout", "showOutput", "7"},
      {net::Method::post, "/v1/sites/a%3Adrain:drain", "drainSite", "a:drain"},
      {net::Method::get, "/v1/sites/:drain", "showSite", ":drain"},
      {net::Method::post, "/v1/sites/:drain", "", ""},
      {net::Method::get, "/v1/jobs%2F7", "", ""},
      {net::Method::get, "//v1/jobs", "", ""},
  };
  for (const auto& [method, path, operation, argument] : cases) {
    const net::Target target = net::parse_target(path).value_or(net::Target{});
    const Router::Match match = router.find(method, target.path);
    EXPECT_EQ(match.route ? routes()[*match.route].operation : "", operation) << path;
    if (!match.route || argument.empty()) continue;
    Call call;
    call.request.path = target.path;
    call.captures = match.captures;
    EXPECT_EQ(call.argument(), argument) << path;
  }
}

}  // namespace
}  // namespace fabrica::api
