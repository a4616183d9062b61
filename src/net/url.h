#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace fabrica::net {

/// The decoded "name=value" pairs of a query, in the order they were sent; a name may repeat.
struct Query {
  std::vector<std::pair<std::string, std::string>> pairs = {};

  /// The value of the first pair of this name.
  std::optional<std::string_view> find(std::string_view name) const;

  friend bool operator==(const Query&, const Query&) = default;
};

/// What a request line points at: "/v1/jobs/job-7?follow=1". Segments are decoded one by one, so a
/// "%2F" stays inside its segment and cannot pretend to be a separator. "/" has no segments; a
/// trailing slash makes an empty last one.
struct Target {
  std::vector<std::string> path = {};
  Query query = {};

  friend bool operator==(const Target&, const Target&) = default;
};

/// Reads a request target in origin form ("/a?b=c") or absolute form ("http://host/a?b=c", whose
/// authority is left out). Refused (`malformed`): broken percent-encoding, what is not UTF-8,
/// control characters, and "." or ".." as a segment in any spelling.
Result<Target> parse_target(std::string_view text);

/// The inverse of parse_target, in origin form.
std::string to_string(const Target& target);

/// Where a server listens: "http://host:port/prefix", "https://…" or "unix:/path/of/socket".
struct Url {
  enum class Scheme : std::uint8_t { http, https, unix_socket };

  Scheme scheme = Scheme::http;
  std::string host;  // without the brackets of an IPv6 address
  std::uint16_t port = 0;
  std::vector<std::string> prefix;  // segments that go before every request's path
  std::string socket_path;

  friend bool operator==(const Url&, const Url&) = default;
};

/// Reads a base URL; ports default to 80 and 443. User names, queries and fragments are refused:
/// a base URL has no use for them, and a secret in it would end up in messages.
Result<Url> parse_url(std::string_view text);

/// The inverse of parse_url; default ports are left out.
std::string to_string(const Url& url);

/// Every byte but letters, digits and "-._~" as "%XX" (RFC 3986, section 2.3).
std::string percent_encode(std::string_view text);

/// Nothing where a "%" is not followed by two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace fabrica::net
