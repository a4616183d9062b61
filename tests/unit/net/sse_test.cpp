#include "net/sse.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

namespace fabrica::net {
namespace {

std::string shown(const SseEvent& event) {
  if (!event.comment.empty()) return fmt::format("({})", event.comment);
  return fmt::format("[{}|{}|{}]", event.event, event.id, event.data);
}

// Feeds `wire` in pieces of `piece` bytes.
std::string parsed(std::string_view wire, std::size_t piece) {
  SseParser parser;
  std::string text;
  while (!wire.empty()) {
    if (!parser.push(wire.substr(0, piece))) return text + "refused";
    wire.remove_prefix(std::min(piece, wire.size()));
    while (const auto event = parser.take()) text += shown(*event);
  }
  return text;
}

TEST(Sse, ReadsStreams) {
  struct Row {
    std::string_view wire;
    std::string_view expected;
  };
  const Row rows[] = {
      {"data: a\n\n", "[||a]"},
      {"data:a\n\n", "[||a]"},
      {"data:  a\n\n", "[|| a]"},
      {"data: a\ndata: b\n\n", "[||a\nb]"},
      {"data\n\n", "[||]"},
      {"data: a\r\n\r\n", "[||a]"},
      {"data: a\r\r", "[||a]"},
      {"data: a\n\r\n", "[||a]"},
      {"event: job\nid: 7\ndata: {}\n\n", "[job|7|{}]"},
      {"id: 7\ndata: a\n\ndata: b\n\n", "[|7|a][|7|b]"},
      {"id: 7\n\ndata: b\n\n", "[|7|b]"},
      {"id: 7\ndata: a\n\nid\ndata: b\n\n", "[|7|a][||b]"},
      {"event: x\n\ndata: b\n\n", "[||b]"},
      {": beat\n\n", "(beat)"},
      {"data: a\n: beat\ndata: b\n\n", "(beat)[||a\nb]"},
      {"retry: 10\nunknown: x\ndata: a\n\n", "[||a]"},
      {"\xef\xbb\xbf"
       "data: a\n\n",
       "[||a]"},
      {"data: a\n", ""},
      {"data: a", ""},
      {"\n\n\n", ""},
      {std::string_view("id: 1\ndata: a\n\nid: \0x\ndata: b\n\n", 31), "[|1|a][|1|b]"},
  };
  for (const Row& row : rows) {
    for (const std::size_t piece : {1UL, 2UL, 3UL, 1000UL}) {
      EXPECT_EQ(parsed(row.wire, piece), row.expected) << row.wire << " by " << piece;
    }
  }
}

TEST(Sse, WritesEvents) {
  struct Row {
    SseEvent event;
    std::string_view expected;
  };
  const Row rows[] = {
      {{.comment = "beat"}, ": beat\n\n"},
      {{.data = "a"}, "data: a\n\n"},
      {{.event = "job", .id = "7", .data = "a\nb\r\nc\rd"},
       "event: job\nid: 7\ndata: a\ndata: b\ndata: c\ndata: d\n\n"},
      {{.event = "a\nb", .id = "1\r2", .data = "", .comment = "x\ny"},
       ": x y\nevent: a b\nid: 1 2\ndata: \n\n"},
  };
  for (const Row& row : rows) EXPECT_EQ(to_wire(row.event), row.expected);
}

RC_GTEST_PROP(Sse, WhatIsWrittenIsRead, ()) {
  const auto text =
      rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab: \n\r\xc3\xbc")));
  SseEvent event{.event = *text, .id = *text, .data = *text};
  SseParser parser;
  RC_ASSERT(parser.push(to_wire(event)).has_value());
  const auto back = parser.take();
  RC_ASSERT(!parser.take().has_value());
  const auto plain = [](std::string& field) {
    std::ranges::replace(field, '\n', ' ');
    std::ranges::replace(field, '\r', ' ');
  };
  RC_PRE(!event.event.empty() || !event.id.empty() || !event.data.empty());
  plain(event.event);
  plain(event.id);
  for (std::size_t at = 0; (at = event.data.find("\r\n", at)) != std::string::npos;) {
    event.data.erase(at, 1);
  }
  std::ranges::replace(event.data, '\r', '\n');
  RC_ASSERT(back == event);
}

TEST(Sse, RefusesAnEventWithoutEnd) {
  for (const std::string_view line : {"data: xxxxxxxx\n", "data: xxxxxxxx"}) {
    SseParser parser(100);
    Result<void> pushed;
    for (int i = 0; i < 20 && pushed; ++i) pushed = parser.push(line);
    ASSERT_FALSE(pushed.has_value());
    EXPECT_EQ(pushed.error().code, refusal::too_large);
  }
  SseParser parser(100);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(parser.push("data: xxxxxxxx\n\n").has_value());
}

}  // namespace
}  // namespace fabrica::net
