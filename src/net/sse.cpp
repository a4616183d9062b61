#include "net/sse.h"

#include <fmt/core.h>

#include <algorithm>

namespace fabrica::net {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

void append_line(std::string& text, std::string_view field, std::string_view value) {
  text += field;
  text += ": ";
  const std::size_t from = text.size();
  text += value;
  const auto is_break = [](char c) { return c == '\n' || c == '\r' || c == '\0'; };
  std::replace_if(text.begin() + static_cast<std::ptrdiff_t>(from), text.end(), is_break, ' ');
  text += '\n';
}

void append_data(std::string& text, std::string_view data) {
  while (true) {
    const std::size_t end = std::min(data.find_first_of("\r\n"), data.size());
    text += "data: ";
    text += data.substr(0, end);
    text += '\n';
    if (end == data.size()) return;
    data.remove_prefix(data.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
}

}  // namespace

std::string to_wire(const SseEvent& event) {
  std::string text;
  if (!event.comment.empty()) append_line(text, "", event.comment);
  if (!event.event.empty()) append_line(text, "event", event.event);
  if (!event.id.empty()) append_line(text, "id", event.id);
  const bool heartbeat = event.data.empty() && event.event.empty() && event.id.empty();
  if (!heartbeat) append_data(text, event.data);
  text += '\n';
  return text;
}

Response event_stream(StreamBody body) {
  Response response;
  response.content_type = "text/event-stream";
  // A cache or a buffering proxy between would hold the events back.
  response.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
  response.stream = std::move(body);
  return response;
}

Result<void> SseParser::push(std::string_view bytes) {
  while (!bytes.empty()) {
    if (after_cr_ && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      after_cr_ = false;
      continue;
    }
    after_cr_ = false;
    const std::size_t end = std::min(bytes.find_first_of("\r\n"), bytes.size());
    line_ += bytes.substr(0, end);
    if (line_.size() + event_.data.size() > event_bytes_max_) {
      return refuse(
          refusal::too_large, "",
          fmt::format("The server sent an event of more than {} bytes.", event_bytes_max_));
    }
    if (end == bytes.size()) return {};
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    finish_line();
  }
  return {};
}

std::optional<SseEvent> SseParser::take() {
  if (ready_.empty()) return std::nullopt;
  SseEvent event = std::move(ready_.front());
  ready_.pop_front();
  return event;
}

void SseParser::finish_line() {
  std::string_view line = line_;
  if (first_line_ && line.starts_with(byte_order_mark)) line.remove_prefix(3);
  first_line_ = false;
  if (line.empty()) {
    finish_event();
  } else {
    const std::size_t colon = std::min(line.find(':'), line.size());
    std::string_view value = line.substr(std::min(colon + 1, line.size()));
    if (value.starts_with(' ')) value.remove_prefix(1);
    take_field(line.substr(0, colon), value);
  }
  line_.clear();
}

void SseParser::take_field(std::string_view name, std::string_view value) {
  if (name.empty()) {
    ready_.push_back({.comment = std::string(value)});
  } else if (name == "event") {
    event_.event = value;
  } else if (name == "data") {
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  } else if (name == "id" && !value.contains('\0')) {
    last_id_ = value;
  }
}

void SseParser::finish_event() {
  if (has_data_) {
    event_.id = last_id_;
    ready_.push_back(std::move(event_));
  }
  event_ = {};
  has_data_ = false;
}

}  // namespace fabrica::net
