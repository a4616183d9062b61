#include "api/router.h"

#include <algorithm>

#include "base/check.h"

namespace fabrica::api {

namespace {

Segment segment_of(std::string_view text) {
  if (!text.starts_with('{')) return {text, {}, {}};
  const std::size_t end = text.find('}');
  CHECK(end != std::string_view::npos && end > 1, "a route's \"{name}\" is closed");
  return {{}, text.substr(1, end - 1), text.substr(end + 1)};
}

bool matches(const Segment& segment, std::string_view word) {
  if (segment.name.empty()) return word == segment.text;
  return word.size() > segment.suffix.size() && word.ends_with(segment.suffix);
}

std::size_t fixed_bytes(const std::vector<Segment>& segments) {
  std::size_t bytes = 0;
  for (const Segment& segment : segments) bytes += segment.text.size() + segment.suffix.size();
  return bytes;
}

}  // namespace

std::vector<Segment> segments_of(std::string_view pattern) {
  CHECK(pattern.starts_with('/'), "a route's path begins with a slash");
  std::vector<Segment> segments;
  while (!pattern.empty()) {
    pattern.remove_prefix(1);
    const std::size_t end = std::min(pattern.find('/'), pattern.size());
    segments.push_back(segment_of(pattern.substr(0, end)));
    pattern.remove_prefix(end);
  }
  return segments;
}

Router::Router(std::span<const Route> table) {
  for (std::size_t i = 0; i < table.size(); ++i) {
    Way way{i, table[i].method, segments_of(table[i].path), {}};
    std::size_t found = 0;
    for (std::size_t at = 0; at < way.segments.size(); ++at) {
      if (way.segments[at].name.empty()) continue;
      CHECK(found < way.captures.size(), "a route has at most two names in its path");
      way.captures[found++] = {at, way.segments[at].suffix.size()};
    }
    const std::size_t size = way.segments.size();
    if (ways_.size() <= size) ways_.resize(size + 1);
    ways_[size].push_back(std::move(way));
  }
  for (std::vector<Way>& ways : ways_) {
    std::ranges::sort(ways, [](const Way& a, const Way& b) {
      const std::size_t fixed_a = fixed_bytes(a.segments);
      const std::size_t fixed_b = fixed_bytes(b.segments);
      return fixed_a != fixed_b ? fixed_a > fixed_b : a.route < b.route;
    });
  }
}

Router::Match Router::find(net::Method method, const std::vector<std::string>& path) const {
  Match match;
  if (path.size() >= ways_.size()) return match;
  const net::Method wanted = method == net::Method::head ? net::Method::get : method;
  // A path that is known in its most fixed form is not looked for in a less fixed one.
  const std::vector<Segment>* known = nullptr;
  for (const Way& way : ways_[path.size()]) {
    if (known != nullptr && fixed_bytes(way.segments) != fixed_bytes(*known)) break;
    if (!std::ranges::equal(way.segments, path, matches)) continue;
    if (way.method == wanted) {
      match.route = way.route;
      match.captures = way.captures;
      return match;
    }
    known = &way.segments;
    match.allowed += (match.allowed.empty() ? "" : ", ") + std::string(net::to_string(way.method));
    if (way.method == net::Method::get) match.allowed += ", HEAD";
  }
  return match;
}

}  // namespace fabrica::api
