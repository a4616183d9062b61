#include "json/read.h"

#include <gtest/gtest.h>

#include <ostream>

#include "base/limits.h"
#include "json/write.h"
#include "support/json_sample.h"

namespace fabrica::json {
namespace {

using json_sample::Colour;
using json_sample::JobId;
using json_sample::Named;
using json_sample::Point;
using json_sample::Shape;
using json_sample::Thing;

template <class T>
T good(std::string_view text) {
  const Result<T> value = read<T>(text);
  EXPECT_TRUE(value.has_value()) << text << ": " << value.error().text;
  return value.value_or(T{});
}

TEST(Read, Scalars) {
  EXPECT_EQ(good<bool>(" true "), true);
  EXPECT_EQ(good<std::int8_t>("-128"), -128);
  EXPECT_EQ(good<int>("-0"), 0);
  EXPECT_EQ(good<double>("-0.0"), 0.0);
  EXPECT_EQ(good<double>("7"), 7.0);
  EXPECT_EQ(good<double>("18446744073709551615"), 18446744073709551615.0);
  EXPECT_EQ(good<double>("1.25E-1"), 0.125);
  EXPECT_EQ(good<std::string>(R"("a\u00e9\n\/\ud83d\ude80")"), "aé\n/🚀");
  EXPECT_EQ(good<JobId>("12"), JobId{12});
  EXPECT_EQ(good<Time>(R"("2025-11-22T15:48:00.5+01:00")"), Time{1'763'822'880'500});
  EXPECT_EQ(good<Time>(R"("9999-12-31T23:59:59.999Z")"), never);
  EXPECT_EQ(good<Duration>("-5"), milliseconds(-5));
  EXPECT_EQ(good<ComputeTime>("3600000"), ComputeTime{3'600'000});
  EXPECT_EQ(good<CommandId>(R"("0000000000000001000000000000ABcd")"), (CommandId{1, 0xabcd}));
  EXPECT_EQ(good<Colour>(R"("blue")"), Colour::blue);
  EXPECT_EQ(good<std::optional<int>>("null"), std::nullopt);
}

TEST(Read, Containers) {
  EXPECT_EQ(good<std::vector<int>>("[ 1, 2 ]"), (std::vector<int>{1, 2}));
  EXPECT_EQ(good<std::vector<std::vector<int>>>("[[],[1]]"),
            (std::vector<std::vector<int>>{{}, {1}}));
  EXPECT_EQ(good<std::set<Colour>>(R"(["blue","red"])"),
            (std::set<Colour>{Colour::red, Colour::blue}));
  EXPECT_EQ((good<std::array<int, 2>>("[1,2]")), (std::array<int, 2>{1, 2}));
  EXPECT_EQ((good<std::map<JobId, int>>(R"({"10":1,"2":2,"0":3})")),
            (std::map<JobId, int>{{JobId{0}, 3}, {JobId{2}, 2}, {JobId{10}, 1}}));
  EXPECT_EQ(good<std::vector<int>>("[" + std::string(9999, ' ') + "]"), std::vector<int>{});
}

TEST(Read, ListsLongerThanAnyHint) {
  std::vector<int> numbers(100'000);
  for (int i = 0; i < 100'000; ++i) numbers[static_cast<std::size_t>(i)] = i;
  EXPECT_EQ(good<std::vector<int>>(to_json(numbers)), numbers);
}

TEST(Read, MembersInAnyOrderAndUnknownOnes) {
  const Point wanted{1, 2};
  EXPECT_EQ(good<Point>(R"({"x":1,"y":2})"), wanted);
  EXPECT_EQ(good<Point>(R"({"y":2,"x":1})"), wanted);
  EXPECT_EQ(good<Point>(R"({"z":{"x":9},"y":2,"a":[1,[2]],"x":1,"xx":0})"), wanted);
  // Unknown members may be there twice: nothing is taken from them.
  EXPECT_EQ(good<Point>(R"({"z":1,"z":2,"x":1,"y":2})"), wanted);
}

TEST(Read, TypeMayStandAnywhere) {
  EXPECT_EQ(good<Shape>(R"({"type":"Point","x":1,"y":2})"), (Shape{Point{1, 2}}));
  EXPECT_EQ(good<Shape>(R"({"x":1,"y":2,"type":"Point"})"), (Shape{Point{1, 2}}));
  EXPECT_EQ(good<Shape>(R"({"type":"Nothing"})"), Shape{});
  EXPECT_EQ(good<Thing>(R"({"type":"Named","name":"n"})"), (Thing{Shape{Named{"n", {}}}}));
  EXPECT_EQ(good<Thing>(R"({"type":"Money","minor_units":5,"currency":"EUR"})"),
            (Thing{Money{5, "EUR"}}));
}

struct Grown {
  int old = 0;
  int added = 7;
  std::optional<int> maybe = 8;
  std::vector<int> list{9};
  std::map<std::string, int> map;

  friend bool operator==(const Grown&, const Grown&) = default;
};
FABRICA_DESCRIBE(Grown, old, added, maybe, list, map)

TEST(Read, MissingMembersKeepTheirInitialiserWhereAllowed) {
  EXPECT_EQ(read<Grown>(R"({"old":1})", Missing::defaulted).value(), (Grown{1, 7, 8, {9}, {}}));
  EXPECT_EQ(read<Grown>(R"({"old":1,"added":2})").value(), (Grown{1, 2, 8, {9}, {}}));
  EXPECT_EQ(read<Grown>(R"({"old":1,"added":2,"maybe":null,"list":[]})").value(),
            (Grown{1, 2, {}, {}, {}}));
  EXPECT_FALSE(read<Grown>(R"({"old":1})").has_value());
}

TEST(Read, AlternativesByNameForTheCodecOfEvents) {
  const Document body = Document::parse(R"({"x":1})").value();
  EXPECT_EQ(read_alternative<Thing>("Point", body.root(), Missing::defaulted).value(),
            (Thing{Shape{Point{1, 0}}}));
  EXPECT_EQ(read_alternative<Thing>("Point", body.root(), Missing::refused).error().field, "/y");
  EXPECT_EQ(read_alternative<Thing>("Pint", body.root(), Missing::defaulted).error().field,
            "/type");
}

TEST(Read, PartsOfADocument) {
  const Document document = Document::parse(R"({"at":3,"body":{"x":1,"y":"no"}})").value();
  auto fields = document.root().fields();
  fields.next();
  EXPECT_EQ(read<Raw>(fields.value()).value().text, R"({"x":1,"y":"no"})");
  EXPECT_EQ(read<Point>(fields.value(), Missing::refused, "/body").error().field, "/body/y");
}

// Several documents may be open at once, of any sizes.
TEST(Read, DocumentsDoNotDisturbEachOther) {
  std::vector<Document> open;
  for (std::size_t i = 0; i < 20; ++i) {
    open.push_back(
        Document::parse(to_json(std::string(i * 1000, static_cast<char>('a' + i)))).value());
    EXPECT_EQ(good<int>("5"), 5);
  }
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(open[i].root().string(), std::string(i * 1000, static_cast<char>('a' + i)));
  }
}

struct Request {
  std::uint8_t hours = 0;
  std::string text;
  Colour colour = Colour::red;
  Time until;
  std::optional<double> share;
  std::vector<Point> points;
  std::array<int, 2> pair{};
  std::map<JobId, int> jobs;
  std::set<int> once;
  Sha256 document;
  std::optional<Shape> shape;
};
FABRICA_DESCRIBE(Request, hours, text, colour, until, share, points, pair, jobs, once, document,
                 shape)

struct Outer {
  Request proposal;
};
FABRICA_DESCRIBE(Outer, proposal)

struct Refused {
  std::string_view member;  // put in the place of the good one of this name
  std::string_view value;
  std::string_view pointer;
  std::string_view text;

  friend void PrintTo(const Refused& row, std::ostream* out) {
    *out << row.member << ": " << row.value;
  }
};

class ReadRefuses : public testing::TestWithParam<Refused> {};

TEST_P(ReadRefuses, WithPointerAndText) {
  std::string json;
  for (const auto& [name, value] :
       std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"hours", "1"},
           {"text", "\"\""},
           {"colour", "\"red\""},
           {"until", "\"2026-01-01T00:00:00Z\""},
           {"pair", "[1,2]"},
           {"document", "\"0000000000000000000000000000000000000000000000000000000000000000\""}}) {
    if (name != GetParam().member)
      json += (json.empty() ? "\"" : ",\"") + std::string(name) + "\":" + std::string(value);
  }
  if (!GetParam().value.empty())
    json += ",\"" + std::string(GetParam().member) + "\":" + std::string(GetParam().value);
  const Result<Outer> read_back = read<Outer>("{\"proposal\":{" + json + "}}");
  ASSERT_FALSE(read_back.has_value());
  EXPECT_EQ(read_back.error().code, refusal::invalid);
  EXPECT_EQ(read_back.error().field, GetParam().pointer);
  EXPECT_EQ(read_back.error().text, GetParam().text);
}

constexpr Refused refused_values[] = {
    {"hours", "", "/proposal/hours",
     "Add \"hours\" to /proposal, a whole number from 0 to 255: it is missing."},
    {"hours", "null", "/proposal/hours",
     "Give a whole number from 0 to 255 at /proposal/hours: found null."},
    {"hours", "256", "/proposal/hours",
     "Give a whole number from 0 to 255 at /proposal/hours: found 256."},
    {"hours", "-1", "/proposal/hours",
     "Give a whole number from 0 to 255 at /proposal/hours: found -1."},
    {"hours", "1.5", "/proposal/hours",
     "Give a whole number from 0 to 255 at /proposal/hours: found 1.5."},
    {"hours", "18446744073709551615", "/proposal/hours",
     "Give a whole number from 0 to 255 at /proposal/hours: found 18446744073709551615."},
    {"hours", "\"ten\"", "/proposal/hours",
     "Give a whole number from 0 to 255 at /proposal/hours: found \"ten\"."},
    {"hours", "true", "/proposal/hours",
     "Give a whole number from 0 to 255 at /proposal/hours: found true."},
    {"hours", "[1]", "/proposal/hours",
     "Give a whole number from 0 to 255 at /proposal/hours: found a list."},
    {"text", "5", "/proposal/text", "Give a string at /proposal/text: found 5."},
    {"text", "{}", "/proposal/text", "Give a string at /proposal/text: found an object."},
    {"colour", "\"pink\"", "/proposal/colour",
     "Give one of \"red\", \"green\" or \"blue\" at /proposal/colour: found \"pink\"."},
    {"colour", "\"Red\"", "/proposal/colour",
     "Give one of \"red\", \"green\" or \"blue\" at /proposal/colour: found \"Red\"."},
    {"colour", "\"a name that goes on and on, beyond what fits\"", "/proposal/colour",
     "Give one of \"red\", \"green\" or \"blue\" at /proposal/colour: "
     "found \"a name that goes on and on, beyond what …\"."},
    {"until", "\"tomorrow\"", "/proposal/until",
     "Give a time such as \"2026-11-22T14:48:00Z\" at /proposal/until: found \"tomorrow\"."},
    {"until", "\"9999-12-31T23:59:59-01:00\"", "/proposal/until",
     "Give a time such as \"2026-11-22T14:48:00Z\" at /proposal/until: found "
     "\"9999-12-31T23:59:59-01:00\"."},
    {"share", "\"0.5\"", "/proposal/share", "Give a number at /proposal/share: found \"0.5\"."},
    {"points", "{}", "/proposal/points", "Give a list at /proposal/points: found an object."},
    {"points", "[{\"x\":1,\"y\":2},{\"x\":1}]", "/proposal/points/1/y",
     "Add \"y\" to /proposal/points/1, a whole number from -2147483648 to 2147483647: it is "
     "missing."},
    {"points", "[{\"x\":1,\"y\":2,\"x\":1}]", "/proposal/points/0/x",
     "Give \"x\" once: it is there twice."},
    {"points", "[null]", "/proposal/points/0", "Give an object at /proposal/points/0: found null."},
    {"pair", "[1]", "/proposal/pair", "Give 2 entries in this list: found 1."},
    {"pair", "[1,2,\"x\"]", "/proposal/pair", "Give 2 entries in this list: found 3."},
    {"pair", "[1,2.0]", "/proposal/pair/1",
     "Give a whole number from -2147483648 to 2147483647 at /proposal/pair/1: found 2.0."},
    {"jobs", "{\"job-1\":2}", "/proposal/jobs/job-1",
     "Name this member by the number of an id (a whole number): found \"job-1\"."},
    {"jobs", "{\"01\":2}", "/proposal/jobs/01",
     "Name this member by the number of an id (a whole number): found \"01\"."},
    {"jobs", "{\"a/b~c\":2}", "/proposal/jobs/a~1b~0c",
     "Name this member by the number of an id (a whole number): found \"a/b~c\"."},
    {"jobs", "{\"1\":2,\"1\":2}", "/proposal/jobs/1", "Give \"1\" once: it is there twice."},
    {"once", "[1,2,1]", "/proposal/once/2",
     "Give each entry of this list once: this one is there twice."},
    {"document", "\"12\"", "/proposal/document",
     "Give a string of 64 hexadecimal digits at /proposal/document: found \"12\"."},
    {"shape", "{\"x\":1}", "/proposal/shape/type",
     "Add \"type\" to /proposal/shape, one of \"Nothing\", \"Point\" or \"Named\": it is missing."},
    {"shape", "{\"type\":\"Circle\"}", "/proposal/shape/type",
     "Give one of \"Nothing\", \"Point\" or \"Named\" as \"type\": found \"Circle\"."},
    {"shape", "{\"type\":3}", "/proposal/shape/type",
     "Give one of \"Nothing\", \"Point\" or \"Named\" at /proposal/shape/type: found 3."},
    {"shape", "7", "/proposal/shape",
     "Give an object with a \"type\" at /proposal/shape: found 7."},
};
INSTANTIATE_TEST_SUITE_P(Values, ReadRefuses, testing::ValuesIn(refused_values));

TEST(Read, RefusesTheDocumentItselfWithoutAPointer) {
  const Refusal refusal = read<Point>("[1]").error();
  EXPECT_EQ(refusal.field, "");
  EXPECT_EQ(refusal.text, "Give an object: found a list.");
  EXPECT_EQ(read<Point>("{}").error().text,
            "Add \"x\", a whole number from -2147483648 to 2147483647: it is missing.");
}

TEST(Read, RefusesTextThatIsNoJson) {
  const struct {
    std::string_view text;
    std::string_view refusal;
  } cases[] = {
      {"",
       "Correct the JSON text at line 1, column 1: expected a value, found the end of the text."},
      {"  ",
       "Correct the JSON text at line 1, column 3: expected a value, found the end of the text."},
      {"{\"a\":1,}",
       "Correct the JSON text at line 1, column 8: expected a name in double quotes, found \"}\"."},
      {"{'a':1}",
       "Correct the JSON text at line 1, column 2: expected a name in double quotes, found \"'\"."},
      {"{\n  \"a\" 1}", "Correct the JSON text at line 2, column 7: expected \":\", found \"1\"."},
      {"[1 2]", "Correct the JSON text at line 1, column 4: expected \",\" or \"]\", found \"2\"."},
      {"{\"a\":1",
       "Correct the JSON text at line 1, column 7: expected \",\" or \"}\", found the end of the "
       "text."},
      {"[1,]", "Correct the JSON text at line 1, column 4: expected a value, found \"]\"."},
      {"1 2",
       "Correct the JSON text at line 1, column 3: expected the end of the text, found \"2\"."},
      {"01",
       "Correct the JSON text at line 1, column 2: expected a number without leading zeros, found "
       "\"1\"."},
      {"1.",
       "Correct the JSON text at line 1, column 3: expected a digit, found the end of the text."},
      {"+1", "Correct the JSON text at line 1, column 1: expected a value, found \"+\"."},
      {"NaN", "Correct the JSON text at line 1, column 1: expected a value, found \"N\"."},
      {"tru",
       "Correct the JSON text at line 1, column 4: expected true, false or null, found the end of "
       "the text."},
      {"\"ab",
       "Correct the JSON text at line 1, column 4: expected a closing double quote, found the end "
       "of the text."},
      {"\"a\nb\"",
       "Correct the JSON text at line 1, column 3: expected no bare control character in a string, "
       "found byte 0x0A."},
      {"\"\\x\"",
       "Correct the JSON text at line 1, column 3: expected a known escape such as \\n, \\\" or "
       "\\u0041, found \"x\"."},
      {"\"\\u12\"",
       "Correct the JSON text at line 1, column 6: expected four hexadecimal digits, found "
       "\"\"\"."},
      {"\"\xFF\"", "Correct the JSON text at line 1, column 2: expected UTF-8, found byte 0xFF."},
      {"\xEF\xBB\xBF{}",
       "Correct the JSON text at line 1, column 1: expected a value, found \"\xEF\xBB\xBF\"."},
      // Right by the grammar, but beyond what can be kept exactly.
      {"\"\\ud800\"", ""},
      {"1e999", ""},
      {"99999999999999999999999", ""},
  };
  for (const auto& [text, wanted] : cases) {
    const Result<Raw> result = read<Raw>(text);
    ASSERT_FALSE(result.has_value()) << text;
    EXPECT_EQ(result.error().code, refusal::malformed) << text;
    if (!wanted.empty()) EXPECT_EQ(result.error().text, wanted);
    if (wanted.empty())
      EXPECT_TRUE(result.error().text.starts_with("Correct the JSON text: "))
          << result.error().text;
  }
}

TEST(Read, DepthAndSizeAreBounded) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + "1" + std::string(depth, ']');
  };
  EXPECT_TRUE(read<Raw>(nested(depth_max)).has_value());
  EXPECT_EQ(read<Raw>(nested(depth_max + 1)).error().text,
            "Correct the JSON text at line 1, column 66: expected at most 64 levels of nesting, "
            "found \"1\".");
  EXPECT_FALSE(read<Raw>(std::string(1'000'000, '[')).has_value());
  const std::string largest = "\"" + std::string(limits::document_bytes_max - 2, 'x') + "\"";
  EXPECT_TRUE(read<Raw>(largest).has_value());
  EXPECT_EQ(read<Raw>(largest + " ").error().code, refusal::too_large);
}

}  // namespace
}  // namespace fabrica::json
