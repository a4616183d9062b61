#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"
#include "base/time.h"
#include "net/http.h"
#include "net/url.h"

namespace fabrica::net {

struct ClientOptions {
  std::string ca_file = {};  // PEM of the authorities to trust; empty: those of the system
  Duration connect_timeout = seconds(10);
  Duration read_timeout = limits::http_read_timeout;  // of stream(): the longest silence
  std::size_t body_bytes_max = 16 * limits::http_body_bytes_max;  // of an answer send() collects
};

/// An HTTP/1.1 client that blocks: for the command line, tools, and workers with a thread of their
/// own. Keeps its one connection between requests. Not for several threads at once.
///
/// Of a Request it uses method, path, query, headers and body. Whatever status the server answers
/// is an answer; a refusal (`unavailable`) means that there was none, and says the address and
/// what to do. The headers of an answer are all that the server sent. A connection that was found
/// closed is opened again, once, where the request cannot have been acted upon, or may be repeated:
/// GET, HEAD, PUT, DELETE, OPTIONS, or with an Idempotency-Key. Names are looked up by the system,
/// whose timeout is not ours.
class Client {
 public:
  explicit Client(Url server, ClientOptions options = {});
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  /// The whole exchange takes at most `timeout`.
  Result<Response> send(Request request, Duration timeout);

  /// Hands over the body of a 2xx answer as it comes, until its end or until `on_chunk` says
  /// false. The body of any other answer comes in the response.
  Result<Response> stream(Request request, const std::function<bool(std::string_view)>& on_chunk);

  /// Of the last request: whether any of it may have reached the server. After a refusal, false
  /// means that the server has certainly not acted upon it.
  bool may_have_left() const;

  /// From any thread: ends the exchange in progress within moments, and refuses all later ones.
  void abandon();

 private:
  class Wire;
  std::unique_ptr<Wire> wire_;
};

}  // namespace fabrica::net
