#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certificate.h"
#include "net/client.h"
#include "net/server.h"
#include "raw_client.h"
#include "served.h"

namespace fabrica::net {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Client client_of(const std::string& url, ClientOptions options = {}) {
  return Client(parse_url(url).value(), std::move(options));
}

std::string answer_of(Client client, std::string_view target) {
  Request request;
  request.path = parse_target(target)->path;
  const Result<Response> response = client.send(std::move(request), seconds(10));
  return response ? fmt::format("{} {}", response->status, response->body) : response.error().text;
}

class Tls : public testing::Test {
 protected:
  Tls() {
    write_certificate(certificate_, key_, "DNS:localhost,IP:127.0.0.1");
    write_certificate(folder_.file("other.pem"), folder_.file("other.key"), "DNS:elsewhere");
  }

  ServerOptions secure() const {
    ServerOptions options;
    options.certificate_file = certificate_;
    options.key_file = key_;
    return options;
  }

  const TemporaryFolder folder_;
  const std::string certificate_ = folder_.file("server.pem");
  const std::string key_ = folder_.file("server.key");
};

TEST_F(Tls, ServesThoseWhoTrustIt) {
  Served served(secure());
  for (const auto host : {"localhost", "127.0.0.1"}) {
    Client client =
        client_of(fmt::format("https://{}:{}", host, served.port()), {.ca_file = certificate_});
    for (const auto path : {"a", "big", "b"}) {
      Request request;
      request.path = {path};
      request.body = std::string(100'000, 'x');
      request.method = Method::post;
      const Result<Response> response = client.send(std::move(request), seconds(10));
      ASSERT_TRUE(response.has_value()) << response.error().text;
      EXPECT_EQ(response->body, std::string_view(path) == "big"
                                    ? std::string(300'000, 'x')
                                    : fmt::format("POST|{}:100000 bytes", path));
    }
  }
}

TEST_F(Tls, StreamsBothWaysAtOnce) {
  Served served(secure());
  std::string heard;
  {
    Client client =
        client_of(fmt::format("https://localhost:{}", served.port()), {.ca_file = certificate_});
    Request request;
    request.path = {"follow"};
    const auto response = client.stream(std::move(request), [&](std::string_view piece) {
      heard += piece;
      served.waker.wake();
      return heard.size() < 50;
    });
    ASSERT_TRUE(response.has_value()) << response.error().text;
  }
  EXPECT_THAT(heard, StartsWith("open\ntick\ntick\n"));
  served.followed.wait();
  served.server->stop(seconds(10));
}

TEST_F(Tls, IsNotTrustedWithoutReason) {
  Served served(secure());
  const std::string url = fmt::format("https://localhost:{}", served.port());
  struct Row {
    std::string url;
    std::string ca_file;
    std::string_view expected;
  };
  const Row rows[] = {
      {url, "", "is not trusted (self-signed certificate)"},
      {url, folder_.file("other.pem"), "is not trusted (self-signed certificate)"},
      {fmt::format("https://127.0.0.2:{}", served.port()), certificate_, "Cannot reach"},
      {url, folder_.file("absent.pem"), "absent.pem cannot be read"},
  };
  for (const Row& row : rows) {
    EXPECT_THAT(answer_of(client_of(row.url, {.ca_file = row.ca_file}), "/a"),
                HasSubstr(row.expected));
  }
  Served other(
      {.certificate_file = folder_.file("other.pem"), .key_file = folder_.file("other.key")});
  EXPECT_THAT(answer_of(client_of(fmt::format("https://localhost:{}", other.port()),
                                  {.ca_file = folder_.file("other.pem")}),
                        "/a"),
              HasSubstr("is not trusted"));
}

TEST_F(Tls, SurvivesClientsThatDoNotSpeakIt) {
  ServerOptions options = secure();
  options.read_timeout = milliseconds(100);
  Served served(options);
  RawClient plain(served.port());
  plain.say("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(plain.hear_all(), Not(EndsWith("[silent]")));
  RawClient silent(served.port());
  EXPECT_THAT(silent.hear_all(), EndsWith("[closed]"));
  EXPECT_THAT(answer_of(client_of(fmt::format("http://localhost:{}", served.port())), "/a"),
              HasSubstr("localhost"));
  EXPECT_EQ(answer_of(client_of(fmt::format("https://localhost:{}", served.port()),
                                {.ca_file = certificate_}),
                      "/a"),
            "200 GET|a");
  EXPECT_EQ(served.troubles(), "");
}

TEST_F(Tls, RefusesAKeyThatDoesNotFit) {
  const auto server =
      Server::open({.certificate_file = certificate_, .key_file = folder_.file("other.key")},
                   [](Request) -> Awaitable<Response> { co_return Response{}; });
  ASSERT_FALSE(server.has_value());
  EXPECT_EQ(server.error().field, "key_file");
}

Awaitable<Response> tell_peer(Request request) {
  Response response;
  response.body = request.peer;
  co_return response;
}

TEST(UnixSocket, ServesAndKnowsItsUsers) {
  const TemporaryFolder folder;
  ServerOptions options;
  options.address = "";
  options.unix_path = folder.file("socket");
  auto server = Server::open(options, &tell_peer).value();
  struct stat status{};
  ASSERT_EQ(::stat(options.unix_path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  server->start();
  EXPECT_EQ(server->port(), 0);
  EXPECT_EQ(answer_of(client_of("unix:" + options.unix_path), "/"),
            fmt::format("200 unix:{}", ::getuid()));

  const auto second = Server::open(options, &tell_peer);
  ASSERT_FALSE(second.has_value());
  EXPECT_THAT(second.error().text, HasSubstr("Address already in use"));

  server->stop(seconds(1));
  EXPECT_FALSE(std::filesystem::exists(options.unix_path));
  EXPECT_THAT(answer_of(client_of("unix:" + options.unix_path), "/"),
              AllOf(StartsWith("Cannot reach unix:/"), HasSubstr("No such file")));
}

TEST(UnixSocket, TakesOverFromADeadServer) {
  const TemporaryFolder folder;
  ServerOptions options;
  options.unix_path = folder.file("socket");
  {
    const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, options.unix_path.c_str(), options.unix_path.size() + 1);
    const void* raw = &address;
    ASSERT_EQ(::bind(dead, static_cast<const sockaddr*>(raw), sizeof address), 0);
    ::close(dead);
  }
  ASSERT_TRUE(std::filesystem::exists(options.unix_path));
  Served served(options);
  EXPECT_EQ(answer_of(client_of("unix:" + options.unix_path), "/a"), "200 GET|a");
  EXPECT_THAT(answer_of(client_of(fmt::format("http://127.0.0.1:{}", served.port())), "/b"),
              "200 GET|b");
}

TEST(UnixSocket, LeavesAFileThatIsNoSocket) {
  const TemporaryFolder folder;
  ServerOptions options;
  options.unix_path = folder.file("file");
  ::close(::creat(options.unix_path.c_str(), 0600));
  EXPECT_FALSE(Server::open(options, &tell_peer).has_value());
  EXPECT_TRUE(std::filesystem::exists(options.unix_path));
}

TEST(Tcp, TellsThePeersAddress) {
  auto server = Server::open({}, &tell_peer).value();
  server->start();
  const std::string answer =
      answer_of(client_of(fmt::format("http://127.0.0.1:{}", server->port())), "/");
  EXPECT_THAT(answer, testing::MatchesRegex("200 127\\.0\\.0\\.1:[0-9]+"));
}

}  // namespace
}  // namespace fabrica::net
