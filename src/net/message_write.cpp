#include "net/message_write.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>

namespace fabrica::net {

namespace {

void append_clean(std::string& out, std::string_view text) {
  const std::size_t from = out.size();
  out += text;
  const auto is_control = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  };
  std::replace_if(out.begin() + static_cast<std::ptrdiff_t>(from), out.end(), is_control, ' ');
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  append_clean(out, name);
  out += ": ";
  append_clean(out, value);
  out += "\r\n";
}

void append_fields(std::string& out, const Headers& headers) {
  for (std::size_t i = 0; i < headers.size(); ++i) {
    append_field(out, headers[i].name, headers[i].value);
  }
}

void append_number(std::string& out, std::uint64_t number) {
  const fmt::format_int digits(number);
  out.append(digits.data(), digits.size());
}

}  // namespace

bool may_have_body(std::uint16_t status) { return status >= 200 && status != 204 && status != 304; }

void append_head(std::string& out, const Response& response, const AnswerFraming& framing,
                 std::string_view date) {
  out += "HTTP/1.1 ";
  append_number(out, response.status);
  out += ' ';
  out += reason_of(response.status);
  out += "\r\nDate: ";
  out += date;
  out += "\r\n";
  if (!response.content_type.empty()) append_field(out, "Content-Type", response.content_type);
  if (framing.content_length) {
    out += "Content-Length: ";
    append_number(out, *framing.content_length);
    out += "\r\n";
  }
  if (framing.chunked) out += "Transfer-Encoding: chunked\r\n";
  if (!framing.keep_alive) {
    out += "Connection: close\r\n";
  } else if (framing.http_1_0) {
    out += "Connection: keep-alive\r\n";
  }
  append_fields(out, response.headers);
  out += "\r\n";
}

void append_head(std::string& out, const Request& request, const std::string& target,
                 std::string_view host, std::size_t body_bytes) {
  out += to_string(request.method);
  out += ' ';
  out += target;
  out += " HTTP/1.1\r\n";
  append_field(out, "Host", host);
  const bool body_expected = request.method == Method::post || request.method == Method::put ||
                             request.method == Method::patch;
  if (body_bytes > 0 || body_expected) {
    out += "Content-Length: ";
    append_number(out, body_bytes);
    out += "\r\n";
  }
  append_fields(out, request.headers);
  out += "\r\n";
}

std::string_view DateText::now() {
  timespec clock{};
  clock_gettime(CLOCK_REALTIME_COARSE, &clock);
  if (clock.tv_sec == second_) return text_;
  second_ = clock.tv_sec;
  std::tm utc{};
  gmtime_r(&clock.tv_sec, &utc);
  // Written out, as strftime's names follow the locale.
  static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  text_ = fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                      days[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                      months[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                      utc.tm_min, utc.tm_sec);
  return text_;
}

}  // namespace fabrica::net
