#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/server.h"
#include "raw_client.h"
#include "served.h"

namespace fabrica::net {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

ServerOptions small() {
  ServerOptions options;
  options.header_bytes_max = 1000;
  options.body_bytes_max = 1000;
  return options;
}

ServerOptions hasty() {
  ServerOptions options;
  options.read_timeout = milliseconds(100);
  options.idle_timeout = milliseconds(200);
  return options;
}

std::string request(std::string_view line, std::size_t body_bytes, std::string_view headers) {
  return fmt::format(
      "{} HTTP/1.1\r\nHost: x\r\n{}Content-Length: {}\r\nConnection: close\r\n\r\n{}", line,
      headers, body_bytes, std::string(body_bytes, 'b'));
}

TEST(ServerLimits, HoldsSizes) {
  Served served(small());
  const std::string long_text(1000, 'x');
  struct Row {
    std::string bytes;
    std::string_view expected;
  };
  const Row rows[] = {
      {request("POST /a", 1000, ""), "200 [closed]"},
      {request("POST /a", 1001, ""), "413 [closed]"},
      {request("GET /" + long_text, 0, ""), "414 [closed]"},
      {"GET /" + long_text, "414 [closed]"},
      {request("GET /a", 0, "X: " + long_text + "\r\n"), "431 [closed]"},
      {request("GET /" + long_text.substr(500), 0, "X: " + long_text.substr(500) + "\r\n"),
       "431 [closed]"},
      {"GET / HTTP/1.1\r\nHost: x\r\nX: " + long_text, "431 [closed]"},
  };
  for (const Row& row : rows) {
    RawClient client(served.port());
    client.say(row.bytes);
    EXPECT_EQ(statuses(client.hear_all()), row.expected) << row.bytes;
  }
}

TEST(ServerLimits, HoldsHeadersThatComeSlowly) {
  ServerOptions options = small();
  options.read_timeout = milliseconds(100);
  Served served(options);
  RawClient client(served.port());
  client.say("GET / HTTP/1.1\r\nHost: x\r\n");
  while (client.say("X: y\r\n")) {
    // The server stops listening long before this loop would end by itself.
  }
  SUCCEED();
}

TEST(ServerLimits, RefusesALargeBodyBeforeItIsSent) {
  Served served(small());
  RawClient client(served.port());
  client.say("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n");
  EXPECT_EQ(statuses(client.hear_all()), "413 [closed]");
}

TEST(ServerLimits, LetsAClientFinishSendingWhatWasRefused) {
  Served served(small());
  RawClient client(served.port());
  client.say(request("POST /a", 500'000, ""));
  EXPECT_EQ(statuses(client.hear_all()), "413 [closed]");
}

TEST(ServerLimits, HoldsAllBodiesTogether) {
  ServerOptions options;
  options.body_bytes_all_max = 1500;
  Served served(options);
  RawClient first(served.port());
  first.say("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n");
  first.say(std::string(1000, 'x'));
  std::string refused;
  while (refused.empty()) {  // until the first one's bytes have been taken in
    RawClient second(served.port());
    second.say(request("POST /b", 1000, ""));
    const std::string answer = second.hear_all();
    if (statuses(answer) != "200 [closed]") refused = answer;
  }
  EXPECT_THAT(refused, AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("\r\nRetry-After: ")));
  first.say("x");
  EXPECT_THAT(first.hear("1001 bytes"), StartsWith("HTTP/1.1 200 "));
  RawClient third(served.port());
  third.say(request("POST /c", 1000, ""));
  EXPECT_EQ(statuses(third.hear_all()), "200 [closed]");
}

TEST(ServerLimits, TurnsAwayTooManyConnections) {
  ServerOptions options;
  options.connections_max = 2;
  Served served(options);
  std::vector<RawClient> guests;
  for (int i = 0; i < 2; ++i) {
    guests.emplace_back(served.port());
    guests.back().say("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(guests.back().hear("GET|a"), StartsWith("HTTP/1.1 200 "));
  }
  RawClient third(served.port());
  third.say("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(statuses(third.hear_all()), "503 [closed]");
  guests.pop_back();
  third.hang_up();
  std::string answer;
  while (!answer.contains("200 OK")) {  // until the server has noticed
    RawClient fourth(served.port());
    fourth.say("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    answer = fourth.hear_all();
  }
}

TEST(ServerLimits, EndsSlowClients) {
  struct Row {
    std::string_view bytes;
    std::string_view expected;
  };
  const Row rows[] = {
      {"", "[closed]"},
      {"GET / HTTP/1.1\r\nHost", "408 [closed]"},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabc", "408 [closed]"},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", "408 [closed]"},
      {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "200 [closed]"},  // idle after it
  };
  Served served(hasty());
  for (const Row& row : rows) {
    RawClient client(served.port());
    client.say(row.bytes);
    EXPECT_EQ(statuses(client.hear_all()), row.expected) << row.bytes;
  }
}

TEST(ServerLimits, EndsAClientThatDrips) {
  Served served(hasty());
  RawClient client(served.port());
  client.say("GET / HTTP/1.1\r\nHost: x\r\nX: ");
  int drops = 0;
  // Each byte comes in time, the whole does not.
  while (client.silent_for(5) && client.say("y")) ASSERT_LT(++drops, 1000);
  EXPECT_EQ(statuses(client.hear_all()), "408 [closed]");
}

TEST(ServerLimits, EndsAClientThatDoesNotRead) {
  Served served(hasty());
  RawClient client(served.port());
  client.say("GET /flood HTTP/1.1\r\nHost: x\r\n\r\n");
  served.followed.wait();
  EXPECT_EQ(served.ended_by, "send");
}

TEST(ServerLimits, DoesNotTimeOutAHandler) {
  Served served(hasty());
  RawClient client(served.port());
  client.say("GET /wait HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  served.waiting.wait();
  RawClient slow(served.port());
  slow.say("G");
  EXPECT_EQ(statuses(slow.hear_all()), "408 [closed]");  // so the timeout has passed
  served.answer.complete("late");
  EXPECT_THAT(client.hear_all(), EndsWith("late[closed]"));
}

}  // namespace
}  // namespace fabrica::net
