#include "net/connection.h"

#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <utility>

#include "net/body_reader.h"

namespace fabrica::net {

namespace {

namespace asio = boost::asio;

constexpr std::size_t head_read_bytes = 4'096;
constexpr std::size_t body_read_bytes = 65'536;
constexpr std::size_t inbox_kept_bytes = 8'192;
constexpr std::size_t joined_body_bytes_max = 16'384;  // smaller bodies go out with their head
constexpr std::size_t out_kept_bytes = 2 * joined_body_bytes_max;

// Bodies must flow at least this fast, beyond the read timeout: 16 kB a second.
constexpr std::int64_t body_bytes_per_ms_min = 16;

// How long, and how much, is read from a client after its last answer. Closing with bytes unread
// resets the connection, which can destroy the answer before the client has read it.
constexpr Duration goodbye_time_max = seconds(1);
constexpr Duration goodbye_time_max_draining = milliseconds(200);
constexpr std::size_t goodbye_bytes_max = 1'048'576;

Duration time_for(std::size_t bytes) {
  return milliseconds(static_cast<std::int64_t>(bytes) / body_bytes_per_ms_min);
}

std::string peer_of(Socket& socket) {
  ErrorCode error;
  const auto remote = socket.remote_endpoint(error);
  if (error) return "unknown";
  if (remote.protocol().family() == AF_UNIX) {
    ucred user{};
    socklen_t size = sizeof user;
    if (getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &user, &size) != 0) {
      return "unix";
    }
    return fmt::format("unix:{}", user.uid);
  }
  const auto tcp = tcp_endpoint(remote);
  if (!tcp) return "unknown";
  const asio::ip::address address = tcp->address();
  const std::string_view form = address.is_v6() ? "[{}]:{}" : "{}:{}";
  return fmt::format(fmt::runtime(form), address.to_string(), tcp->port());
}

void set_socket_options(Socket& socket, Duration silence_max) {
  ErrorCode not_tcp;  // a unix socket has none of these
  socket.set_option(asio::ip::tcp::no_delay(true), not_tcp);
  socket.set_option(asio::socket_base::keep_alive(true), not_tcp);
  // So that a client that vanished without a word is found out while an answer is on its way.
  const auto ms = static_cast<unsigned>(silence_max.ms);
  setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
}

}  // namespace

Connection::Connection(Worker& worker, Socket socket, std::shared_ptr<TlsContext> tls,
                       Service::Entry entry)
    : worker_(worker),
      service_(worker.service()),
      entry_(entry),
      transport_(std::move(socket), std::move(tls)),
      peer_(peer_of(transport_.socket())),
      head_(service_.options.header_bytes_max) {
  set_socket_options(transport_.socket(), service_.options.idle_timeout);
  worker_.add(this);
}

Connection::~Connection() {
  retire_waker();
  release_body_room();
  worker_.remove(this);
  transport_.close();
  service_.leave();
}

// The parameter keeps the connection alive for as long as the coroutine is.
Awaitable<void> Connection::serve(std::shared_ptr<Connection> self) { co_await self->converse(); }

Awaitable<void> Connection::converse() {
  if (worker_.draining()) co_return;
  enter(Phase::handshake, service_.options.read_timeout);
  if (co_await transport_.accept_tls() || expired_) co_return;
  if (entry_ == Service::Entry::turn_away) {
    co_await refuse_request(503, "Too many connections at once: try again in a few seconds.");
  } else {
    while (co_await next_request() && co_await answer()) {
    }
  }
  co_await say_goodbye();
}

Awaitable<bool> Connection::next_request() {
  if (!co_await read_head()) co_return false;
  const Framing& framing = head_.framing();
  if (!framing.chunked && framing.content_length.value_or(0) == 0) co_return true;
  co_return co_await read_body();
}

Awaitable<bool> Connection::read_head() {
  head_.restart();
  if (inbox_.empty()) {
    if (worker_.draining()) co_return false;
    enter(Phase::idle, answered_ ? service_.options.idle_timeout : service_.options.read_timeout);
    if (!co_await fill(head_read_bytes)) co_return false;
  }
  enter(Phase::request, service_.options.read_timeout);
  // Some clients end a body with a line end too many (RFC 9112, section 2.2).
  if (inbox_.view().starts_with("\r\n")) inbox_.use(2);
  while (true) {
    if (!inbox_.empty()) inbox_.use(head_.read(inbox_.view()));
    if (head_.state() == HeadState::done) co_return true;
    if (head_.state() == HeadState::refused) {
      co_return co_await refuse_request(head_.refusal().status, head_.refusal().text);
    }
    if (!co_await fill(head_read_bytes)) co_return co_await refuse_if_late();
  }
}

Awaitable<bool> Connection::read_body() {
  const std::size_t bytes_max = service_.options.body_bytes_max;
  const Framing framing = head_.framing();
  BodyReader reader = framing.chunked
                          ? BodyReader::of_chunks(bytes_max)
                          : BodyReader::of_length(framing.content_length.value_or(0), bytes_max);
  if (reader.state() == BodyReader::State::more && head_.expects_continue() && inbox_.empty()) {
    if (!co_await write({asio::buffer(std::string_view("HTTP/1.1 100 Continue\r\n\r\n"))})) {
      co_return false;
    }
    enter(Phase::request, service_.options.read_timeout);
  }
  while (true) {
    while (reader.state() == BodyReader::State::more && !inbox_.empty()) {
      const BodyReader::Step step = reader.step(inbox_.view());
      if (!hold_body_room(step.piece.size())) {
        co_return co_await refuse_request(
            503, "Too many large requests at once: try again in a few seconds.");
      }
      body_ += step.piece;
      inbox_.use(step.used);
    }
    switch (reader.state()) {
      case BodyReader::State::done:
        co_return true;
      case BodyReader::State::too_large:
        co_return co_await refuse_request(
            413, fmt::format("The body is longer than {} bytes: send less.", bytes_max));
      case BodyReader::State::malformed:
        co_return co_await refuse_request(400, "The chunks of the body are malformed.");
      case BodyReader::State::more:
        break;
    }
    if (!co_await fill(body_read_bytes)) co_return co_await refuse_if_late();
    deadline_ += std::chrono::milliseconds(time_for(inbox_.size()).ms);
  }
}

// Reads more. False when the client closed, or was too slow.
Awaitable<bool> Connection::fill(std::size_t bytes) {
  const auto [error, received] = co_await transport_.read_some(inbox_.room(bytes));
  inbox_.filled(received);
  co_return !error && !expired_;
}

// Always false, so that the conversation ends.
Awaitable<bool> Connection::refuse_request(std::uint16_t status, std::string text) {
  Response response = problem(status, text);
  if (status == 503) response.headers.add("Retry-After", "2");
  co_await write_answer(std::move(response), Ending::close);
  co_return false;
}

Awaitable<bool> Connection::refuse_if_late() {
  if (!expired_ || cut_) co_return false;
  co_return co_await refuse_request(408, fmt::format("The request did not arrive within {} ms.",
                                                     service_.options.read_timeout.ms));
}

Awaitable<bool> Connection::answer() {
  Request request = std::move(head_.request());
  request.body = std::exchange(body_, {});
  request.peer = peer_;
  const bool head_only = request.method == Method::head;
  enter(Phase::handler, forever);
  Response response = co_await handle(std::move(request));
  release_body_room();
  inbox_.shrink(inbox_kept_bytes);
  if (response.stream && !head_only) co_return co_await write_stream(std::move(response));
  const bool keep = head_.framing().keep_alive && !worker_.draining();
  const bool written =
      co_await write_answer(std::move(response), keep ? Ending::keep : Ending::close, head_only);
  co_return written&& keep;
}

Awaitable<Response> Connection::handle(Request request) {
  std::string trouble;
  try {
    co_return co_await service_.handler(std::move(request));
  } catch (const std::exception& error) {
    trouble = error.what();
  } catch (...) {
    trouble = "an exception without a text";
  }
  if (cut_) throw boost::system::system_error(asio::error::operation_aborted);
  service_.report(fmt::format("The handler of {} failed: {}", head_.raw_path(), trouble));
  co_return problem(500, "The server failed at this request. Its log says why.");
}

Awaitable<bool> Connection::write_answer(Response response, Ending ending, bool head_only) {
  const bool has_body = may_have_body(response.status) && !response.stream;
  AnswerFraming framing;
  if (has_body) framing.content_length = response.body.size();
  framing.keep_alive = ending == Ending::keep;
  framing.http_1_0 = head_.http_1_0();
  out_.clear();
  append_head(out_, response, framing, worker_.date());
  Parts parts;
  if (has_body && !head_only) {
    if (response.body.size() <= joined_body_bytes_max) {
      out_ += response.body;
    } else {
      parts[1] = asio::buffer(response.body);
    }
  }
  parts[0] = asio::buffer(out_);
  const bool written = co_await write(parts);
  if (out_.capacity() > out_kept_bytes) out_ = {};
  co_return written;
}

Awaitable<bool> Connection::write(Parts parts) {
  answered_ = true;
  enter(Phase::answer, service_.options.read_timeout + time_for(asio::buffer_size(parts)));
  const auto [error, sent] = co_await transport_.write(parts);
  co_return !error && !expired_;
}

Awaitable<void> Connection::say_goodbye() {
  if (!answered_ || cut_) co_return;
  enter(Phase::closing, std::min(worker_.draining() ? goodbye_time_max_draining : goodbye_time_max,
                                 service_.options.read_timeout));
  co_await transport_.finish();
  std::array<char, 4096> scratch;
  std::size_t discarded = 0;
  while (!expired_ && discarded < goodbye_bytes_max) {
    const auto [error, bytes] = co_await transport_.discard(scratch);
    if (error) co_return;
    discarded += bytes;
  }
}

void Connection::enter(Phase phase, Duration at_most) {
  phase_ = phase;
  expired_ = cut_;
  deadline_ = Clock::now() + std::chrono::milliseconds(at_most.ms);
}

void Connection::report_end(const std::exception_ptr& error) const {
  if (cut_) return;
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    service_.report(fmt::format("The connection of {} broke: {}", peer_, known.what()));
  } catch (...) {
    service_.report(fmt::format("The connection of {} broke.", peer_));
  }
}

void Connection::check_deadline(Clock::time_point now) {
  if (now < deadline_ || expired_) return;
  expired_ = true;
  transport_.cancel();
}

void Connection::drain() {
  if (timer_) timer_->cancel();
  if (phase_ == Phase::handshake || phase_ == Phase::idle || phase_ == Phase::closing) {
    answered_ = false;
    expired_ = true;
    transport_.cancel();
  }
}

void Connection::cut() {
  cut_ = true;
  expired_ = true;
  cut_signal_.emit(asio::cancellation_type::terminal);
  if (timer_) timer_->cancel();
  transport_.close();
}

bool Connection::hold_body_room(std::size_t bytes) {
  if (!service_.take_body_room(bytes)) return false;
  body_room_ += bytes;
  return true;
}

void Connection::release_body_room() { service_.give_body_room(std::exchange(body_room_, 0)); }

}  // namespace fabrica::net
