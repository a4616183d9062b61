#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace fabrica::api {

/// How many requests each route had, how they were answered, and how long that took; for
/// Prometheus. Counting is lock-free.
class Metrics {
 public:
  struct Label {
    std::string_view method;
    std::string_view route;  // the pattern, so that ids do not make a series each
  };

  /// `routes` and their texts must outlive this.
  explicit Metrics(std::vector<Label> routes);

  /// `route` is a place in the constructor's list. For a stream the time until its beginning.
  void count(std::size_t route, std::uint16_t status, std::int64_t nanoseconds);

  /// Prometheus' text format, version 0.0.4; routes nobody asked for are left out.
  void write(std::string& out) const;

 private:
  // Upper bounds of the histogram in microseconds.
  static constexpr std::array<std::int64_t, 12> bounds_us{
      50, 100, 250, 500, 1'000, 2'500, 5'000, 10'000, 25'000, 50'000, 250'000, 1'000'000};
  static constexpr std::array<std::uint16_t, 18> statuses{
      200, 201, 202, 204, 400, 401, 402, 403, 404, 405, 409, 413, 422, 429, 500, 501, 503, 0};
  struct Counts {
    std::array<std::atomic<std::uint64_t>, statuses.size()> by_status{};  // the last: any other
    std::array<std::atomic<std::uint64_t>, bounds_us.size() + 1> by_time{};
    std::atomic<std::uint64_t> nanoseconds{0};
  };

  std::vector<Label> routes_;
  std::unique_ptr<Counts[]> counts_;
};

}  // namespace fabrica::api
