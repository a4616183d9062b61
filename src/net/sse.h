#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"
#include "net/http.h"

namespace fabrica::net {

/// One server-sent event (WHATWG HTML, section 9.2). An event with only a comment is a heartbeat.
struct SseEvent {
  std::string event = {};    // empty: "message"
  std::string id = {};       // what the client says as Last-Event-ID when it comes back
  std::string data = {};     // may have several lines
  std::string comment = {};  // one line

  friend bool operator==(const SseEvent&, const SseEvent&) = default;
};

/// The event as it goes over the wire. Line ends in `data` arrive as "\n"; in the other fields,
/// where they cannot be said, they become spaces.
std::string to_wire(const SseEvent& event);

/// An answer of 200 that streams events.
Response event_stream(StreamBody body);

/// Reads a stream of events in pieces of any size: push what came, then take while there is some.
class SseParser {
 public:
  explicit SseParser(std::size_t event_bytes_max = limits::http_body_bytes_max)
      : event_bytes_max_(event_bytes_max) {}

  /// Refused (`too_large`) when one event is longer than the bound; the stream is lost then.
  Result<void> push(std::string_view bytes);

  /// The next complete event. A comment comes at once, as an event of its own; an event without an
  /// id carries that of the one before, as the standard has it.
  std::optional<SseEvent> take();

 private:
  void finish_line();
  void take_field(std::string_view name, std::string_view value);
  void finish_event();

  std::size_t event_bytes_max_;
  std::string line_;  // what came of the line that is not yet at its end
  bool first_line_ = true;
  bool after_cr_ = false;  // a "\n" now belongs to the "\r" before
  bool has_data_ = false;
  SseEvent event_;  // without its id until the blank line
  std::string last_id_;
  std::deque<SseEvent> ready_;
};

}  // namespace fabrica::net
