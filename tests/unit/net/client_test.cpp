#include "net/client.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <thread>

#include "net/server.h"
#include "raw_client.h"
#include "served.h"

namespace fabrica::net {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

// Answers each connection with the next of `scripts`: reads one request, says those bytes, closes.
class Scripted {
 public:
  explicit Scripted(std::vector<std::string> scripts) : scripts_(std::move(scripts)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    void* raw = &address;
    EXPECT_EQ(::bind(listener_, static_cast<sockaddr*>(raw), size), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    ::getsockname(listener_, static_cast<sockaddr*>(raw), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread(&Scripted::serve, this);
  }
  Scripted(const Scripted&) = delete;
  Scripted& operator=(const Scripted&) = delete;
  ~Scripted() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  std::uint16_t port() const { return port_; }

 private:
  // A script is one answer for each request on a connection, separated by "|"; "~" waits until the
  // client closes.
  void serve() {
    for (const std::string& script : scripts_) {
      const int connection = ::accept(listener_, nullptr, nullptr);
      if (connection < 0) return;
      std::string_view rest = script;
      while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('|'), rest.size());
        const std::string_view answer = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (answer == "~") {
          while (read_some(connection)) {
          }
          break;
        }
        if (!read_some(connection)) break;
        ::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
      }
      ::close(connection);
    }
  }

  static bool read_some(int connection) {
    char bytes[4096];
    return ::recv(connection, bytes, sizeof bytes, 0) > 0;
  }

  std::vector<std::string> scripts_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

Client client_of(std::uint16_t port, ClientOptions options = {}) {
  return Client(parse_url(fmt::format("http://127.0.0.1:{}", port)).value(), std::move(options));
}

Request request_of(Method method, std::string_view target) {
  Target parsed = parse_target(target).value();
  Request request;
  request.method = method;
  request.path = std::move(parsed.path);
  request.query = std::move(parsed.query);
  return request;
}

std::string shown(const Result<Response>& response) {
  return response ? fmt::format("{} {}", response->status, response->body) : response.error().text;
}

TEST(Client, SendsWhatItIsGiven) {
  Served served;
  Client client(parse_url(fmt::format("http://localhost:{}/pre%20fix/", served.port())).value());
  Request request = request_of(Method::put, "/a%2Fb?x=1&y=+%26");
  request.headers = {{"X-Mark", "m"}};
  request.body = "body";
  EXPECT_EQ(shown(client.send(std::move(request), seconds(10))),
            "200 PUT|pre fix|a/b?x=1?y= &#m:body");
  EXPECT_EQ(shown(client.send(request_of(Method::head, "/big"), seconds(10))), "200 ");
  EXPECT_EQ(shown(client.send(request_of(Method::post, "/nothing"), seconds(10))),
            "200 POST|pre fix|nothing");
}

TEST(Client, TakesEveryStatusForAnAnswer) {
  Served served;
  Client client = client_of(served.port());
  EXPECT_EQ(shown(client.send(request_of(Method::get, "/nothing"), seconds(10))), "204 ");
  const Result<Response> failed = client.send(request_of(Method::get, "/throw"), seconds(10));
  EXPECT_EQ(failed->status, 500);
  EXPECT_EQ(failed->content_type, "application/problem+json");
  EXPECT_EQ(client.send(request_of(Method::get, "/big"), seconds(10))->body.size(), 300'000U);
  EXPECT_EQ(shown(client.send(request_of(Method::get, "/count"), seconds(10))), "200 1\n2\n3\n");
  EXPECT_EQ(shown(client.send(request_of(Method::get, "/a"), seconds(10))), "200 GET|a");
}

TEST(Client, HearsWhyItsBodyWasNotTaken) {
  ServerOptions options;
  options.body_bytes_max = 1000;
  Served served(options);
  Client client = client_of(served.port());
  Request request = request_of(Method::post, "/a");
  request.body = std::string(20'000'000, 'x');
  EXPECT_THAT(shown(client.send(std::move(request), seconds(10))), StartsWith("413 "));
}

TEST(Client, ReadsWhatServersSay) {
  struct Row {
    std::string_view script;
    std::string_view expected;
  };
  const Row rows[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "200 hi"},
      {"HTTP/1.1 200 OK\r\n\r\nuntil the end", "200 until the end"},
      {"HTTP/1.0 200 OK\r\n\r\nuntil the end", "200 until the end"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", "200 a"},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 \r\nContent-Length: 0\r\n\r\n", "201 "},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "304 "},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", "before its answer was complete"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi", "before its answer was"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxx\r\n", "no HTTP"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nxx", "no HTTP"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", "longer than 100 bytes"},
      {"HTTP/1.1 200", "before its answer was complete"},
      {"SSH-2.0-OpenSSH_9.2\r\n", "no HTTP"},
  };
  for (const Row& row : rows) {
    Scripted server({std::string(row.script)});
    Client client = client_of(server.port(), {.body_bytes_max = 100});
    EXPECT_THAT(shown(client.send(request_of(Method::get, "/"), seconds(10))),
                HasSubstr(row.expected))
        << row.script;
  }
}

TEST(Client, ConnectsAgainOnceWhereThatIsSafe) {
  const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  const std::string broken = "before its answer was complete";
  struct Row {
    Method method;
    bool with_key;
    std::vector<std::string> scripts;
    std::string_view second;  // what the second request gets
  };
  const Row rows[] = {
      // The server closed after the first answer, or takes the second request and closes.
      {Method::post, false, {ok, ok}, "200 hi"},
      {Method::get, false, {ok + "||", ok}, "200 hi"},
      {Method::remove, false, {ok + "||", ok}, "200 hi"},
      {Method::post, true, {ok + "||", ok}, "200 hi"},
      {Method::post, false, {ok + "||", ok}, broken},
      {Method::patch, false, {ok + "||", ok}, broken},
      {Method::get, false, {ok + "|HTTP/1.1 2", ok}, broken},  // half an answer is not repeated
      {Method::get, false, {ok + "||", "HTTP/1.1 2", ok}, broken},  // nor is it tried a third time
  };
  for (const Row& row : rows) {
    Scripted server(row.scripts);
    Client client = client_of(server.port());
    EXPECT_EQ(shown(client.send(request_of(Method::get, "/"), seconds(10))), "200 hi");
    Request second = request_of(row.method, "/");
    if (row.with_key) second.headers.add("idempotency-key", "7");
    EXPECT_THAT(shown(client.send(std::move(second), seconds(10))), HasSubstr(row.second))
        << to_string(row.method) << " " << row.scripts.front();
  }
}

TEST(Client, KnowsWhetherARequestMayHaveLeft) {
  const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  Scripted server({ok + "||", "~"});
  Client client = client_of(server.port());
  EXPECT_FALSE(client.may_have_left());
  EXPECT_EQ(shown(client.send(request_of(Method::get, "/"), seconds(10))), "200 hi");
  EXPECT_TRUE(client.may_have_left());
  EXPECT_FALSE(client.send(request_of(Method::post, "/"), seconds(10)).has_value());
  EXPECT_TRUE(client.may_have_left());  // taken, and not answered
  EXPECT_FALSE(client.send(request_of(Method::post, "/"), milliseconds(50)).has_value());
  EXPECT_TRUE(client.may_have_left());

  std::uint16_t free_port = 0;
  {
    Served served;
    free_port = served.port();
  }
  Client refused = client_of(free_port);
  EXPECT_FALSE(refused.send(request_of(Method::post, "/"), seconds(10)).has_value());
  EXPECT_FALSE(refused.may_have_left());
}

TEST(Client, IsGivenUpFromAnotherThread) {
  Scripted silent({"~"});
  Client client = client_of(silent.port());
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    client.abandon();
  });
  EXPECT_THAT(shown(client.send(request_of(Method::post, "/"), seconds(60))),
              HasSubstr("given up"));
  EXPECT_TRUE(client.may_have_left());
  other.join();
  EXPECT_THAT(shown(client.send(request_of(Method::get, "/"), seconds(60))), HasSubstr("given up"));
}

TEST(Client, MayBeGivenUpBeforeItIsAsked) {
  Scripted silent({"~"});
  Client client = client_of(silent.port());
  client.abandon();
  EXPECT_THAT(shown(client.send(request_of(Method::get, "/"), seconds(60))), HasSubstr("given up"));
}

TEST(Client, SaysWhereNobodyAnswers) {
  std::uint16_t free_port = 0;
  {
    Served served;
    free_port = served.port();
  }
  Client refused = client_of(free_port);
  EXPECT_THAT(shown(refused.send(request_of(Method::get, "/"), seconds(10))),
              AllOf(HasSubstr(fmt::format("Cannot reach http://127.0.0.1:{}", free_port)),
                    HasSubstr("Connection refused"), HasSubstr("Check the address")));
  Client nameless(parse_url("http://no-such-host.invalid").value());
  EXPECT_THAT(shown(nameless.send(request_of(Method::get, "/"), seconds(10))),
              HasSubstr("the name no-such-host.invalid is unknown"));
}

TEST(Client, DoesNotWaitForEver) {
  Scripted silent({"~", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi|~", "~"});
  Client client = client_of(silent.port(), {.read_timeout = milliseconds(50)});
  for (int i = 0; i < 2; ++i) {
    const auto response = client.send(request_of(Method::get, "/"), milliseconds(50));
    ASSERT_FALSE(response.has_value());
    EXPECT_EQ(response.error().code, refusal::unavailable);
    EXPECT_THAT(response.error().text, HasSubstr("did not answer within 50 ms"));
  }
  const auto nothing = [](std::string_view) { return true; };
  EXPECT_THAT(shown(client.stream(request_of(Method::get, "/"), nothing)),
              HasSubstr("did not answer within 50 ms"));
}

TEST(Client, StreamsUntilTheEnd) {
  Served served;
  Client client = client_of(served.port());
  for (int i = 0; i < 2; ++i) {
    std::string heard;
    const auto response =
        client.stream(request_of(Method::get, "/count"), [&](std::string_view piece) {
          heard += piece;
          return true;
        });
    EXPECT_EQ(shown(response), "200 ");
    EXPECT_EQ(heard, "1\n2\n3\n");
  }
}

TEST(Client, StopsAStreamAndGoesOn) {
  Served served;
  Client client = client_of(served.port());
  std::string heard;
  const auto response =
      client.stream(request_of(Method::get, "/follow"), [&](std::string_view piece) {
        heard += piece;
        served.waker.wake();
        return heard.size() < 20;
      });
  EXPECT_EQ(shown(response), "200 ");
  EXPECT_THAT(heard, StartsWith("open\ntick\n"));
  served.followed.wait();
  EXPECT_EQ(shown(client.send(request_of(Method::get, "/a"), seconds(10))), "200 GET|a");
}

TEST(Client, KeepsTheBodyOfAFailedStream) {
  Served served;
  Client client = client_of(served.port());
  const auto response = client.stream(request_of(Method::get, "/throw"), [](std::string_view) {
    ADD_FAILURE() << "a problem is no piece of the stream";
    return true;
  });
  EXPECT_THAT(shown(response), StartsWith("500 {"));
}

TEST(Client, PassesOnWhatTheSinkThrows) {
  Served served;
  Client client = client_of(served.port());
  EXPECT_THROW((void)client.stream(request_of(Method::get, "/count"),
                                   [](std::string_view) -> bool { throw 7; }),
               int);
  EXPECT_EQ(shown(client.send(request_of(Method::get, "/a"), seconds(10))), "200 GET|a");
}

TEST(Client, HearsThatAStreamBroke) {
  Served served;
  Client client = client_of(served.port());
  const auto response =
      client.stream(request_of(Method::get, "/break"), [](std::string_view) { return true; });
  EXPECT_THAT(shown(response), HasSubstr("before its answer was complete"));
}

}  // namespace
}  // namespace fabrica::net
