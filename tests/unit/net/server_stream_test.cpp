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
using testing::Not;

constexpr std::string_view follow = "GET /follow HTTP/1.1\r\nHost: x\r\n\r\n";

TEST(ServerStream, SendsChunksAndCloses) {
  Served served;
  RawClient client(served.port());
  client.say("GET /count HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.hear_all(),
              AllOf(HasSubstr("\r\nTransfer-Encoding: chunked\r\n"),
                    HasSubstr("\r\nContent-Type: text/event-stream\r\n"),
                    EndsWith("\r\n\r\n2\r\n1\n\r\n2\r\n2\n\r\n2\r\n3\n\r\n0\r\n\r\n[closed]")));
}

TEST(ServerStream, AnswersHeadWithoutRunningIt) {
  Served served;
  RawClient client(served.port());
  client.say("HEAD /count HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.hear_all(), EndsWith("\r\n\r\n[closed]"));
}

TEST(ServerStream, CutsTheConnectionWhenItBreaks) {
  Served served;
  RawClient client(served.port());
  client.say("GET /break HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.hear_all(), AllOf(HasSubstr("half"), Not(HasSubstr("\r\n0\r\n"))));
  EXPECT_THAT(served.troubles(), HasSubstr("The stream of /break failed: the stream is broken"));
}

TEST(ServerStream, HearsThatTheClientHasGone) {
  Served served;
  RawClient client(served.port());
  client.say(follow);
  client.hear("open\n");
  served.following.wait();
  client.hang_up();
  served.followed.wait();
  EXPECT_EQ(served.ended_by, "wait");
}

TEST(ServerStream, IsWokenFromAnotherThread) {
  Served served;
  RawClient client(served.port());
  client.say(follow);
  client.hear("open\n");
  served.following.wait();
  for (int i = 0; i < 100; ++i) {
    served.waker.wake();
    ASSERT_THAT(client.hear("tick\n"), EndsWith("tick\n"));
  }
  client.hang_up();
  served.followed.wait();
  served.waker.wake();  // does nothing
}

TEST(ServerStream, EndsWhenTheServerStops) {
  Served served;
  RawClient client(served.port());
  client.say(follow);
  client.hear("open\n");
  served.following.wait();
  served.server->stop(seconds(10));
  EXPECT_EQ(served.ended_by, "wait");
  EXPECT_THAT(client.hear_all(), EndsWith("0\r\n\r\n[closed]"));
}

}  // namespace
}  // namespace fabrica::net
