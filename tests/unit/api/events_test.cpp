#include <gtest/gtest.h>

#include <thread>

#include "net/sse.h"
#include "served.h"

namespace fabrica::test {
namespace {

using net::Headers;

// Reads a stream until `enough` says so.
std::vector<net::SseEvent> read_stream(
    Served& served, std::string_view what, Headers headers,
    const std::function<bool(const std::vector<net::SseEvent>&)>& enough) {
  headers.add("Authorization", "Bearer " + served.token(auditor));
  headers.add("Accept", "text/event-stream");
  net::Client client = served.client();
  net::SseParser parser;
  std::vector<net::SseEvent> events;
  const Result<net::Response> response =
      client.stream(Served::request_of(what, "", std::move(headers)), [&](std::string_view bytes) {
        EXPECT_TRUE(parser.push(bytes).has_value());
        while (auto event = parser.take()) {
          if (event->comment.empty()) events.push_back(*std::move(event));
        }
        return !enough(events);
      });
  EXPECT_TRUE(response.has_value());
  return events;
}

Seq last_of(Served& served) {
  return Seq{static_cast<std::uint64_t>(
      parsed(served.ask(auditor, "GET /v1/log")).get("last").as_int().value_or(0))};
}

TEST(Events, APageHoldsThemInOrder) {
  Served served;
  const Seq last = last_of(served);
  std::uint64_t expected = 0;
  std::string token;
  do {
    const json::Value page =
        parsed(served.ask(auditor, fmt::format("GET /v1/events?limit=7{}{}",
                                               token.empty() ? "" : "&page_token=", token)));
    for (const json::Value& event : page.get("items").items()) {
      EXPECT_EQ(event.get("seq").as_int(), static_cast<std::int64_t>(++expected));
      EXPECT_FALSE(event.get("type").text().empty());
      EXPECT_EQ(event.get("body").kind(), json::Kind::object);
    }
    token = page.get("next_page_token").text();
  } while (!token.empty());
  EXPECT_EQ(expected, last.value);
  const json::Value tail =
      parsed(served.ask(auditor, fmt::format("GET /v1/events?after={}", last.value - 2)));
  EXPECT_EQ(tail.get("items").items().size(), 2);
  check(served, {{auditor, "GET /v1/events?after=-1", "", "422 invalid after"},
                 {auditor, "GET /v1/events?wait=99", "", "422 invalid wait"},
                 {member, "GET /v1/events", "", "403 forbidden"}});
}

TEST(Events, TheLogSaysWhereItStands) {
  Served served;
  const json::Value before = parsed(served.ask(auditor, "GET /v1/log"));
  served.submit();
  const json::Value after = parsed(served.ask(admin, "GET /v1/log"));
  EXPECT_EQ(after.get("last").as_int().value_or(0), before.get("last").as_int().value_or(0) + 3);
  EXPECT_EQ(after.get("live_jobs").as_int(), 1);
  EXPECT_NE(after.get("chain").text(), before.get("chain").text());
  EXPECT_NE(after.get("state").text(), before.get("state").text());
  served.writer().ask_and_wait(
      [&](const State& state) { EXPECT_EQ(after.get("state").text(), to_string(digest(state))); });
}

TEST(Events, ALongPollWaitsForTheNext) {
  Served served;
  const Seq last = last_of(served);
  EXPECT_EQ(parsed(served.ask(auditor, fmt::format("GET /v1/events?after={}", last.value)))
                .get("items")
                .items()
                .size(),
            0);
  net::Response response;
  std::jthread waiting([&] {
    response = served.ask(auditor, fmt::format("GET /v1/events?after={}&wait=50", last.value));
  });
  while (served.ask_bare("GET /metrics").body.find("fabrica_streams_waiting 1\n") ==
         std::string::npos) {
    std::this_thread::yield();
  }
  served.submit();
  waiting.join();
  EXPECT_EQ(parsed(response).at("/items/0/type").text(), "JobAccepted");
}

TEST(Events, AStreamResumesWithoutGapOrDouble) {
  Served served;
  served.token(auditor);
  const Seq start = last_of(served);
  std::vector<std::uint64_t> seen;
  const auto take = [&](std::size_t count, Headers headers) {
    const auto events =
        read_stream(served, fmt::format("GET /v1/events?after={}", start.value), std::move(headers),
                    [&](const auto& so_far) { return so_far.size() >= count; });
    ASSERT_GE(events.size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      seen.push_back(std::stoull(events[i].id));
      const json::Value data = *json::Value::parse(events[i].data);
      EXPECT_EQ(data.get("seq").text(), events[i].id);
      EXPECT_EQ(data.get("type").text(), events[i].event);
    }
  };
  std::jthread working([&] {
    for (int i = 0; i < 30; ++i) served.submit();
  });
  take(20, {});
  // Comes back from the last that it took, though the server had sent more.
  for (int i = 0; i < 4; ++i)
    take(10 + static_cast<std::size_t>(i), {{"Last-Event-ID", std::to_string(seen.back())}});
  working.join();
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], start.value + 1 + i);
  EXPECT_EQ(said(served.ask(auditor, "GET /v1/events", "", {{"Last-Event-ID", "x"}})),
            "422 invalid Last-Event-ID");
}

TEST(Events, AStreamEndsWithItsToken) {
  Served served;
  const std::string token =
      served.secrets().mint_token(auditor, "short", false, live::now(), live::now() + days(1));
  const Seq start = last_of(served);
  net::Client client = served.client();
  std::string got;
  std::jthread reading([&] {
    const auto response = client.stream(
        Served::request_of(fmt::format("GET /v1/events?after={}", start.value), "",
                           {{"Authorization", "Bearer " + token}, {"Accept", "text/event-stream"}}),
        [&](std::string_view bytes) {
          got += bytes;
          return true;
        });
    EXPECT_TRUE(response.has_value());
  });
  while (served.ask_bare("GET /metrics").body.find("fabrica_streams_waiting 1\n") ==
         std::string::npos) {
    std::this_thread::yield();
  }
  const json::Value tokens = parsed(served.ask(auditor, "GET /v1/tokens"));
  for (const json::Value& one : tokens.get("items").items()) {
    if (one.get("label").text() != "short") continue;
    EXPECT_EQ(served.ask(auditor, "DELETE /v1/tokens/" + one.get("id").text()).status, 204);
  }
  served.submit();
  reading.join();
  EXPECT_EQ(got, "");
}

}  // namespace
}  // namespace fabrica::test
