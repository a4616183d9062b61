#include "json/schema.h"

#include <gtest/gtest.h>

#include "json/value.h"
#include "support/json_sample.h"

namespace fabrica::json {
namespace {

using json_sample::Colour;
using json_sample::JobId;

template <class T>
std::string schema() {
  return Schemas().reference<T>();
}

TEST(Schema, TypesWithoutAName) {
  const struct {
    std::string made;
    std::string_view wanted;
  } cases[] = {
      {schema<bool>(), R"({"type":"boolean"})"},
      {schema<std::uint8_t>(), R"({"type":"integer","minimum":0,"maximum":255})"},
      {schema<std::int32_t>(), R"({"type":"integer","minimum":-2147483648,"maximum":2147483647})"},
      {schema<std::int64_t>(), R"({"type":"integer","format":"int64"})"},
      {schema<std::uint64_t>(), R"({"type":"integer","format":"uint64","minimum":0})"},
      {schema<double>(), R"({"type":"number","format":"double"})"},
      {schema<std::string>(), R"({"type":"string"})"},
      {schema<JobId>(),
       R"({"type":"integer","format":"uint64","minimum":0,"description":"number of a job"})"},
      {schema<Time>(), R"({"type":"string","format":"date-time"})"},
      {schema<Duration>(), R"({"type":"integer","format":"int64","description":"milliseconds"})"},
      {schema<ComputeTime>(),
       R"({"type":"integer","format":"int64","description":"milliseconds of one billing unit"})"},
      {schema<Digest>(), R"({"type":"string","pattern":"^[0-9a-fA-F]{32}$"})"},
      {schema<Sha256>(), R"({"type":"string","pattern":"^[0-9a-fA-F]{64}$"})"},
      {schema<Raw>(), "{}"},
      {schema<std::vector<bool>>(), R"({"type":"array","items":{"type":"boolean"}})"},
      {schema<std::set<bool>>(),
       R"({"type":"array","items":{"type":"boolean"},"uniqueItems":true})"},
      {schema<std::array<bool, 3>>(),
       R"({"type":"array","items":{"type":"boolean"},"minItems":3,"maxItems":3})"},
      {schema<std::map<std::string, bool>>(),
       R"({"type":"object","additionalProperties":{"type":"boolean"}})"},
      {schema<std::map<Colour, bool>>(),
       R"({"type":"object","additionalProperties":{"type":"boolean"},)"
       R"("propertyNames":{"enum":["red","green","blue"]}})"},
      {schema<std::optional<bool>>(), R"({"anyOf":[{"type":"boolean"},{"type":"null"}]})"},
  };
  for (const auto& [made, wanted] : cases) EXPECT_EQ(made, wanted);
}

TEST(Schema, StructsAndEnumsAreComponents) {
  Schemas schemas;
  EXPECT_EQ(schemas.reference<Colour>(), R"({"$ref":"#/components/schemas/Colour"})");
  EXPECT_EQ(schemas.reference<json_sample::Named>(), R"({"$ref":"#/components/schemas/Named"})");
  EXPECT_EQ(
      schemas.components(),
      R"({"Colour":{"type":"string","enum":["red","green","blue"]},)"
      R"("Named":{"type":"object","properties":{"name":{"type":"string"},)"
      R"("corners":{"type":"array","items":{"$ref":"#/components/schemas/Point"}}},"required":["name"]},)"
      R"("Point":{"type":"object","properties":{"x":{"type":"integer","minimum":-2147483648,)"
      R"("maximum":2147483647},"y":{"type":"integer","minimum":-2147483648,"maximum":2147483647}},)"
      R"("required":["x","y"]}})");
}

TEST(Schema, VariantsAreOneOfByType) {
  Schemas schemas;
  EXPECT_EQ(
      schemas.reference<std::vector<json_sample::Shape>>(),
      R"({"type":"array","items":{"oneOf":[{"$ref":"#/components/schemas/TypedNothing"},)"
      R"({"$ref":"#/components/schemas/TypedPoint"},{"$ref":"#/components/schemas/TypedNamed"}],)"
      R"("discriminator":{"propertyName":"type","mapping":{"Nothing":"#/components/schemas/TypedNothing",)"
      R"("Point":"#/components/schemas/TypedPoint","Named":"#/components/schemas/TypedNamed"}}}})");
  const Value components = Value::parse(schemas.components()).value();
  EXPECT_EQ(components.get("Nothing").text(), R"({"type":"object"})");
  EXPECT_EQ(
      components.get("TypedPoint").text(),
      R"({"allOf":[{"$ref":"#/components/schemas/Point"},)"
      R"({"type":"object","properties":{"type":{"type":"string","const":"Point"}},"required":["type"]}]})");
}

// All that a component refers to is a component too, whatever is asked for first.
TEST(Schema, IsCompleteAndDoesNotDependOnTheOrder) {
  Schemas forward;
  forward.reference<json_sample::Everything>();
  forward.reference<json_sample::Thing>();
  Schemas backward;
  backward.reference<json_sample::Thing>();
  backward.reference<Colour>();
  backward.reference<json_sample::Everything>();
  const std::string components = forward.components();
  EXPECT_EQ(backward.components(), components);
  const Value parsed = Value::parse(components).value();
  const std::string_view prefix = "#/components/schemas/";
  std::size_t references = 0;
  for (std::size_t at = components.find(prefix); at != std::string::npos;
       at = components.find(prefix, at)) {
    at += prefix.size();
    const std::string name = components.substr(at, components.find('"', at) - at);
    EXPECT_TRUE(parsed.get(name).exists()) << name;
    ++references;
  }
  EXPECT_GT(references, 15U);
}

template <class T>
struct Page {
  std::vector<T> rows;
  std::string next;
};
struct Job {
  int id = 0;
};
FABRICA_DESCRIBE(Job, id)
using JobPage = Page<Job>;
FABRICA_DESCRIBE(JobPage, rows, next)

TEST(Schema, TemplatesAreNamedAfterTheirArguments) {
  EXPECT_EQ(schema<JobPage>(), R"({"$ref":"#/components/schemas/Page_Job"})");
}

namespace other {
struct Point {
  int z = 0;
};
FABRICA_DESCRIBE(Point, z)
}  // namespace other

TEST(SchemaDeath, TwoTypesOfOneName) {
  Schemas schemas;
  schemas.reference<json_sample::Point>();
  EXPECT_DEATH(schemas.reference<other::Point>(), "two types of the API have the same name: Point");
}

}  // namespace
}  // namespace fabrica::json
