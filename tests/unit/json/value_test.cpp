#include "json/value.h"

#include <gtest/gtest.h>

namespace fabrica::json {
namespace {

const std::string reply =
    R"({"jobs":[{"id":1,"name":"a"},{"id":2,"name":null}],"total":2,"share":0.5,"open":true,)"
    R"("a/b":{"~":"tilde"},"big":18446744073709551615,"":"empty"})";

TEST(Value, IsFoundByPointer) {
  const Value value = Value::parse(reply).value();
  const struct {
    std::string_view pointer;
    std::string_view text;
  } cases[] = {
      {"/jobs/0/id", "1"},
      {"/jobs/0", R"({"id":1,"name":"a"})"},
      {"/jobs/0/name", "a"},
      {"/jobs/1/name", ""},
      {"/a~1b/~0", "tilde"},
      {"/big", "18446744073709551615"},
      {"/share", "0.5"},
      {"/open", "true"},
      {"/", "empty"},
      {"/jobs/2", ""},
      {"/jobs/x", ""},
      {"/jobs/-1", ""},
      {"/jobs/0/id/deeper", ""},
      {"/nothing/at/all", ""},
      {"total", ""},
  };
  for (const auto& [pointer, text] : cases) EXPECT_EQ(value.at(pointer).text(), text) << pointer;
  EXPECT_EQ(value.at("").text(), reply);
}

TEST(Value, SaysWhatItIs) {
  const Value value = Value::parse(reply).value();
  EXPECT_EQ(value.get("total").as_int(), 2);
  EXPECT_EQ(value.get("total").as_double(), 2.0);
  EXPECT_EQ(value.get("share").as_double(), 0.5);
  EXPECT_EQ(value.get("share").as_int(), std::nullopt);
  EXPECT_EQ(value.get("big").as_int(), std::nullopt);
  EXPECT_EQ(value.get("open").as_bool(), true);
  EXPECT_EQ(value.get("open").as_string(), std::nullopt);
  EXPECT_EQ(value.at("/jobs/0/name").as_string(), "a");
  EXPECT_TRUE(value.at("/jobs/1/name").exists());
  EXPECT_FALSE(value.at("/jobs/1/nam").exists());
  EXPECT_EQ(value.at("/jobs/1/nam").kind(), Kind::null);
  EXPECT_FALSE(Value{}.get("x").exists());
}

TEST(Value, KeepsTheOrderOfMembers) {
  std::string names;
  for (const auto& [name, member] : Value::parse(R"({"z":1,"a":[2],"m":{}})").value().members()) {
    names += name + "=" + member.text() + ";";
  }
  EXPECT_EQ(names, "z=1;a=[2];m={};");
  EXPECT_TRUE(Value::parse("[1]").value().members().empty());
  EXPECT_TRUE(Value::parse("{}").value().items().empty());
}

TEST(Value, OutlivesTheValueItCameFrom) {
  Value name;
  {
    const std::vector<Value> jobs = Value::parse(reply).value().get("jobs").items();
    name = jobs.at(0).get("name");
  }
  EXPECT_EQ(Value::parse("[\"other\"]").value().at("/0").text(), "other");
  EXPECT_EQ(name.text(), "a");
}

TEST(Value, RefusesWhatIsNoJson) { EXPECT_EQ(Value::parse("[").error().code, refusal::malformed); }

}  // namespace
}  // namespace fabrica::json
