#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"

/// Heads of messages as bytes.
namespace fabrica::net {

/// How the body after an answer's head is bounded, and what becomes of the connection.
struct AnswerFraming {
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = true;
  bool http_1_0 = false;
};

/// True where a status has a body: not for 1xx, 204 and 304 (RFC 9110, section 6.4.1).
bool may_have_body(std::uint16_t status);

/// Appends the status line and all headers. `date` is an IMF-fixdate. Control characters in names
/// and values become spaces, so that no text of a caller can start a header of its own.
void append_head(std::string& out, const Response& response, const AnswerFraming& framing,
                 std::string_view date);

/// Appends the request line and all headers of a request to `host`, whose body has `body_bytes`.
void append_head(std::string& out, const Request& request, const std::string& target,
                 std::string_view host, std::size_t body_bytes);

/// "Sun, 06 Nov 1994 08:49:37 GMT", renewed when the second changes.
class DateText {
 public:
  std::string_view now();

 private:
  std::int64_t second_ = -1;
  std::string text_;
};

}  // namespace fabrica::net
