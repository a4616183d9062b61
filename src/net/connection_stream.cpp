#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <mutex>
#include <utility>

#include "net/connection.h"

/// The part of a connection that sends a body as it comes into being.
namespace fabrica::net {

namespace asio = boost::asio;

namespace {

constexpr Duration wait_max = days(1);
constexpr Duration no_limit = days(10'000);

}  // namespace

struct Waker::State {
  explicit State(asio::any_io_executor worker, asio::steady_timer* sleep)
      : executor(std::move(worker)), timer(sleep) {}

  std::mutex mutex;
  asio::any_io_executor executor;
  asio::steady_timer* timer;  // null once the stream is over; used on the worker's thread only
  bool woken = false;
};

// Posting under the lock keeps the stream, and with it the executor, from ending meanwhile.
void Waker::wake() const {
  if (!state_) return;
  const std::scoped_lock lock(state_->mutex);
  if (state_->timer == nullptr || state_->woken) return;
  state_->woken = true;
  asio::post(state_->executor, [state = state_] {
    const std::scoped_lock inner_lock(state->mutex);
    if (state->timer != nullptr && state->woken) state->timer->cancel();
  });
}

Awaitable<bool> Connection::write_stream(Response response) {
  raw_stream_ = head_.http_1_0();
  AnswerFraming framing;
  framing.chunked = !raw_stream_;
  framing.keep_alive = false;
  out_.clear();
  append_head(out_, response, framing, worker_.date());
  if (!co_await write({asio::buffer(out_)})) co_return false;
  const bool complete = co_await run_stream(std::move(response.stream));
  if (!complete) {
    // The last chunk stays away and the connection is closed at once: the client must notice.
    answered_ = false;
  } else if (!raw_stream_ && !client_gone_) {
    co_await write({asio::buffer(std::string_view("0\r\n\r\n"))});
  }
  co_return false;
}

// True when the body was written to its end, as far as its writer is concerned.
Awaitable<bool> Connection::run_stream(StreamBody body) {
  enter(Phase::handler, no_limit);
  client_gone_ = false;
  timer_ = std::make_unique<asio::steady_timer>(worker_.context());
  const Oneshot<bool> watched;
  asio::co_spawn(worker_.context(), watch(shared_from_this(), watched), asio::detached);
  std::string trouble;
  try {
    co_await body(Stream(shared_from_this()));
  } catch (const std::exception& error) {
    trouble = error.what();
  } catch (...) {
    trouble = "an exception without a text";
  }
  retire_waker();
  if (cut_) throw boost::system::system_error(asio::error::operation_aborted);
  const bool gone = client_gone_;
  transport_.cancel();
  co_await watched.wait();
  client_gone_ = gone;
  if (trouble.empty()) co_return true;
  service_.report(fmt::format("The stream of {} failed: {}", head_.raw_path(), trouble));
  co_return false;
}

// Reads, only to hear of the client's end. What a client says during its last answer is not used.
Awaitable<void> Connection::watch(std::shared_ptr<Connection> self, Oneshot<bool> ended) {
  std::array<char, 512> scratch;
  while (true) {
    const auto [error, bytes] = co_await self->transport_.read_some(scratch);
    if (error) break;
  }
  self->client_gone_ = true;
  if (self->timer_) self->timer_->cancel();
  ended.complete(true);
}

Awaitable<bool> Connection::send(std::string_view bytes) {
  if (client_gone_ || cut_) co_return false;
  if (bytes.empty()) co_return true;
  std::array<char, 24> size_line;
  Parts parts;
  parts[1] = asio::buffer(bytes);
  if (!raw_stream_) {
    const auto written =
        fmt::format_to_n(size_line.data(), size_line.size(), "{:x}\r\n", bytes.size());
    parts[0] = asio::buffer(size_line.data(), written.size);
    parts[2] = asio::buffer(std::string_view("\r\n"));
  }
  const bool sent = co_await write(parts);
  enter(Phase::handler, no_limit);
  if (!sent) client_gone_ = true;
  co_return sent;
}

Awaitable<bool> Connection::wait(Duration at_most) {
  if (stream_over()) co_return false;
  if (!take_woken()) {
    const Duration bounded = std::clamp(at_most, milliseconds(0), wait_max);
    timer_->expires_after(std::chrono::milliseconds(bounded.ms));
    co_await timer_->async_wait(asio::as_tuple(asio::use_awaitable));
    take_woken();
  }
  co_return !stream_over();
}

Waker Connection::waker() {
  if (!waker_)
    waker_ = std::make_shared<Waker::State>(worker_.context().get_executor(), timer_.get());
  return Waker(waker_);
}

bool Connection::stream_over() const { return client_gone_ || cut_ || worker_.draining(); }

bool Connection::take_woken() {
  if (!waker_) return false;
  const std::scoped_lock lock(waker_->mutex);
  return std::exchange(waker_->woken, false);
}

void Connection::retire_waker() {
  if (!waker_) return;
  const std::scoped_lock lock(waker_->mutex);
  waker_->timer = nullptr;
}

}  // namespace fabrica::net
