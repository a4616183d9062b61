#include "net/client.h"

#include <fmt/core.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>
#include <exception>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "net/body_reader.h"
#include "net/inbox.h"
#include "net/message_head.h"
#include "net/message_write.h"
#include "net/transport.h"

namespace fabrica::net {

namespace asio = boost::asio;

namespace {

using Clock = std::chrono::steady_clock;
using Endpoint = asio::generic::stream_protocol::endpoint;
using ChunkSink = std::function<bool(std::string_view)>;

constexpr std::size_t head_bytes_max = 4 * limits::http_header_bytes_max;
constexpr std::size_t read_bytes = 16'384;

std::string host_header(const Url& url) {
  if (url.scheme == Url::Scheme::unix_socket) return "localhost";
  Url authority = url;
  authority.prefix.clear();
  const std::string text = to_string(authority);
  return text.substr(text.find("//") + 2);
}

bool may_repeat(const Request& request) {
  return (request.method != Method::post && request.method != Method::patch) ||
         request.headers.find("Idempotency-Key").has_value();
}

}  // namespace

class Client::Wire {
 public:
  Wire(Url server, ClientOptions options)
      : url_(std::move(server)), options_(std::move(options)), name_(to_string(url_)) {}

  /// `whole` bounds the exchange. With a sink, the read timeout bounds each step of it.
  Result<Response> run(Request request, const ChunkSink* sink, Duration whole);
  bool may_have_left() const { return left_; }
  void abandon();

 private:
  struct Message {
    Method method;
    bool may_repeat;
    std::string head;
    std::string body;
    const ChunkSink* sink;
  };

  Message message_of(Request request, const ChunkSink* sink) const;
  void pump(const bool& done);

  Awaitable<Result<Response>> exchange(Message message);
  Awaitable<Result<void>> connect();
  Awaitable<Result<void>> connect_to(Endpoint endpoint);
  Result<std::vector<Endpoint>> look_up();
  Awaitable<Result<Response>> attempt(const Message* message);
  Awaitable<Result<Response>> read_answer(const Message* message);
  Awaitable<Result<void>> read_head(ResponseHead* head);
  Awaitable<Result<void>> read_body(BodyReader reader, Response* response, const ChunkSink* sink);
  Awaitable<ErrorCode> fill();

  bool still_open();
  void disconnect();
  void allow(Duration step);
  std::unexpected<Refusal> lost(const ErrorCode& error) const;
  std::unexpected<Refusal> unreachable(std::string_view why) const;

  Url url_;
  ClientOptions options_;
  std::string name_;
  asio::io_context context_{1};
  std::shared_ptr<TlsContext> tls_;
  std::optional<Socket> connecting_;
  std::unique_ptr<Transport> transport_;
  Inbox inbox_;
  std::atomic<bool> abandoned_ = false;

  // Of the exchange in progress.
  Duration whole_;
  Clock::time_point end_;
  Clock::time_point deadline_;
  Duration silence_;
  Duration patience_;  // what the deadline stands for, in messages
  bool timed_out_ = false;
  bool left_ = false;
  std::size_t sent_ = 0;
  std::size_t received_ = 0;
};

Client::Client(Url server, ClientOptions options)
    : wire_(std::make_unique<Wire>(std::move(server), std::move(options))) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

Result<Response> Client::send(Request request, Duration timeout) {
  return wire_->run(std::move(request), nullptr, timeout);
}

Result<Response> Client::stream(Request request, const ChunkSink& on_chunk) {
  return wire_->run(std::move(request), &on_chunk, forever);
}

bool Client::may_have_left() const { return wire_->may_have_left(); }

void Client::abandon() { wire_->abandon(); }

void Client::Wire::abandon() {
  abandoned_ = true;
  asio::post(context_, [] {});  // wakes pump()
}

Result<Response> Client::Wire::run(Request request, const ChunkSink* sink, Duration whole) {
  whole_ = whole;
  end_ = Clock::now() + std::chrono::milliseconds(whole.ms);
  silence_ = sink == nullptr ? whole : options_.read_timeout;
  timed_out_ = false;
  left_ = false;
  allow(silence_);
  bool done = false;
  Result<Response> result;
  std::exception_ptr thrown;
  context_.restart();
  asio::co_spawn(context_, exchange(message_of(std::move(request), sink)),
                 [&](std::exception_ptr error, Result<Response> outcome) {
                   thrown = std::move(error);
                   result = std::move(outcome);
                   done = true;
                 });
  pump(done);
  if (thrown) {
    disconnect();
    std::rethrow_exception(thrown);
  }
  if (!result) disconnect();
  return result;
}

// Runs the exchange on the caller's thread. From the deadline on, or once abandoned, every
// connection is closed as soon as it is there, which ends whatever the exchange waits for.
void Client::Wire::pump(const bool& done) {
  while (!done) {
    const bool in_time = context_.run_one_until(deadline_) != 0;
    if (done) return;
    if (!in_time || abandoned_) timed_out_ = true;
    if (!timed_out_) continue;
    deadline_ = Clock::time_point::max();
    ErrorCode ignored;
    if (connecting_) connecting_->close(ignored);
    if (transport_) transport_->close();
    context_.restart();
  }
}

Client::Wire::Message Client::Wire::message_of(Request request, const ChunkSink* sink) const {
  Target target{.path = url_.prefix, .query = std::move(request.query)};
  target.path.insert(target.path.end(), request.path.begin(), request.path.end());
  Message message{.method = request.method,
                  .may_repeat = may_repeat(request),
                  .head = {},
                  .body = {},
                  .sink = sink};
  append_head(message.head, request, to_string(target), host_header(url_), request.body.size());
  message.body = std::move(request.body);
  return message;
}

Awaitable<Result<Response>> Client::Wire::exchange(Message message) {
  if (!still_open()) disconnect();
  const bool reused = transport_ != nullptr;
  if (!reused) {
    if (auto connected = co_await connect(); !connected) {
      co_return std::unexpected(std::move(connected).error());
    }
  }
  Result<Response> result = co_await attempt(&message);
  const bool untouched = received_ == 0 && (sent_ == 0 || message.may_repeat);
  if (result || !reused || !untouched || timed_out_) co_return result;
  disconnect();
  if (auto connected = co_await connect(); !connected) {
    co_return std::unexpected(std::move(connected).error());
  }
  co_return co_await attempt(&message);
}

Awaitable<Result<void>> Client::Wire::connect() {
  inbox_ = {};
  if (url_.scheme == Url::Scheme::https && !tls_) {
    auto context = client_tls(options_.ca_file);
    if (!context) co_return std::unexpected(std::move(context).error());
    tls_ = *std::move(context);
  }
  auto endpoints = look_up();
  if (!endpoints) co_return std::unexpected(std::move(endpoints).error());
  allow(options_.connect_timeout);
  Result<void> connected = unreachable("it has no address");
  for (const Endpoint& endpoint : *endpoints) {
    connected = co_await connect_to(endpoint);
    if (connected || timed_out_) break;
  }
  co_return connected;
}

Result<std::vector<Endpoint>> Client::Wire::look_up() {
  std::vector<Endpoint> endpoints;
  if (url_.scheme == Url::Scheme::unix_socket) {
    endpoints.emplace_back(asio::local::stream_protocol::endpoint(url_.socket_path));
    return endpoints;
  }
  asio::ip::tcp::resolver resolver(context_);
  ErrorCode error;
  const auto found = resolver.resolve(url_.host, std::to_string(url_.port), error);
  if (error)
    return unreachable(fmt::format("the name {} is unknown ({})", url_.host, error.message()));
  for (const auto& entry : found) endpoints.emplace_back(entry.endpoint());
  return endpoints;
}

Awaitable<Result<void>> Client::Wire::connect_to(Endpoint endpoint) {
  connecting_.emplace(context_);
  const auto [error] = co_await connecting_->async_connect(endpoint, as_result);
  if (error) {
    connecting_.reset();
    co_return timed_out_ ? lost(error) : unreachable(error.message());
  }
  ErrorCode not_tcp;
  connecting_->set_option(asio::ip::tcp::no_delay(true), not_tcp);
  transport_ = std::make_unique<Transport>(*std::move(connecting_), tls_);
  connecting_.reset();
  const ErrorCode tls_error = co_await transport_->connect_tls(url_.host);
  if (!tls_error) co_return Result<void>{};
  const std::string trouble = transport_->certificate_trouble();
  transport_.reset();
  if (timed_out_) co_return lost(tls_error);
  if (trouble.empty()) co_return unreachable(tls_error.message());
  co_return refuse(refusal::unavailable, "ca_file",
                   fmt::format("The certificate of {} is not trusted ({}). Give the file of the "
                               "authority that signed it, or check the address.",
                               name_, trouble));
}

Awaitable<Result<Response>> Client::Wire::attempt(const Message* message) {
  sent_ = 0;
  received_ = 0;
  allow(silence_);
  const Parts parts{asio::buffer(message->head), asio::buffer(message->body)};
  const bool had_left = std::exchange(left_, true);
  const auto [write_error, sent] = co_await transport_->write(parts);
  sent_ = sent;
  // TLS counts what it took whole: of a record it may have sent a part.
  left_ = had_left || !write_error || sent > 0 || transport_->secure();
  if (write_error && sent == 0) co_return lost(write_error);
  // After an error halfway the server may have said why it stopped listening.
  co_return co_await read_answer(message);
}

Awaitable<Result<Response>> Client::Wire::read_answer(const Message* message) {
  std::optional<ResponseHead> head;
  do {
    head.emplace(head_bytes_max);
    if (auto read = co_await read_head(&*head); !read) {
      co_return std::unexpected(std::move(read).error());
    }
  } while (head->response().status < 200);  // "100 Continue" announces the answer
  Response response = std::move(head->response());
  const Framing& framing = head->framing();
  const bool wanted = message->sink != nullptr && response.status < 300;
  if (message->method != Method::head && may_have_body(response.status)) {
    const std::uint64_t bytes_max =
        wanted ? std::numeric_limits<std::uint64_t>::max() : options_.body_bytes_max;
    const BodyReader reader = framing.chunked ? BodyReader::of_chunks(bytes_max)
                              : framing.content_length
                                  ? BodyReader::of_length(*framing.content_length, bytes_max)
                                  : BodyReader::until_end(bytes_max);
    auto read = co_await read_body(reader, &response, wanted ? message->sink : nullptr);
    if (!read) co_return std::unexpected(std::move(read).error());
  }
  if (!framing.keep_alive || !inbox_.empty()) disconnect();
  co_return response;
}

Awaitable<Result<void>> Client::Wire::read_head(ResponseHead* head) {
  while (true) {
    if (!inbox_.empty()) inbox_.use(head->read(inbox_.view()));
    if (head->state() == HeadState::done) co_return Result<void>{};
    if (head->state() == HeadState::refused) {
      co_return unreachable("what it says is no HTTP");
    }
    if (const ErrorCode error = co_await fill()) co_return lost(error);
  }
}

Awaitable<Result<void>> Client::Wire::read_body(BodyReader reader, Response* response,
                                                const ChunkSink* sink) {
  using State = BodyReader::State;
  while (true) {
    while (reader.state() == State::more && !inbox_.empty()) {
      const BodyReader::Step step = reader.step(inbox_.view());
      if (sink == nullptr) {
        response->body += step.piece;
      } else if (!step.piece.empty() && !(*sink)(step.piece)) {
        disconnect();
        co_return Result<void>{};
      }
      inbox_.use(step.used);
    }
    if (reader.state() == State::done) co_return Result<void>{};
    if (reader.state() == State::malformed) co_return unreachable("what it says is no HTTP");
    if (reader.state() == State::too_large) {
      co_return refuse(refusal::too_large, "",
                       fmt::format("The answer of {} is longer than {} bytes. Ask for less.", name_,
                                   options_.body_bytes_max));
    }
    if (const ErrorCode error = co_await fill()) {
      if (error == asio::error::eof) reader.end();
      if (reader.state() != State::done) co_return lost(error);
    }
  }
}

Awaitable<ErrorCode> Client::Wire::fill() {
  allow(silence_);
  const auto [error, bytes] = co_await transport_->read_some(inbox_.room(read_bytes));
  inbox_.filled(bytes);
  received_ += bytes;
  co_return error;
}

// A server may close an idle connection at any time. Unasked bytes are its farewell, save with
// TLS, where they may be keys for the next session.
bool Client::Wire::still_open() {
  if (!transport_ || !transport_->socket().is_open()) return false;
  char byte = 0;
  const auto seen = ::recv(transport_->socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (seen < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
  return seen > 0 && transport_->secure();
}

void Client::Wire::disconnect() { transport_.reset(); }

void Client::Wire::allow(Duration step) {
  if (timed_out_) return;
  const auto until = Clock::now() + std::chrono::milliseconds(step.ms);
  deadline_ = std::min(end_, until);
  patience_ = until < end_ ? step : whole_;
}

std::unexpected<Refusal> Client::Wire::lost(const ErrorCode& error) const {
  if (abandoned_) {
    return refuse(refusal::unavailable, "",
                  fmt::format("The request to {} was given up before its answer came. Ask again "
                              "if it is still wanted.",
                              name_));
  }
  if (timed_out_) {
    return refuse(refusal::unavailable, "",
                  fmt::format("{} did not answer within {} ms. Try again later, or check that the "
                              "server there is well.",
                              name_, patience_.ms));
  }
  return refuse(refusal::unavailable, "",
                fmt::format("{} broke the connection before its answer was complete ({}). Try "
                            "again; if it happens again, look into the server's log.",
                            name_, error.message()));
}

std::unexpected<Refusal> Client::Wire::unreachable(std::string_view why) const {
  return refuse(refusal::unavailable, "",
                fmt::format("Cannot reach {}: {}. Check the address, and that the server is "
                            "running there.",
                            name_, why));
}

}  // namespace fabrica::net
