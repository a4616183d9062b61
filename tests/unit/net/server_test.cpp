#include "net/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "raw_client.h"
#include "served.h"

namespace fabrica::net {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// What the server says to these bytes, after which the client says no more but waits.
std::string exchange(std::uint16_t port, std::string_view bytes) {
  RawClient client(port);
  EXPECT_TRUE(client.say(bytes));
  return client.hear_all();
}

std::string body_of(std::string_view answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  return end == answer.npos ? "no answer" : std::string(answer.substr(end + 4));
}

TEST(Server, AnswersRequests) {
  Served served;
  struct Row {
    std::string_view request;  // "Host" and "Connection: close" are added
    std::string_view body;
  };
  const Row rows[] = {
      {"GET / HTTP/1.1\r\n", "GET"},
      {"GET /v1/a%2Fb?x=1&y=%20 HTTP/1.1\r\nX-Mark: m\r\n", "GET|v1|a/b?x=1?y= #m"},
      {"GET http://elsewhere/v1?x HTTP/1.1\r\n", "GET|v1?x="},
      {"DELETE /a HTTP/1.1\r\n", "DELETE|a"},
      {"OPTIONS /a HTTP/1.1\r\n", "OPTIONS|a"},
      {"PATCH /a HTTP/1.1\r\nContent-Length: 2\r\n", "PATCH|a:hi"},
      {"PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", "PUT|a:hi"},
      {"GET /a HTTP/1.1\r\nx-mArK:   spaced  \r\n", "GET|a#spaced"},
      {"\r\nGET /after-a-line-end HTTP/1.1\r\n", "GET|after-a-line-end"},
  };
  for (const Row& row : rows) {
    std::string bytes = std::string(row.request) + "Host: x\r\nConnection: close\r\n\r\n";
    if (row.request.contains("Length")) bytes += "hi";
    if (row.request.contains("chunked")) bytes += "1\r\nh\r\n1;ext\r\ni\r\n0\r\nTrailer: t\r\n\r\n";
    const std::string answer = exchange(served.port(), bytes);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n")) << row.request;
    EXPECT_EQ(body_of(answer), std::string(row.body) + "[closed]") << row.request;
  }
}

TEST(Server, RefusesWhatIsMalformed) {
  Served served;
  struct Row {
    std::string_view bytes;
    std::string_view expected;
  };
  const Row rows[] = {
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03", "400"},  // TLS on the plain port
      {"GET\r\n\r\n", "400"},
      {"GET /\r\n\r\n", "400"},
      {"GET  / HTTP/1.1\r\n\r\n", "400"},
      {"GET / HTTP/1.1 \r\n\r\n", "400"},
      {"GET / HTTP/1.1\nHost: x\n\n", "400"},
      {"GET / HTTP/2.0\r\n\r\n", "400"},
      {"GET / FTP/1.1\r\n\r\n", "400"},
      {"G@T / HTTP/1.1\r\n\r\n", "400"},
      {"GET no-slash HTTP/1.1\r\n\r\n", "400"},
      {"GET /../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"GET /%2e%2e/x HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\n\r\n", "400"},  // no Host
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: a\x01z\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: a\r\n: empty\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       "400"},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
       "400"},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "501"},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "501"},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", "501"},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n", "417"},
      {"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", "501"},
      {"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", "501"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999\r\n\r\n", "413"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n", "413"},
      // A smuggled second request is not answered.
      {"GET /../ HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
  };
  for (const Row& row : rows) {
    const std::string answer = exchange(served.port(), row.bytes);
    EXPECT_EQ(statuses(answer), std::string(row.expected) + " [closed]") << row.bytes;
    EXPECT_THAT(answer, AllOf(HasSubstr("\r\nContent-Type: application/problem+json\r\n"),
                              HasSubstr("\r\nConnection: close\r\n"),
                              HasSubstr("\"status\":" + std::string(row.expected))));
  }
  EXPECT_EQ(served.troubles(), "");
}

TEST(Server, KeepsTheConnection) {
  Served served;
  RawClient client(served.port());
  for (int i = 0; i < 3; ++i) {
    client.say("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(client.hear("GET|a"),
                AllOf(StartsWith("HTTP/1.1 200 OK\r\nDate: "),
                      HasSubstr("\r\nContent-Length: 5\r\n"), Not(HasSubstr("Connection:"))));
  }
}

TEST(Server, ReadsPipelinedRequestsInAnyPieces) {
  Served served;
  const std::string wire =
      "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
      "POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
      "POST /3 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ndef\r\n0\r\n\r\n"
      "HEAD /4 HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /throw HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /5 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
      "GET /never HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const std::size_t piece : {wire.size(), 50UL, 7UL, 1UL}) {
    RawClient client(served.port());
    for (std::size_t at = 0; at < wire.size(); at += piece) client.say(wire.substr(at, piece));
    const std::string answers = client.hear_all();
    EXPECT_EQ(statuses(answers), "200 200 200 200 500 200 [closed]") << piece;
    for (const auto body : {"GET|1", "POST|2:abc", "POST|3:def", "GET|5"}) {
      EXPECT_THAT(answers, HasSubstr(body));
    }
    EXPECT_THAT(answers, Not(HasSubstr("HEAD|4")));
  }
  EXPECT_THAT(served.troubles(), HasSubstr("The handler of /throw failed: the handler is broken"));
}

TEST(Server, AnswersHeadWithTheLengthAlone) {
  Served served;
  const std::string answer =
      exchange(served.port(), "HEAD /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 300000\r\n"));
  EXPECT_EQ(body_of(answer), "[closed]");
}

TEST(Server, SendsNoBodyWhereNoneBelongs) {
  Served served;
  const std::string answer =
      exchange(served.port(), "GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer,
              AllOf(StartsWith("HTTP/1.1 204 No Content\r\n"), Not(HasSubstr("Content-Length"))));
  EXPECT_EQ(body_of(answer), "[closed]");
}

TEST(Server, SendsLargeBodiesWhole) {
  Served served;
  const std::string answer =
      exchange(served.port(), "GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(body_of(answer), std::string(300'000, 'x') + "[closed]");
}

TEST(Server, ReadsLargeBodiesWhole) {
  Served served;
  const std::string large(3'000'000, 'y');
  EXPECT_THAT(exchange(served.port(),
                       "POST /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                       "Content-Length: 3000000\r\n\r\n" +
                           large),
              EndsWith("POST|a:3000000 bytes[closed]"));
}

TEST(Server, LetsNoHeaderValueStartAnother) {
  Served served;
  const std::string answer =
      exchange(served.port(), "GET /split HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("\r\nX-Note: a  Set-Cookie: stolen\r\n"));
}

TEST(Server, SpeaksHttp10) {
  Served served;
  EXPECT_THAT(exchange(served.port(), "GET /a HTTP/1.0\r\n\r\n"),
              AllOf(HasSubstr("\r\nConnection: close\r\n"), EndsWith("GET|a[closed]")));
  EXPECT_THAT(exchange(served.port(), "GET /count HTTP/1.0\r\n\r\n"),
              AllOf(Not(HasSubstr("chunked")), EndsWith("\r\n\r\n1\n2\n3\n[closed]")));
  RawClient client(served.port());
  client.say("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(client.hear("GET|a"), HasSubstr("\r\nConnection: keep-alive\r\n"));
  client.say("GET /b HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.hear_all(), EndsWith("GET|b[closed]"));
}

TEST(Server, AsksForABodyThatWaitsForIt) {
  Served served;
  RawClient client(served.port());
  const std::string head =
      "POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
  client.say(head);
  EXPECT_EQ(client.hear("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.say("hi");
  EXPECT_THAT(client.hear("POST|a:hi"), StartsWith("HTTP/1.1 200 OK\r\n"));
  client.say(head + "hi");  // it did not wait
  EXPECT_THAT(client.hear("POST|a:hi"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(Server, WaitsForWhatAnotherThreadKnows) {
  Served served;
  RawClient client(served.port());
  client.say("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  served.waiting.wait();
  EXPECT_THAT(exchange(served.port(), "GET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
              EndsWith("GET|b[closed]"));
  served.answer.complete("known");
  EXPECT_THAT(client.hear("known"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(Server, ServesFromTwoThreads) {
  Served served({.threads = 2});
  std::vector<RawClient> clients;
  for (int i = 0; i < 8; ++i) clients.emplace_back(served.port());
  for (int round = 0; round < 50; ++round) {
    for (RawClient& client : clients) client.say("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    for (RawClient& client : clients) EXPECT_THAT(client.hear("GET|a"), StartsWith("HTTP/1.1 200"));
  }
}

TEST(Server, RefusesToOpenWhatCannotWork) {
  Served served;
  const Handler handler = [](Request) -> Awaitable<Response> { co_return Response{}; };
  struct Row {
    ServerOptions options;
    std::string_view field;
  };
  const Row rows[] = {
      {{.address = "nowhere"}, "address"},
      {{.address = ""}, "address"},
      {{.port = served.port()}, "port"},
      {{.address = "203.0.113.7"}, "port"},  // not an address of this machine
      {{.unix_path = "/no/such/folder/socket"}, "unix_path"},
      {{.unix_path = std::string(200, 'x')}, "unix_path"},
      {{.certificate_file = "/no/such/file", .key_file = "/no/such/key"}, "certificate_file"},
      {{.threads = 0}, "threads"},
  };
  for (const Row& row : rows) {
    const auto server = Server::open(row.options, handler);
    ASSERT_FALSE(server.has_value()) << row.field;
    EXPECT_EQ(server.error().field, row.field) << server.error().text;
  }
}

}  // namespace
}  // namespace fabrica::net
