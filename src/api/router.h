#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/routes.h"

namespace fabrica::api {

/// One piece of a route's path: fixed text, or "{name}" with text after it.
struct Segment {
  std::string_view text;    // of fixed text
  std::string_view name;    // empty for fixed text
  std::string_view suffix;  // ":drain"
};

/// Splits "/v1/sites/{site}:drain". Ends the process when the pattern is not well-formed: patterns
/// are ours.
std::vector<Segment> segments_of(std::string_view pattern);

/// Finds the route of a request.
class Router {
 public:
  /// The table must outlive this.
  explicit Router(std::span<const Route> table);

  struct Match {
    std::optional<std::size_t> route;  // its place in the table
    std::array<Capture, 2> captures{};
    std::string allowed;  // where the path is known but not with this method: those there are
  };
  Match find(net::Method method, const std::vector<std::string>& path) const;

 private:
  struct Way {
    std::size_t route;
    net::Method method;
    std::vector<Segment> segments;
    std::array<Capture, 2> captures{};
  };

  // By number of segments; those with more fixed text first.
  std::vector<std::vector<Way>> ways_;
};

}  // namespace fabrica::api
