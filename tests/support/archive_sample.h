#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/amount.h"
#include "base/describe.h"
#include "base/digest.h"
#include "base/id.h"
#include "base/table.h"
#include "base/time.h"

/// Described types with every kind of member that has a binary form, for tests and fuzzing.
namespace fabrica::archive_sample {

struct JobTag {
  static constexpr std::string_view prefix = "job";
};
using JobId = Id<JobTag>;

enum class Colour : std::int8_t { red = -1, green = 0, blue = -4 };
FABRICA_DESCRIBE_ENUM(Colour, red, green, blue)

struct Point {
  std::int32_t x = 0;
  std::int32_t y = 0;

  friend auto operator<=>(const Point&, const Point&) = default;
};
FABRICA_DESCRIBE(Point, x, y)

struct Nothing {
  friend bool operator==(const Nothing&, const Nothing&) = default;
};
FABRICA_DESCRIBE(Nothing)

struct Archived {
  bool flag = false;
  std::int8_t small = 0;
  std::uint16_t medium = 0;
  std::int64_t large = 0;
  std::uint64_t largest = 0;
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
  Nothing nothing;
  std::optional<Point> maybe;
  std::vector<bool> flags;
  std::vector<Money> sums;
  std::vector<Nothing> nothings;
  std::deque<std::string> queue;
  std::array<std::int16_t, 3> triple{};
  std::pair<std::string, Time> pair;
  std::map<std::string, std::vector<Point>> by_name;
  std::set<std::pair<Time, JobId>> deadlines;
  std::variant<Nothing, Point, std::string> one_of;
  Table<JobId, Point> table;

  friend bool operator==(const Archived&, const Archived&) = default;
};
FABRICA_DESCRIBE(Archived, flag, small, medium, large, largest, text, job, time, duration, amount,
                 command, digest, sha256, colour, point, nothing, maybe, flags, sums, nothings,
                 queue, triple, pair, by_name, deadlines, one_of, table)

}  // namespace fabrica::archive_sample
