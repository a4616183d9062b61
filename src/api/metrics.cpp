#include "api/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace fabrica::api {

Metrics::Metrics(std::vector<Label> routes)
    : routes_(std::move(routes)), counts_(std::make_unique<Counts[]>(routes_.size())) {}

void Metrics::count(std::size_t route, std::uint16_t status, std::int64_t nanoseconds) {
  Counts& counts = counts_[route];
  const auto* const found = std::find(statuses.begin(), statuses.end() - 1, status);
  const auto of_status = static_cast<std::size_t>(found - statuses.begin());
  counts.by_status[of_status].fetch_add(1, std::memory_order_relaxed);
  const auto* const bound = std::ranges::lower_bound(bounds_us, (nanoseconds + 999) / 1000);
  const auto of_time = static_cast<std::size_t>(bound - bounds_us.begin());
  counts.by_time[of_time].fetch_add(1, std::memory_order_relaxed);
  counts.nanoseconds.fetch_add(static_cast<std::uint64_t>(nanoseconds), std::memory_order_relaxed);
}

void Metrics::write(std::string& out) const {
  const auto to = std::back_inserter(out);
  out +=
      "# HELP fabrica_http_requests_total Requests by route and status.\n"
      "# TYPE fabrica_http_requests_total counter\n";
  for (std::size_t route = 0; route < routes_.size(); ++route) {
    for (std::size_t i = 0; i < statuses.size(); ++i) {
      const std::uint64_t count = counts_[route].by_status[i].load(std::memory_order_relaxed);
      if (count == 0) continue;
      const std::string status = statuses[i] == 0 ? "other" : fmt::to_string(statuses[i]);
      fmt::format_to(to,
                     "fabrica_http_requests_total{{method=\"{}\",route=\"{}\",status=\"{}\"}} {}\n",
                     routes_[route].method, routes_[route].route, status, count);
    }
  }
  out +=
      "# HELP fabrica_http_request_seconds Time from the whole request to its answer.\n"
      "# TYPE fabrica_http_request_seconds histogram\n";
  for (std::size_t route = 0; route < routes_.size(); ++route) {
    const Counts& counts = counts_[route];
    const std::string labels =
        fmt::format("method=\"{}\",route=\"{}\"", routes_[route].method, routes_[route].route);
    std::uint64_t sum = 0;
    for (const auto& bucket : counts.by_time) sum += bucket.load(std::memory_order_relaxed);
    if (sum == 0) continue;
    std::uint64_t up_to = 0;
    for (std::size_t i = 0; i < bounds_us.size(); ++i) {
      up_to += counts.by_time[i].load(std::memory_order_relaxed);
      fmt::format_to(to, "fabrica_http_request_seconds_bucket{{{},le=\"{}\"}} {}\n", labels,
                     static_cast<double>(bounds_us[i]) / 1e6, up_to);
    }
    fmt::format_to(to,
                   "fabrica_http_request_seconds_bucket{{{},le=\"+Inf\"}} {}\n"
                   "fabrica_http_request_seconds_sum{{{}}} {}\n"
                   "fabrica_http_request_seconds_count{{{}}} {}\n",
                   labels, sum, labels,
                   static_cast<double>(counts.nanoseconds.load(std::memory_order_relaxed)) / 1e9,
                   labels, sum);
  }
}

}  // namespace fabrica::api
