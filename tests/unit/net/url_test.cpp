#include "net/url.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace fabrica::net {
namespace {

std::string shown(const Result<Target>& target) {
  if (!target) return std::string(target.error().code.name);
  std::string text;
  for (const std::string& segment : target->path) text += "<" + segment + ">";
  for (const auto& [name, value] : target->query.pairs) text += " " + name + "=" + value;
  return text;
}

TEST(Url, ReadsTargets) {
  struct Row {
    std::string_view text;
    std::string_view expected;
  };
  const Row rows[] = {
      {"/", ""},
      {"/v1/jobs", "<v1><jobs>"},
      {"/v1/jobs/", "<v1><jobs><>"},
      {"//v1", "<><v1>"},
      {"/a%20b/c%2Fd", "<a b><c/d>"},
      {"/z%C3%BCrich", "<zürich>"},
      {"/...", "<...>"},
      {"/?", ""},
      {"/?a=1&b=2&a=3", " a=1 b=2 a=3"},
      {"/a?x", "<a> x="},
      {"/a?x=&&y==z", "<a> x= y==z"},
      {"/a?q=b+c%2Bd", "<a> q=b c+d"},
      {"/a?q=/../?", "<a> q=/../?"},
      {"http://other.example/a/b?c=d", "<a><b> c=d"},
      {"HTTPS://other.example", ""},
      {"http://other.example?c=d", " c=d"},
      {"", ""},
      {"a/b", "malformed"},
      {"*", "malformed"},
      {"/%", "malformed"},
      {"/%4", "malformed"},
      {"/%zz", "malformed"},
      {"/a?b=%2", "malformed"},
      {"/.", "malformed"},
      {"/a/../b", "malformed"},
      {"/a/%2e%2E/b", "malformed"},
      {"/a/%2e", "malformed"},
      {"/%00", "malformed"},
      {"/%0d%0a", "malformed"},
      {"/%7f", "malformed"},
      {"/%ff", "malformed"},
      {"/%c0%af", "malformed"},        // "/" in two bytes
      {"/%ed%a0%80", "malformed"},     // a surrogate
      {"/%f4%90%80%80", "malformed"},  // beyond U+10FFFF
      {"/%f0%9f%98%80", "<\xf0\x9f\x98\x80>"},
      {"/a?b=%00", "malformed"},
      {"/a?b=%ff", "malformed"},
      {"/a#b", "malformed"},
  };
  for (const Row& row : rows) EXPECT_EQ(shown(parse_target(row.text)), row.expected) << row.text;
}

RC_GTEST_PROP(Url, TargetsComeBack, ()) {
  Target target;
  const auto letters = rc::gen::container<std::string>(
      rc::gen::elementOf(std::string("abZ09-._~/ %+&=?#\"\xc3\xbc", 20)));
  const auto text = rc::gen::suchThat(letters, [](const std::string& s) {
    return s != "." && s != ".." && parse_target("/x?" + percent_encode(s)).has_value();
  });
  target.path = *rc::gen::container<std::vector<std::string>>(text);
  RC_PRE(target.path != std::vector<std::string>{""});  // cannot be told from none
  for (std::string& name : *rc::gen::container<std::vector<std::string>>(text)) {
    target.query.pairs.emplace_back(std::move(name), *text);
  }
  const Result<Target> back = parse_target(to_string(target));
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == target);
}

TEST(Url, FindsTheFirstOfAName) {
  const Query query{.pairs = {{"a", "1"}, {"b", "2"}, {"a", "3"}}};
  EXPECT_EQ(query.find("a"), "1");
  EXPECT_EQ(query.find("b"), "2");
  EXPECT_EQ(query.find("c"), std::nullopt);
}

std::string parts_of(const Result<Url>& url) {
  if (!url) return fmt::format("{} {}", url.error().code.name, url.error().field);
  if (url->scheme == Url::Scheme::unix_socket) return "unix " + url->socket_path;
  return fmt::format("{} {} {} {}", url->scheme == Url::Scheme::https ? "https" : "http", url->host,
                     url->port, fmt::join(url->prefix, ","));
}

TEST(Url, ReadsBaseUrls) {
  struct Row {
    std::string_view text;
    std::string_view expected;
    std::string_view written;  // how it is printed; empty: as it was read
  };
  const Row rows[] = {
      {"http://localhost", "http localhost 80 ", ""},
      {"http://localhost/", "http localhost 80 ", "http://localhost"},
      {"http://localhost:8080", "http localhost 8080 ", ""},
      {"HTTP://Host.Example:80", "http Host.Example 80 ", "http://Host.Example"},
      {"https://host.example", "https host.example 443 ", ""},
      {"https://host.example:8443/a/b/", "https host.example 8443 a,b",
       "https://host.example:8443/a/b"},
      {"http://[::1]:90", "http ::1 90 ", ""},
      {"http://[fe80::1]", "http fe80::1 80 ", ""},
      {"http://127.0.0.1:1/x%20y", "http 127.0.0.1 1 x y", ""},
      {"unix:/run/fabrica.sock", "unix /run/fabrica.sock", ""},
      {"unix:///run/fabrica.sock", "unix /run/fabrica.sock", "unix:/run/fabrica.sock"},
      {"", "invalid url", ""},
      {"localhost:8080", "invalid url", ""},
      {"ftp://localhost", "invalid url", ""},
      {"http://", "invalid url", ""},
      {"http:///path", "invalid url", ""},
      {"http://:80", "invalid url", ""},
      {"http://host:", "invalid url", ""},
      {"http://host:0", "invalid url", ""},
      {"http://host:65536", "invalid url", ""},
      {"http://host:8o", "invalid url", ""},
      {"http://ho st", "invalid url", ""},
      {"http://host\r\n", "invalid url", ""},
      {"http://ho%20st", "invalid url", ""},
      {"http://user:secret@host", "invalid url", ""},
      {"http://host?a=b", "invalid url", ""},
      {"http://host#a", "invalid url", ""},
      {"http://host/%zz", "invalid url", ""},
      {"http://host/../a", "invalid url", ""},
      {"http://[::1", "invalid url", ""},
      {"http://[::1]x", "invalid url", ""},
      {"http://[host]", "invalid url", ""},
      {"unix:", "invalid url", ""},
      {"unix:/", "invalid url", ""},
      {"unix:relative", "invalid url", ""},
      {"unix://host/path", "invalid url", ""},
  };
  for (const Row& row : rows) {
    const Result<Url> url = parse_url(row.text);
    EXPECT_EQ(parts_of(url), row.expected) << row.text;
    if (url) EXPECT_EQ(to_string(*url), row.written.empty() ? row.text : row.written);
  }
  EXPECT_EQ(parts_of(parse_url("unix:/" + std::string(107, 'x'))), "invalid url");
  EXPECT_EQ(parts_of(parse_url("http://" + std::string(5000, 'x'))), "invalid url");
}

TEST(Url, KeepsASecretOutOfTheMessage) {
  const Result<Url> url = parse_url("http://user:secret@host");
  ASSERT_FALSE(url.has_value());
  EXPECT_EQ(url.error().text.find("secret"), std::string::npos) << url.error().text;
}

RC_GTEST_PROP(Url, PercentEncodingComesBack, (const std::string& text)) {
  const std::string encoded = percent_encode(text);
  RC_ASSERT(encoded.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789-._~%") == std::string::npos);
  RC_ASSERT(percent_decode(encoded) == text);
}

}  // namespace
}  // namespace fabrica::net
