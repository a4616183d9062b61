#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/amount.h"
#include "base/describe.h"
#include "base/digest.h"
#include "base/id.h"
#include "base/time.h"
#include "json/types.h"

/// Described types with every kind of member that has a JSON form, for tests and fuzzing.
namespace fabrica::json_sample {

struct JobTag {
  static constexpr std::string_view prefix = "job";
};
using JobId = Id<JobTag>;

enum class Colour : std::uint8_t { red, green, blue };
FABRICA_DESCRIBE_ENUM(Colour, red, green, blue)

struct Point {
  std::int32_t x = 0;
  std::int32_t y = 0;

  friend bool operator==(const Point&, const Point&) = default;
};
FABRICA_DESCRIBE(Point, x, y)

struct Nothing {
  friend bool operator==(const Nothing&, const Nothing&) = default;
};
FABRICA_DESCRIBE(Nothing)

struct Named {
  std::string name;
  std::vector<Point> corners;

  friend bool operator==(const Named&, const Named&) = default;
};
FABRICA_DESCRIBE(Named, name, corners)

using Shape = std::variant<Nothing, Point, Named>;
using Thing = std::variant<Shape, Money>;

struct Everything {
  bool flag = false;
  std::int8_t small = 0;
  std::uint16_t medium = 0;
  std::int64_t large = 0;
  std::uint64_t largest = 0;
  double real = 0;
  std::string text;
  JobId job;
  Time time;
  Duration duration;
  ComputeTime amount;
  CommandId command;
  Digest digest;
  Sha256 sha256;
  Colour colour = Colour::red;
  Point point;
  std::optional<std::int32_t> maybe;
  std::optional<Point> maybe_point;
  std::vector<std::uint8_t> numbers;
  std::vector<bool> flags;
  std::vector<std::optional<std::string>> maybes;
  std::deque<Named> queue;
  std::set<Colour> colours;
  std::array<std::int32_t, 3> triple{};
  std::map<std::string, double> by_name;
  std::map<JobId, Point> by_job;
  std::map<Colour, std::vector<std::string>> by_colour;
  Shape shape;
  Thing thing;

  friend bool operator==(const Everything&, const Everything&) = default;
};
FABRICA_DESCRIBE(Everything, flag, small, medium, large, largest, real, text, job, time, duration,
                 amount, command, digest, sha256, colour, point, maybe, maybe_point, numbers, flags,
                 maybes, queue, colours, triple, by_name, by_job, by_colour, shape, thing)

}  // namespace fabrica::json_sample
