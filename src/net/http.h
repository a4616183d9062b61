#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "net/url.h"

/// HTTP as the rest of Fabrica sees it. Coroutines take their parameters by value, and no lambda
/// that is a coroutine captures: std::bind_front over a free function does the same safely.
namespace fabrica::net {

template <class T>
using Awaitable = boost::asio::awaitable<T>;

/// The methods a server of ours understands; others are answered with 501 before a handler sees
/// them. `remove` is DELETE.
enum class Method : std::uint8_t { get, head, post, put, patch, remove, options };

/// As on the wire: "GET".
std::string_view to_string(Method method);

/// Header fields in order. Names compare without regard to case.
class Headers {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  Headers() = default;
  Headers(std::initializer_list<Field> fields);

  void add(std::string_view name, std::string_view value);

  /// The value of the first field of this name. The view lives until the headers change.
  std::optional<std::string_view> find(std::string_view name) const;

  std::size_t size() const { return places_.size(); }
  Field operator[](std::size_t index) const;

 private:
  // All text lies in one string, so that a request costs two allocations and not two a field.
  struct Place {
    std::uint32_t name_at;
    std::uint32_t value_at;
    std::uint32_t end;
  };

  std::string text_;
  std::vector<Place> places_;
};

struct Request {
  Method method = Method::get;
  std::vector<std::string> path = {};  // decoded segments, see Target
  Query query = {};
  Headers headers = {};
  std::string body = {};
  /// Set by the server: "127.0.0.1:51312", "[::1]:51312", or "unix:1000" with the user id that the
  /// kernel vouches for.
  std::string peer = {};
};

/// Wakes a stream's wait from any thread. Copies share one stream; once it is over, nothing
/// happens.
class Waker {
 public:
  struct State;

  Waker() = default;
  explicit Waker(std::shared_ptr<State> state) : state_(std::move(state)) {}
  void wake() const;

 private:
  std::shared_ptr<State> state_;
};

/// What stands behind a Stream: a connection, or a recorder in a test.
class StreamPort {
 public:
  StreamPort() = default;
  StreamPort(const StreamPort&) = delete;
  StreamPort& operator=(const StreamPort&) = delete;
  virtual ~StreamPort() = default;

  virtual Awaitable<bool> send(std::string_view bytes) = 0;
  virtual Awaitable<bool> wait(Duration at_most) = 0;
  virtual Waker waker() = 0;
};

/// The open end of a streamed body. Use it from the coroutine it was given to, and no longer than
/// that runs.
class Stream {
 public:
  explicit Stream(std::shared_ptr<StreamPort> port) : port_(std::move(port)) {}

  /// Sends now. False when the client has gone or took nothing for the read timeout: end then.
  Awaitable<bool> send(std::string_view bytes) const { return port_->send(bytes); }

  /// Sleeps, at most this long, less when the waker calls (also when it called since the last
  /// wait). False when the client has gone or the server is shutting down: end then.
  Awaitable<bool> wait(Duration at_most) const { return port_->wait(at_most); }

  Waker waker() const { return port_->waker(); }

 private:
  std::shared_ptr<StreamPort> port_;
};

/// Writes a body piece by piece (server-sent events, a log that grows). An exception cuts the
/// connection, so that the client does not take the part for the whole.
using StreamBody = std::function<Awaitable<void>(Stream)>;

struct Response {
  std::uint16_t status = 200;
  std::string content_type = {};  // empty: no such header
  Headers headers = {};           // without content type, length, connection and date
  std::string body = {};
  StreamBody stream = {};  // where set, is sent in the place of `body`, in chunks; then the
                           // connection closes
};

/// Called on a server thread. May wait (co_await) as long as it likes: other requests go on. An
/// exception becomes a 500 answer and a line to `ServerOptions::on_trouble`.
using Handler = std::function<Awaitable<Response>(Request)>;

/// "Not Found" for 404; "Unknown" for a status without a registered phrase.
std::string_view reason_of(std::uint16_t status);

/// A problem document (RFC 9457, application/problem+json). `detail` is a sentence that says what
/// to do.
Response problem(std::uint16_t status, std::string_view detail);

}  // namespace fabrica::net
