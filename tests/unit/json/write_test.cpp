#include "json/write.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/json_sample.h"

namespace fabrica::json {
namespace {

using namespace std::string_literals;
using json_sample::Colour;
using json_sample::JobId;
using json_sample::Named;
using json_sample::Point;
using json_sample::Shape;
using json_sample::Thing;

TEST(Write, Numbers) {
  EXPECT_EQ(to_json(true), "true");
  EXPECT_EQ(to_json(std::int8_t{-128}), "-128");
  EXPECT_EQ(to_json(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(to_json(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(to_json(0.1), "0.1");
  EXPECT_EQ(to_json(1.0), "1");
  EXPECT_EQ(to_json(-0.0), "-0.0");
  EXPECT_EQ(to_json(1e15), "1000000000000000");
  // Longer integers would not be read back: they go beyond 64 bits.
  EXPECT_EQ(to_json(std::ldexp(1.0, 70)), "1.1805916207174113e+21");
  EXPECT_EQ(to_json(5e-324), "5e-324");
  EXPECT_EQ(to_json(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
}

TEST(WriteDeath, NumbersThatJsonDoesNotHave) {
  EXPECT_DEATH(to_json(std::nan("")), "JSON has no infinity");
  EXPECT_DEATH(to_json(std::numeric_limits<double>::infinity()), "JSON has no infinity");
}

TEST(Write, Strings) {
  const struct {
    std::string text;
    std::string json;
  } cases[] = {
      {"", R"("")"},
      {"plain", R"("plain")"},
      {"exactly8", R"("exactly8")"},
      {"a longer text that needs several words", R"("a longer text that needs several words")"},
      {"say \"hello\"", R"("say \"hello\"")"},
      {"C:\\dir", R"("C:\\dir")"},
      {"a\nb\tc\rd\be\ff", R"("a\nb\tc\rd\be\ff")"},
      {"\x01\x1F\x7F"s, "\"\\u0001\\u001f\x7F\""},
      {"nul\0byte"s, R"("nul\u0000byte")"},
      {"Jülich, 東京, 🚀", R"("Jülich, 東京, 🚀")"},
      {"/slash stays/", R"("/slash stays/")"},
      // What is no UTF-8 becomes U+FFFD, one for each part that could not be read.
      {"a\xFF"s + "b", "\"a\xEF\xBF\xBD"s + "b\""},
      {"\xE2\x82", "\"\xEF\xBF\xBD\""},
      {"\xC0\xAF", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
      {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
      {"\xF4\x90\x80\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
  };
  for (const auto& [text, json] : cases) EXPECT_EQ(to_json(text), json);
}

// The escape is found wherever it stands in an eight-byte step.
TEST(Write, EscapesAtEveryPlace) {
  for (std::size_t size = 1; size < 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, '!');
      text[at] = '"';
      std::string json = "\"" + text + "\"";
      json.insert(at + 1, "\\");
      EXPECT_EQ(to_json(text), json);
    }
  }
}

TEST(Write, TimesAndAmounts) {
  EXPECT_EQ(to_json(Time{0}), R"("1970-01-01T00:00:00.000Z")");
  EXPECT_EQ(to_json(Time{-1}), R"("1969-12-31T23:59:59.999Z")");
  EXPECT_EQ(to_json(Time{1'763'822'880'123}), R"("2025-11-22T14:48:00.123Z")");
  EXPECT_EQ(to_json(never), R"("9999-12-31T23:59:59.999Z")");
  EXPECT_EQ(to_json(hours(-2)), "-7200000");
  EXPECT_EQ(to_json(ComputeTime{3'600'000}), "3600000");
  EXPECT_DEATH(to_json(Time{253'402'300'800'000}), "outside the years");
  EXPECT_DEATH(to_json(Time{-62'167'219'200'001}), "outside the years");
}

TEST(Write, IdsAndDigests) {
  EXPECT_EQ(to_json(JobId{4211}), "4211");
  EXPECT_EQ(to_json(CommandId{1, 0xabcdef}), R"("00000000000000010000000000abcdef")");
  EXPECT_EQ(to_json(Digest{~0ULL, 0}), R"("ffffffffffffffff0000000000000000")");
  Sha256 sha256;
  sha256.bytes.front() = std::byte{0x0A};
  sha256.bytes.back() = std::byte{0xF5};
  EXPECT_EQ(to_json(sha256), "\"0a" + std::string(60, '0') + "f5\"");
}

TEST(Write, Enums) {
  EXPECT_EQ(to_json(Colour::green), R"("green")");
  EXPECT_DEATH(to_json(static_cast<Colour>(17)), "outside its description");
}

TEST(Write, Containers) {
  EXPECT_EQ(to_json(std::vector<int>{}), "[]");
  EXPECT_EQ(to_json(std::vector<int>{1, -2}), "[1,-2]");
  EXPECT_EQ(to_json(std::vector<bool>{true, false}), "[true,false]");
  EXPECT_EQ(to_json(std::vector<std::vector<int>>{{}, {1}}), "[[],[1]]");
  EXPECT_EQ(to_json(std::set<Colour>{Colour::blue, Colour::red}), R"(["red","blue"])");
  EXPECT_EQ(to_json(std::array<int, 2>{7, 8}), "[7,8]");
  EXPECT_EQ(to_json(std::optional<int>{}), "null");
  EXPECT_EQ(to_json(std::map<std::string, int>{}), "{}");
  EXPECT_EQ(to_json(std::map<std::string, int>{{"a\"", 1}, {"b", 2}}), R"({"a\"":1,"b":2})");
  EXPECT_EQ(to_json(std::map<JobId, int>{{JobId{2}, 1}}), R"({"2":1})");
  EXPECT_EQ(to_json(std::map<Colour, int>{{Colour::blue, 1}}), R"({"blue":1})");
}

struct Optionals {
  std::optional<int> first;
  std::optional<int> second;
  std::optional<std::string> third;
};
FABRICA_DESCRIBE(Optionals, first, second, third)

TEST(Write, EmptyOptionalMembersAreLeftOut) {
  EXPECT_EQ(to_json(Optionals{}), "{}");
  EXPECT_EQ(to_json(Optionals{1, {}, {}}), R"({"first":1})");
  EXPECT_EQ(to_json(Optionals{{}, {}, "x"}), R"({"third":"x"})");
  EXPECT_EQ(to_json(Optionals{1, 2, "x"}), R"({"first":1,"second":2,"third":"x"})");
}

TEST(Write, StructsAndVariants) {
  EXPECT_EQ(to_json(Point{1, -2}), R"({"x":1,"y":-2})");
  EXPECT_EQ(to_json(json_sample::Nothing{}), "{}");
  EXPECT_EQ(to_json(Shape{}), R"({"type":"Nothing"})");
  EXPECT_EQ(to_json(Shape{Named{"n", {{1, 2}}}}),
            R"({"type":"Named","name":"n","corners":[{"x":1,"y":2}]})");
  EXPECT_EQ(to_json(Thing{Shape{Point{1, 2}}}), R"({"type":"Point","x":1,"y":2})");
  EXPECT_EQ(to_json(Thing{Money{5, "EUR"}}),
            R"({"type":"Money","minor_units":5,"currency":"EUR"})");
  EXPECT_EQ(alternative_name(Thing{Shape{Point{}}}), "Point");
}

TEST(Write, RawIsWrittenAsItStands) {
  EXPECT_EQ(to_json(std::vector<Raw>{Raw{"{\"a\": 1}"}, Raw{"null"}}), "[{\"a\": 1},null]");
  EXPECT_DEATH(to_json(Raw{}), "one value, not nothing");
}

TEST(Write, AppendsToWhatIsThere) {
  std::string out = "data: ";
  write(out, Point{1, 2});
  write(out, std::string(3000, 'x'));
  EXPECT_EQ(out, R"(data: {"x":1,"y":2}")" + std::string(3000, 'x') + "\"");
}

}  // namespace
}  // namespace fabrica::json
