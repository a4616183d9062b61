#include "net/url.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/limits.h"

namespace fabrica::net {

namespace {

// A socket's name must fit sockaddr_un with its final zero.
constexpr std::size_t socket_path_bytes_max = 107;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

constexpr bool is_unreserved(char c) {
  return is_digit(c) || is_letter(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// How many bytes the UTF-8 character at the start of `text` has; 0 where it is none. Follows table
// 3-7 of the Unicode standard: no overlong forms, no surrogates, nothing above U+10FFFF.
std::size_t utf8_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto follows = [&](std::size_t i, unsigned low, unsigned high) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1, 0x80, 0xbf) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const unsigned low = first == 0xe0 ? 0xa0 : 0x80;
    const unsigned high = first == 0xed ? 0x9f : 0xbf;
    return follows(1, low, high) && follows(2, 0x80, 0xbf) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const unsigned low = first == 0xf0 ? 0x90 : 0x80;
    const unsigned high = first == 0xf4 ? 0x8f : 0xbf;
    return follows(1, low, high) && follows(2, 0x80, 0xbf) && follows(3, 0x80, 0xbf) ? 4 : 0;
  }
  return 0;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t bytes = utf8_bytes(text);
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

std::unexpected<Refusal> malformed(std::string text) {
  return refuse(refusal::malformed, "", std::move(text));
}

std::unexpected<Refusal> bad_url(std::string_view text, std::string_view why) {
  return refuse(refusal::invalid, "url",
                fmt::format("'{}' is no address of a server: {}. Write it like http://host:8080, "
                            "https://host/prefix or unix:/path/of/socket.",
                            text, why));
}

Result<std::vector<std::string>> parse_path(std::string_view text) {
  std::vector<std::string> segments;
  if (!text.starts_with('/')) return malformed("The path of the request must start with '/'.");
  text.remove_prefix(1);
  if (text.empty()) return segments;
  segments.reserve(1 + static_cast<std::size_t>(std::ranges::count(text, '/')));
  while (true) {
    const std::size_t end = std::min(text.find('/'), text.size());
    std::optional<std::string> segment = percent_decode(text.substr(0, end));
    if (!segment) return malformed("The path has a '%' without two hexadecimal digits after it.");
    if (*segment == "." || *segment == "..") {
      return malformed("The path must not have '.' or '..' as a segment.");
    }
    if (std::ranges::any_of(*segment, is_control) || !is_utf8(*segment)) {
      return malformed("The path must be UTF-8 without control characters.");
    }
    segments.push_back(std::move(*segment));
    if (end == text.size()) return segments;
    text.remove_prefix(end + 1);
  }
}

// As browsers send forms: "+" is a space.
std::optional<std::string> decode_query_part(std::string_view text) {
  std::optional<std::string> part = percent_decode(text);
  if (!text.contains('+') || !part) return part;
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  return percent_decode(spaced);
}

Result<Query> parse_query(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    std::optional<std::string> name = decode_query_part(pair.substr(0, equals));
    std::optional<std::string> value =
        decode_query_part(pair.substr(std::min(equals + 1, pair.size())));
    if (!name || !value) {
      return malformed("The query has a '%' without two hexadecimal digits after it.");
    }
    const auto is_nul = [](char c) { return c == '\0'; };
    if (!is_utf8(*name) || !is_utf8(*value) || std::ranges::any_of(*name, is_nul) ||
        std::ranges::any_of(*value, is_nul)) {
      return malformed("The query must be UTF-8 without zero bytes.");
    }
    query.pairs.emplace_back(std::move(*name), std::move(*value));
  }
  return query;
}

Result<std::uint16_t> parse_port(std::string_view url, std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port == 0) {
    return bad_url(url, "the port must be a number from 1 to 65535");
  }
  return port;
}

// "host", "host:port", "[::1]", "[::1]:port"; `url` is the whole text, for messages.
Result<void> take_authority(std::string_view url, std::string_view authority, Url& into) {
  if (authority.contains('@')) return bad_url("…", "it must not hold a user name or a password");
  const bool bracketed = authority.starts_with('[');
  const std::size_t host_end = bracketed ? authority.find(']') : authority.find(':');
  if (bracketed && host_end == std::string_view::npos) {
    return bad_url(url, "the ']' after the IPv6 address is missing");
  }
  into.host = bracketed ? authority.substr(1, host_end - 1) : authority.substr(0, host_end);
  const auto belongs = [&](char c) {
    if (bracketed) return hex_value(c) >= 0 || c == ':' || c == '.';
    return is_digit(c) || is_letter(c) || c == '-' || c == '.' || c == '_';
  };
  if (into.host.empty()) return bad_url(url, "the name of the host is missing");
  if (!std::ranges::all_of(into.host, belongs)) {
    return bad_url(url, "the name of the host has a character that none can have");
  }
  std::string_view rest;
  if (host_end != std::string_view::npos) rest = authority.substr(host_end + (bracketed ? 1 : 0));
  if (rest.empty()) return {};
  if (!rest.starts_with(':')) return bad_url(url, "after ']' only ':' and a port may come");
  TRY(into.port, parse_port(url, rest.substr(1)));
  return {};
}

bool take_scheme(std::string_view& text, std::string_view scheme) {
  const auto same = [](char a, char b) { return (is_letter(a) ? a | 0x20 : a) == b; };
  if (text.size() < scheme.size() ||
      !std::ranges::equal(text.substr(0, scheme.size()), scheme, same)) {
    return false;
  }
  text.remove_prefix(scheme.size());
  return true;
}

Result<Url> parse_unix_url(std::string_view text, std::string_view path) {
  // "unix:///run/x" is written as often as "unix:/run/x".
  if (path.starts_with("///")) path.remove_prefix(2);
  if (!path.starts_with('/') || path.starts_with("//") || path.size() == 1) {
    return bad_url(text, "after 'unix:' the full path of the socket must come");
  }
  if (path.size() > socket_path_bytes_max) {
    return bad_url(text,
                   fmt::format("the path of a socket has at most {} bytes", socket_path_bytes_max));
  }
  Url url;
  url.scheme = Url::Scheme::unix_socket;
  url.socket_path = path;
  return url;
}

void append_path(std::string& text, const std::vector<std::string>& segments) {
  for (const std::string& segment : segments) {
    text += '/';
    text += percent_encode(segment);
  }
}

}  // namespace

std::optional<std::string_view> Query::find(std::string_view name) const {
  for (const auto& [key, value] : pairs) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += digits[byte >> 4U];
      encoded += digits[byte & 15U];
    }
  }
  return encoded;
}

std::optional<std::string> percent_decode(std::string_view text) {
  if (!text.contains('%')) return std::string(text);
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

Result<Target> parse_target(std::string_view text) {
  if (take_scheme(text, "http://") || take_scheme(text, "https://")) {
    text.remove_prefix(std::min(text.find_first_of("/?#"), text.size()));
  }
  if (text.contains('#')) return malformed("A request must not send a '#' fragment.");
  const std::size_t path_end = std::min(text.find('?'), text.size());
  const std::string_view path = path_end == 0 ? "/" : text.substr(0, path_end);
  Target target;
  TRY(target.path, parse_path(path));
  TRY(target.query, parse_query(text.substr(std::min(path_end + 1, text.size()))));
  return target;
}

std::string to_string(const Target& target) {
  std::string text;
  append_path(text, target.path);
  if (target.path.empty()) text = "/";
  char before = '?';
  for (const auto& [name, value] : target.query.pairs) {
    text += before;
    text += percent_encode(name);
    text += '=';
    text += percent_encode(value);
    before = '&';
  }
  return text;
}

Result<Url> parse_url(std::string_view text) {
  if (text.size() > limits::text_bytes_max) return bad_url("…", "it is too long");
  if (std::ranges::any_of(text, is_control) || text.contains(' ') || !is_utf8(text)) {
    return bad_url("…", "it must be UTF-8 without spaces and control characters");
  }
  std::string_view rest = text;
  if (take_scheme(rest, "unix:")) return parse_unix_url(text, rest);
  Url url;
  if (take_scheme(rest, "https://")) {
    url.scheme = Url::Scheme::https;
    url.port = 443;
  } else if (take_scheme(rest, "http://")) {
    url.port = 80;
  } else {
    return bad_url(text, "it does not start with http://, https:// or unix:");
  }
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return bad_url(text, "it must not have a '?' or a '#'");
  }
  const std::size_t authority_end = std::min(rest.find('/'), rest.size());
  TRY_DONE(take_authority(text, rest.substr(0, authority_end), url));
  rest.remove_prefix(authority_end);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  if (!rest.empty()) {
    auto prefix = parse_path(rest);
    if (!prefix) return bad_url(text, "its path is malformed");
    url.prefix = *std::move(prefix);
  }
  return url;
}

std::string to_string(const Url& url) {
  if (url.scheme == Url::Scheme::unix_socket) return "unix:" + url.socket_path;
  const bool secure = url.scheme == Url::Scheme::https;
  const bool ipv6 = url.host.contains(':');
  std::string text = fmt::format("{}://{}{}{}", secure ? "https" : "http", ipv6 ? "[" : "",
                                 url.host, ipv6 ? "]" : "");
  if (url.port != (secure ? 443 : 80)) text += fmt::format(":{}", url.port);
  append_path(text, url.prefix);
  return text;
}

}  // namespace fabrica::net
