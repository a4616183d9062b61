#include "system/slurm/fault_proxy.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "net/client.h"
#include "net/server.h"

/// That the bad network does to requests what it says.
namespace fabrica {
namespace {

using test::FaultProxy;
using test::Mischief;

/// Answers all requests, and counts them.
class Counting {
 public:
  Counting() {
    auto opened = net::Server::open({.threads = 1}, std::bind_front(&Counting::handle, this));
    if (!opened) throw std::runtime_error(opened.error().text);
    server_ = *std::move(opened);
    server_->start();
  }
  Counting(const Counting&) = delete;
  Counting& operator=(const Counting&) = delete;
  ~Counting() { server_->stop(Duration{}); }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }
  std::uint64_t count() const { return count_; }

 private:
  static net::Awaitable<net::Response> answer() {
    net::Response response;
    response.body = "a body";
    co_return response;
  }
  net::Awaitable<net::Response> handle(net::Request /*request*/) {
    count_ += 1;
    return answer();
  }

  std::atomic<std::uint64_t> count_ = 0;
  std::unique_ptr<net::Server> server_;
};

// Whether a submission is answered.
bool ask(const FaultProxy& proxy) {
  net::Client client(*net::parse_url(proxy.url()));
  net::Request request;
  request.method = net::Method::post;
  request.path = {"slurm", "v0.0.38", "job", "submit"};
  request.body = "{}";
  const auto answer = client.send(std::move(request), seconds(10));
  return answer && answer->body == "a body";
}

TEST(FaultProxy, DoesWhatItSays) {
  struct Row {
    Mischief mischief;
    bool answered;              // one that was hit
    std::uint64_t carried_out;  // a request that was hit, so many times
  };
  const Row rows[] = {
      {Mischief::delayed, true, 1},         {Mischief::reply_dropped, false, 1},
      {Mischief::reply_cut, false, 1},      {Mischief::doubled, true, 2},
      {Mischief::submitted_late, false, 1}, {Mischief::submitted_again, true, 2},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(name_of(row.mischief));
    Counting upstream;
    FaultProxy proxy(upstream.url(), 3, std::chrono::seconds(1));
    EXPECT_TRUE(ask(proxy));  // before the window
    proxy.open_window(row.mischief, std::chrono::minutes(1));
    constexpr std::uint64_t asked = 4;
    std::uint64_t answered = 0;
    for (std::uint64_t i = 0; i < asked; ++i) answered += ask(proxy) ? 1 : 0;
    while (proxy.waiting() > 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const std::uint64_t hit = proxy.hits()[row.mischief].submits;
    EXPECT_GT(hit, 0);
    EXPECT_EQ(answered, row.answered ? asked : asked - hit);
    EXPECT_EQ(upstream.count(), 1 + asked + hit * (row.carried_out - 1));
  }
}

TEST(FaultProxy, RefusesAndAcceptsAgain) {
  Counting upstream;
  FaultProxy proxy(upstream.url(), 1);
  proxy.refuse();
  EXPECT_FALSE(ask(proxy));
  proxy.accept();
  EXPECT_TRUE(ask(proxy));
  EXPECT_EQ(upstream.count(), 1);
}

}  // namespace
}  // namespace fabrica
