#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "net/server.h"
#include "raw_client.h"
#include "served.h"

namespace fabrica::net {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

TEST(ServerStop, FinishesWhatIsInWork) {
  Served served;
  RawClient working(served.port());
  working.say("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  served.waiting.wait();
  RawClient idle(served.port());
  idle.say("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  idle.hear("GET|a");

  std::thread stopping([&] { served.server->stop(seconds(10)); });
  EXPECT_EQ(idle.hear_all(), "[closed]");
  while (RawClient(served.port()).connected()) {
    // Until nobody listens any more.
  }
  served.answer.complete("done");
  EXPECT_THAT(working.hear_all(),
              AllOf(HasSubstr("\r\nConnection: close\r\n"), EndsWith("done[closed]")));
  stopping.join();
  EXPECT_EQ(served.troubles(), "");
}

class CutOff : public testing::TestWithParam<std::string_view> {};

TEST_P(CutOff, EndsWhatTakesTooLong) {
  Served served;
  RawClient client(served.port());
  client.say(fmt::format("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", GetParam()));
  if (GetParam() == "/flood") {
    served.following.wait();
  } else {
    served.waiting.wait();
  }
  served.server->stop(milliseconds(20));
  EXPECT_THAT(client.hear_all(), Not(EndsWith("[silent]")));
  served.answer.complete("too late, and harmless");
  EXPECT_EQ(served.troubles(), "");
}

INSTANTIATE_TEST_SUITE_P(ServerStop, CutOff, testing::Values("/wait", "/timer", "/flood"));

TEST(ServerStop, LeavesNoClientWaiting) {
  for (int round = 0; round < 20; ++round) {
    Served served({.threads = 2});
    std::vector<RawClient> clients;
    for (int i = 0; i < 5; ++i) {
      clients.emplace_back(served.port());
      clients.back().say("GET /timer HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    served.server->stop(Duration{});
    for (RawClient& client : clients) EXPECT_THAT(client.hear_all(), Not(EndsWith("[silent]")));
  }
}

TEST(ServerStop, MayComeTwiceAndBeforeTheStart) {
  Served served;
  served.server->stop(Duration{});
  served.server->stop(Duration{});
  const auto unused =
      Server::open({}, [](Request) -> Awaitable<Response> { co_return Response{}; });
  ASSERT_TRUE(unused.has_value());
  (*unused)->stop(seconds(1));
}

// Clients come and go at random while the server is taken down again and again.
TEST(ServerStop, StandsACrowd) {
  for (int round = 0; round < 10; ++round) {
    Served served({.threads = 2});
    std::vector<std::thread> crowd;
    for (int i = 0; i < 4; ++i) {
      crowd.emplace_back([port = served.port()] {
        for (int request = 0; request < 20; ++request) {
          RawClient client(port);
          if (!client.connected()) return;
          client.say(request % 3 == 0 ? "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"
                                      : "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
          if (request % 2 == 0) client.hear("\r\n\r\n");
        }
      });
    }
    RawClient witness(served.port());
    witness.say("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    witness.hear("GET|a");
    served.server->stop(milliseconds(round % 2 == 0 ? 0 : 1000));
    for (std::thread& client : crowd) client.join();
    EXPECT_EQ(served.troubles(), "");
  }
}

}  // namespace
}  // namespace fabrica::net
