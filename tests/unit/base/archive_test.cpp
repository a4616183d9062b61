#include "base/archive.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/shape.h"
#include "support/any_value.h"
#include "support/archive_sample.h"

namespace fabrica {
namespace {

using archive_sample::Archived;
using archive_sample::Colour;
using archive_sample::JobId;
using archive_sample::Nothing;
using archive_sample::Point;

template <class T>
std::string hex(const T& value) {
  std::string text;
  for (const char c : to_bytes(value)) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

RC_GTEST_PROP(Archive, WhatIsWrittenReadsBackEqual, ()) {
  const auto value = test::any<Archived>();
  const std::string bytes = to_bytes(value);
  const std::optional<Archived> back = from_bytes<Archived>(bytes);
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == value);
  RC_ASSERT(to_bytes(*back) == bytes);
  RC_ASSERT(digest_of(*back) == digest_of(value));
}

// A cut is always seen; a wrong byte gives nothing, or another value that writes those bytes.
RC_GTEST_PROP(Archive, BrokenBytesAreRefused, ()) {
  std::string bytes = to_bytes(test::any<Archived>());
  const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
  RC_ASSERT(!from_bytes<Archived>(std::string_view(bytes).substr(0, at)).has_value());
  RC_ASSERT(!from_bytes<Archived>(bytes + '\0').has_value());
  bytes[at] = static_cast<char>(*rc::gen::arbitrary<std::uint8_t>());
  const std::optional<Archived> back = from_bytes<Archived>(bytes);
  if (back) RC_ASSERT(to_bytes(*back) == bytes);
}

RC_GTEST_PROP(Archive, DifferentValuesHaveDifferentDigests, ()) {
  const auto a = test::any<Archived>();
  const auto b = test::any<Archived>();
  RC_ASSERT((a == b) == (digest_of(a) == digest_of(b)));
}

// Snapshots are kept across restarts of one version, so the bytes are fixed.
TEST(Archive, Bytes) {
  const struct {
    std::string made;
    std::string_view wanted;
  } cases[] = {
      {hex(true), "01"},
      {hex(std::uint8_t{127}), "7f"},
      {hex(std::uint32_t{128}), "8001"},
      {hex(std::uint64_t{300}), "ac02"},
      {hex(~std::uint64_t{0}), "ffffffffffffffffff01"},
      {hex(std::int32_t{-1}), "01"},
      {hex(std::int32_t{1}), "02"},
      {hex(std::numeric_limits<std::int64_t>::min()), "ffffffffffffffffff01"},
      {hex(JobId{5}), "05"},
      {hex(Time{-2}), "03"},
      {hex(Colour::blue), "07"},
      {hex(std::string("ab")), "026162"},
      {hex(CommandId{1, 2}), "01000000000000000200000000000000"},
      {hex(Point{1, -1}), "0201"},
      {hex(Nothing{}), "00"},
      {hex(std::vector<bool>{true, false}), "020100"},
      {hex(std::optional<bool>{}), "00"},
      {hex(std::optional<bool>{false}), "0100"},
      {hex(std::map<bool, bool>{{true, false}}), "010100"},
      {hex(std::variant<Nothing, Point>{Point{1, 1}}), "010202"},
  };
  for (const auto& [made, wanted] : cases) EXPECT_EQ(made, wanted);
}

template <class T>
bool refused(std::string_view bytes) {
  return !from_bytes<T>(bytes).has_value();
}

TEST(Archive, RefusesWhatNoWriterWrites) {
  using namespace std::string_view_literals;
  EXPECT_TRUE(refused<bool>("\x02"));
  EXPECT_TRUE(refused<std::uint8_t>("\x80\x02"));     // 256
  EXPECT_TRUE(refused<std::int8_t>("\x80\x02"));      // 128
  EXPECT_TRUE(refused<std::uint64_t>("\x80\x00"sv));  // longer than needed
  EXPECT_TRUE(refused<std::uint64_t>("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"));  // 65 bits
  EXPECT_TRUE(refused<std::uint64_t>("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
  EXPECT_TRUE(refused<Colour>("\x08"));  // no such enumerator
  EXPECT_TRUE(
      refused<std::string>("\x03"
                           "ab"));
  EXPECT_TRUE(refused<std::vector<Point>>("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
  EXPECT_TRUE(refused<Nothing>("\x01"));
  EXPECT_TRUE((refused<std::variant<Nothing, Point>>("\x02\x00\x00"sv)));
  EXPECT_TRUE(refused<std::set<std::uint8_t>>("\x02\x05\x05"));
  EXPECT_TRUE(refused<std::set<std::uint8_t>>("\x02\x05\x04"));
  EXPECT_TRUE((refused<std::map<bool, bool>>("\x02\x01\x00\x00\x00"sv)));
  using Points = Table<JobId, std::uint8_t>;
  EXPECT_FALSE(refused<Points>("\x02\x04\x00\x05\x00"sv));
  EXPECT_TRUE(refused<Points>("\x02\x05\x00\x04\x00"sv));
  EXPECT_TRUE(refused<Points>("\x01\x00\x00"sv));                      // id "none"
  EXPECT_TRUE(refused<Points>("\x01\xff\xff\xff\xff\xff\x01\x00"sv));  // would ask for gigabytes
}

TEST(ArchiveDeath, EnumsOutsideTheirDescription) {
  EXPECT_DEATH(to_bytes(static_cast<Colour>(100)), "outside its description");
}

struct Before {
  std::int32_t x = 0;
  Point point;
};
FABRICA_DESCRIBE(Before, x, point)

namespace renamed {
struct Before {
  std::int32_t z = 0;
  Point point;
};
FABRICA_DESCRIBE(Before, z, point)
}  // namespace renamed

namespace widened {
struct Before {
  std::int64_t x = 0;
  Point point;
};
FABRICA_DESCRIBE(Before, x, point)
}  // namespace widened

namespace within {
struct Point {
  std::int32_t x = 0;
};
FABRICA_DESCRIBE(Point, x)
struct Before {
  std::int32_t x = 0;
  Point point;
};
FABRICA_DESCRIBE(Before, x, point)
}  // namespace within

TEST(Shape, NamesAllMembersAndTypes) {
  EXPECT_EQ(shape_of<Before>(), "Before{x:i32;point:Point{x:i32;y:i32;};}");
  EXPECT_EQ(shape_of<std::vector<Before>>(), "list(Before{x:i32;point:Point{x:i32;y:i32;};})");
  EXPECT_EQ((shape_of<std::pair<Point, std::optional<Point>>>()),
            "pair(Point{x:i32;y:i32;},optional(Point))");
  EXPECT_EQ((shape_of<std::map<JobId, std::set<Colour>>>()),
            "map(id-job,set(Colour{red=-1;green=0;blue=-4;}))");
  EXPECT_EQ((shape_of<std::variant<Nothing, std::array<Time, 2>>>()),
            "one-of(Nothing{},array2(Time))");
  EXPECT_EQ((shape_of<Table<JobId, std::deque<std::string>>>()), "table(id-job,list(text))");
}

TEST(Shape, DiffersWhenAnythingWithinDiffers) {
  const std::set<std::string> different{shape_of<Before>(), shape_of<renamed::Before>(),
                                        shape_of<widened::Before>(), shape_of<within::Before>()};
  EXPECT_EQ(different.size(), 4U);
}

}  // namespace
}  // namespace fabrica
