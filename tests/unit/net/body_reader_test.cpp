#include "net/body_reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace fabrica::net {
namespace {

constexpr std::uint64_t bytes_max = 20;

// The body, how it ended, and what was left over.
std::string read(BodyReader reader, std::string_view wire, std::size_t piece) {
  std::string body;
  std::string pending;
  while (reader.state() == BodyReader::State::more && !wire.empty()) {
    pending += wire.substr(0, piece);
    wire.remove_prefix(std::min(piece, wire.size()));
    while (reader.state() == BodyReader::State::more && !pending.empty()) {
      const BodyReader::Step step = reader.step(pending);
      body += step.piece;
      pending.erase(0, step.used);
    }
  }
  switch (reader.state()) {
    case BodyReader::State::more:
      return body + " more";
    case BodyReader::State::done:
      return body + " done " + pending + std::string(wire);
    case BodyReader::State::too_large:
      return "too_large";
    case BodyReader::State::malformed:
      return "malformed";
  }
  return "?";
}

TEST(BodyReader, ReadsChunks) {
  struct Row {
    std::string_view wire;
    std::string_view expected;
  };
  const Row rows[] = {
      {"0\r\n\r\n", " done "},
      {"3\r\nabc\r\n0\r\n\r\n", "abc done "},
      {"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET", "abcde done GET"},
      {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789 done "},
      {"a\r\n0123456789\r\n000\r\n\r\n", "0123456789 done "},
      {"3;name=\"x\"\r\nabc\r\n0;y\r\n\r\n", "abc done "},
      {"3 \r\nabc\r\n0\r\n\r\n", "abc done "},
      {"0\r\nTrailer: x\r\nMore: y\r\n\r\nGET", " done GET"},
      {"3\r\nabc\r\n", "abc more"},
      {"3\r\nab", "ab more"},
      {"0\r\n\r", " more"},
      {"14\r\n01234567890123456789\r\n0\r\n\r\n", "01234567890123456789 done "},
      {"15\r\n0", "too_large"},
      {"a\r\n0123456789\r\na\r\n0123456789\r\n1\r\nx", "too_large"},
      {"fffffffffffffff\r\n", "too_large"},
      {"10000000000000000\r\n", "malformed"},
      {"\r\n", "malformed"},
      {"x\r\n", "malformed"},
      {"-1\r\n", "malformed"},
      {"0x3\r\nabc", "malformed"},
      {"3\nabc\n0\n\n", "malformed"},
      {"3\r\nabcd", "malformed"},
      {"3\r\nabc\n0\r\n\r\n", "malformed"},
      {"3\rabc", "malformed"},
      {"3;a\nb\r\n", "malformed"},
      {"0\r\nTrailer\n\r\n", "malformed"},
      {"0\r\n\rX", "malformed"},
  };
  for (const Row& row : rows) {
    for (const std::size_t piece : {1UL, 2UL, 3UL, 5UL, 1000UL}) {
      EXPECT_EQ(read(BodyReader::of_chunks(bytes_max), row.wire, piece), row.expected)
          << row.wire << " by " << piece;
    }
  }
}

TEST(BodyReader, EndsExtensionsAndTrailersThatGoOn) {
  const std::string line(10'000, 'x');
  EXPECT_EQ(read(BodyReader::of_chunks(bytes_max), "1;" + line, 1000), "malformed");
  EXPECT_EQ(read(BodyReader::of_chunks(bytes_max), "0\r\n" + line, 1000), "malformed");
  std::string trailers = "0\r\n";
  for (int i = 0; i < 3000; ++i) trailers += "a:b\r\n";
  EXPECT_EQ(read(BodyReader::of_chunks(bytes_max), trailers, 1000), "malformed");
}

TEST(BodyReader, CountsLengths) {
  EXPECT_EQ(read(BodyReader::of_length(0, bytes_max), "GET", 10), " done GET");
  EXPECT_EQ(read(BodyReader::of_length(3, bytes_max), "abcGET", 2), "abc done GET");
  EXPECT_EQ(read(BodyReader::of_length(3, bytes_max), "ab", 2), "ab more");
  EXPECT_EQ(read(BodyReader::of_length(20, bytes_max), std::string(20, 'x'), 7),
            std::string(20, 'x') + " done ");
  EXPECT_EQ(read(BodyReader::of_length(21, bytes_max), "", 7), "too_large");
}

TEST(BodyReader, EndsWithTheConnectionOnlyWhereNothingElseSaysSo) {
  BodyReader open = BodyReader::until_end(bytes_max);
  EXPECT_EQ(open.step("abc").piece, "abc");
  open.end();
  EXPECT_EQ(open.state(), BodyReader::State::done);
  BodyReader counted = BodyReader::of_length(4, bytes_max);
  counted.step("abc");
  counted.end();
  EXPECT_EQ(counted.state(), BodyReader::State::malformed);
  EXPECT_EQ(read(BodyReader::until_end(bytes_max), std::string(21, 'x'), 5), "too_large");
}

}  // namespace
}  // namespace fabrica::net
