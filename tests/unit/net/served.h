#pragma once

#include <fmt/format.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "net/oneshot.h"
#include "net/server.h"
#include "net/sse.h"

namespace fabrica::net {

/// Something that happened, once or more often.
class Event {
 public:
  void set() {
    const std::scoped_lock lock(mutex_);
    happened_ = true;
    told_.notify_all();
  }

  void wait() {
    std::unique_lock lock(mutex_);
    told_.wait(lock, [this] { return happened_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable told_;
  bool happened_ = false;
};

/// A server with a handler that the tests of this folder share, and the strings it can be pulled
/// by.
class Served {
 public:
  explicit Served(ServerOptions options = {}) {
    options.on_trouble = std::bind_front(&Served::note, this);
    auto opened = Server::open(std::move(options), std::bind_front(&Served::handle, this));
    if (!opened) throw std::runtime_error(opened.error().text);
    server = *std::move(opened);
    server->start();
  }
  ~Served() { server->stop(Duration{}); }

  std::uint16_t port() const { return server->port(); }

  std::string troubles() {
    const std::scoped_lock lock(mutex_);
    return fmt::format("{}", fmt::join(troubles_, "\n"));
  }

  /// What the request to /wait waits for, and the news that it does.
  Oneshot<std::string> answer;
  Event waiting;

  /// /follow and /flood tell that they have started, and have ended by this call saying false.
  Event following;
  Event followed;
  std::string ended_by;
  Waker waker;

  std::unique_ptr<Server> server;

 private:
  void note(std::string_view trouble) {
    const std::scoped_lock lock(mutex_);
    troubles_.emplace_back(trouble);
  }

  // A plain function that returns a coroutine: each of those takes what it needs by value.
  Awaitable<Response> handle(Request request) {
    const std::string first = request.path.empty() ? "" : request.path.front();
    if (first == "throw") return fail();
    if (first == "wait") return wait(this);
    if (first == "big") return text(std::string(300'000, 'x'));
    if (first == "nothing") return status(204);
    if (first == "split") return split();
    if (first == "count") return streamed(std::bind_front(&count_to, 3));
    if (first == "flood") return streamed(std::bind_front(&flood, this));
    if (first == "follow") return streamed(std::bind_front(&follow, this));
    if (first == "hold") return streamed(&hold);
    if (first == "break") return streamed(&break_off);
    if (first == "timer") return sleep_for_ever(this);
    return echo(std::move(request));
  }

  static Awaitable<Response> text(std::string body) {
    Response response;
    response.content_type = "text/plain";
    response.body = std::move(body);
    co_return response;
  }

  static Awaitable<Response> echo(Request request) {
    std::string body = std::string(to_string(request.method));
    for (const std::string& segment : request.path) body += "|" + segment;
    for (const auto& [name, value] : request.query.pairs) body += "?" + name + "=" + value;
    if (const auto mark = request.headers.find("x-mark")) body += fmt::format("#{}", *mark);
    if (!request.body.empty()) {
      body += request.body.size() < 100 ? ":" + request.body
                                        : fmt::format(":{} bytes", request.body.size());
    }
    return text(std::move(body));
  }

  static Awaitable<Response> status(std::uint16_t code) {
    Response response;
    response.status = code;
    co_return response;
  }

  static Awaitable<Response> split() {
    Response response;
    response.headers.add("X-Note", "a\r\nSet-Cookie: stolen");
    co_return response;
  }

  static Awaitable<Response> fail() {
    throw std::runtime_error("the handler is broken");
    co_return Response{};
  }

  static Awaitable<Response> wait(Served* self) {
    self->waiting.set();
    Response response;
    response.body = co_await self->answer.wait();
    co_return response;
  }

  static Awaitable<Response> sleep_for_ever(Served* self) {
    self->waiting.set();
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
    timer.expires_after(std::chrono::hours(1));
    co_await timer.async_wait(boost::asio::use_awaitable);
    co_return Response{};
  }

  static Awaitable<Response> streamed(StreamBody body) { co_return event_stream(std::move(body)); }

  static Awaitable<void> count_to(int last, Stream stream) {
    for (int i = 1; i <= last; ++i) co_await stream.send(fmt::format("{}\n", i));
  }

  static Awaitable<void> break_off(Stream stream) {
    co_await stream.send("half");
    throw std::runtime_error("the stream is broken");
  }

  static Awaitable<void> hold(Stream stream) {
    while (co_await stream.wait(hours(1))) {
    }
  }

  // Sends as fast as the client takes it, until it takes no more.
  static Awaitable<void> flood(Served* self, Stream stream) {
    self->following.set();
    const std::string much(4096, 'x');
    while (co_await stream.send(much)) {
    }
    self->ended_by = "send";
    self->followed.set();
  }

  // Says "tick" whenever it is woken, until there is nobody to say it to.
  static Awaitable<void> follow(Served* self, Stream stream) {
    self->waker = stream.waker();
    co_await stream.send("open\n");
    self->following.set();
    self->ended_by = "send";
    while (true) {
      if (!co_await stream.wait(hours(1))) {
        self->ended_by = "wait";
        break;
      }
      if (!co_await stream.send("tick\n")) break;
    }
    self->followed.set();
  }

  std::mutex mutex_;
  std::vector<std::string> troubles_;
};

}  // namespace fabrica::net
