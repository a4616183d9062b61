#include "api/call.h"

#include <fmt/core.h>

#include <charconv>

#include "base/limits.h"
#include "federation/decide.h"

namespace fabrica::api {

std::string_view Call::argument(std::size_t place) const {
  const Capture& capture = captures.at(place);
  std::string_view text = request.path.at(capture.segment);
  text.remove_suffix(capture.suffix_bytes);
  return text;
}

std::string path_of(const net::Request& request) {
  std::string path = net::to_string(net::Target{request.path, {}});
  // A colon may stand as it is within a path (RFC 3986, section 3.3), and in ours it does.
  constexpr std::string_view encoded = "%3A";
  for (std::size_t at = path.find(encoded); at != std::string::npos; at = path.find(encoded, at)) {
    path.replace(at, encoded.size(), ":");
  }
  return path;
}

Answer<std::uint64_t> number_in_query(const Call& call, std::string_view name,
                                      std::uint64_t otherwise, std::uint64_t most) {
  const std::optional<std::string_view> text = call.request.query.find(name);
  if (!text) return otherwise;
  std::uint64_t number = 0;
  const auto [stop, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error == std::errc{} && stop == text->data() + text->size() && number <= most) return number;
  return refuse(refusal::invalid, std::string(name),
                fmt::format("Give a whole number from 0 to {}.", most));
}

Answer<bool> flag_in_query(const Call& call, std::string_view name) {
  const std::optional<std::string_view> text = call.request.query.find(name);
  if (!text || *text == "0" || *text == "false") return false;
  if (text->empty() || *text == "1" || *text == "true") return true;
  return refuse(refusal::invalid, std::string(name), "Give 1 or 0.");
}

std::string text_in_query(const Call& call, std::string_view name) {
  return std::string(call.request.query.find(name).value_or(""));
}

Answer<std::optional<Time>> time_in_query(const Call& call, std::string_view name) {
  const std::optional<std::string_view> text = call.request.query.find(name);
  if (!text) return std::nullopt;
  const std::optional<Time> time = parse_time(*text);
  if (time) return time;
  return refuse(refusal::invalid, std::string(name), "Give a time such as 2026-11-22T14:48:00Z.");
}

Answer<void> need_line(std::string_view field, std::string_view text) {
  TRY_DONE(federation::need_text(field, text, limits::name_bytes_max));
  return {};
}

Answer<ComputeTime> signed_hours(std::string_view field, std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  Result<ComputeTime> hours = parse_hours(text);
  if (!hours) {
    hours.error().field = field;
    return std::unexpected(std::move(hours).error());
  }
  return negative ? -*hours : *hours;
}

Answer<ComputeTime> hours_above_zero(std::string_view field, std::string_view text) {
  TRY(const ComputeTime hours, signed_hours(field, text));
  if (hours > ComputeTime{}) return hours;
  return refuse(refusal::invalid, std::string(field), "Give a number of hours above zero.");
}

net::Response json_text(std::uint16_t status, std::string body) {
  net::Response response;
  response.status = status;
  response.content_type = "application/json";
  response.body = std::move(body);
  return response;
}

net::Response no_content() {
  net::Response response;
  response.status = 204;
  return response;
}

}  // namespace fabrica::api
