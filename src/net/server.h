#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"
#include "base/time.h"
#include "net/http.h"

namespace fabrica::net {

/// Each member has an initialiser, so that a caller may name only those that it sets.
struct ServerOptions {
  std::string address = "127.0.0.1";  // an IP address to listen on; empty: no TCP
  std::uint16_t port = 0;             // 0: any free one, see Server::port
  std::string unix_path = {};         // empty: no unix socket
  std::uint32_t unix_mode = 0600;     // who may connect there, as file permissions

  std::string certificate_file = {};  // PEM; with key_file makes the TCP side speak TLS
  std::string key_file = {};

  int threads = 1;  // 1 to 16; each request is served on one of them

  std::size_t header_bytes_max = limits::http_header_bytes_max;       // else 431, or 414
  std::size_t body_bytes_max = limits::http_body_bytes_max;           // else 413
  std::size_t body_bytes_all_max = 32 * limits::http_body_bytes_max;  // held at once; else 503
  std::size_t connections_max = limits::http_connections_max;         // else 503

  /// How long a request may take to arrive once begun, how long a client may take to accept an
  /// answer, and how long a shake of hands; large bodies get more, in proportion.
  Duration read_timeout = limits::http_read_timeout;
  Duration idle_timeout = limits::http_idle_timeout;  // between requests

  /// Told in one line what an operator should know (a handler that threw, no more file
  /// descriptors). Called on server threads; must not throw.
  std::function<void(std::string_view)> on_trouble = {};
};

/// An HTTP/1.1 server. Requests of one connection are answered one after the other, those of
/// different connections side by side.
class Server {
 public:
  /// Binds and listens, so that clients can connect before start(). Refused when an address is in
  /// use or a certificate cannot be read.
  static Result<std::unique_ptr<Server>> open(ServerOptions options, Handler handler);

  /// As stop() without grace.
  ~Server();

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// The TCP port listened on; 0 where there is none.
  std::uint16_t port() const;

  /// Starts the threads and returns. Once.
  void start();

  /// No new connections or requests; streams are told to end; requests in work may be finished
  /// within `grace`. What is left then is cut: its handlers see operation_aborted. Returns when
  /// nothing runs any more. Not from a server thread.
  void stop(Duration grace);

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace fabrica::net
