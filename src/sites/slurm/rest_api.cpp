#include "sites/slurm/rest_api.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <system_error>
#include <utility>

#include "sites/slurm/account_bodies.h"
#include "sites/slurm/submit_body.h"

namespace fabrica::sites::slurm {

using net::Method;
using net::Request;

namespace {

constexpr std::string_view version_start = "v0.0.";

Request read_request(std::vector<std::string> path) {
  Request request;
  request.path = std::move(path);
  request.headers.add("Accept", "application/json");
  return request;
}

Request json_request(std::vector<std::string> path, std::string body) {
  Request request = read_request(std::move(path));
  request.method = Method::post;
  request.headers.add("Content-Type", "application/json");
  request.body = std::move(body);
  return request;
}

std::string whole_seconds(Time time) { return std::to_string(time.ms / 1000); }

/// Builds one request, with the paths of one version.
class RequestMaker {
 public:
  RequestMaker(ApiVersion version, std::string_view cluster)
      : version_(version), name_(to_string(version)), cluster_(cluster) {}

  Result<Request> operator()(const ask::Submit& ask) const {
    TRY(std::string body, submit_body(ask.job, version_));
    return json_request({"slurm", name_, "job", "submit"}, std::move(body));
  }

  Result<Request> operator()(const ask::Release& ask) const {
    return json_request({"slurm", name_, "job", std::to_string(ask.id)}, R"({"hold":false})");
  }

  Result<Request> operator()(const ask::Hold& ask) const {
    return json_request({"slurm", name_, "job", std::to_string(ask.id)}, R"({"hold":true})");
  }

  Result<Request> operator()(const ask::Cancel& ask) const {
    Request request = read_request({"slurm", name_, "job", std::to_string(ask.id)});
    request.method = Method::remove;
    return request;
  }

  Result<Request> operator()(const ask::List& ask) const {
    Request request = read_request({"slurm", name_, "jobs"});
    if (ask.since.ms >= 1000) {
      request.query.pairs.emplace_back("update_time", whole_seconds(ask.since));
    }
    return request;
  }

  Result<Request> operator()(const ask::Show& ask) const {
    return read_request({"slurm", name_, "job", std::to_string(ask.id)});
  }

  Result<Request> operator()(const ask::Past& ask) const {
    if (ask.id != 0) return read_request({"slurmdb", name_, "job", std::to_string(ask.id)});
    Request request = read_request({"slurmdb", name_, "jobs"});
    auto& query = request.query.pairs;
    // Pending jobs too come only when the time is said to be that of the submission. "uts" is how
    // Slurm writes seconds since 1970, beside dates in the cluster's own time zone.
    const std::string from = whole_seconds(Time{std::max<std::int64_t>(ask.from.ms, 1000)});
    if (version_ < ApiVersion{40}) {
      query.emplace_back("submit_time", "uts" + from);
    } else {
      query.emplace_back("start_time", "uts" + from);
      query.emplace_back("usage_time_as_submit_time", "true");
      query.emplace_back("show_duplicates", "true");
    }
    query.emplace_back("skip_steps", "true");
    if (!cluster_.empty() && !ask.any_cluster) query.emplace_back("cluster", cluster_);
    return request;
  }

  Result<Request> operator()(const ask::Ping&) const {
    return read_request({"slurm", name_, "ping"});
  }

  Result<Request> operator()(const ask::Keep& ask) const {
    return json_request({"slurmdb", name_, "associations"},
                        user_association_body(ask.account, cluster_, version_));
  }

  Result<Request> operator()(const ask::Look& ask) const {
    Request request = read_request({"slurmdb", name_, "associations"});
    request.query.pairs.emplace_back("account", fmt::format("{}", fmt::join(ask.accounts, ",")));
    if (!cluster_.empty()) request.query.pairs.emplace_back("cluster", cluster_);
    return request;
  }

 private:
  ApiVersion version_;
  std::string name_;
  std::string cluster_;
};

bool take_number(std::string_view text, std::uint32_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::string to_string(ApiVersion version) { return fmt::format("v0.0.{}", version.number); }

Result<ApiVersion> parse_api_version(std::string_view text) {
  ApiVersion version;
  if (text.starts_with(version_start) &&
      take_number(text.substr(version_start.size()), version.number) && version >= api_oldest &&
      version <= api_newest) {
    return version;
  }
  return refuse(refusal::invalid, "api_version",
                fmt::format("Give a version of slurmrestd's interface from {} to {}, or none to "
                            "take the newest that it offers.",
                            to_string(api_oldest), to_string(api_newest)));
}

std::optional<ApiVersion> newest_version_in(std::string_view openapi) {
  std::optional<ApiVersion> newest;
  std::size_t at = 0;
  while ((at = openapi.find(version_start, at)) != std::string_view::npos) {
    // JSON may write "/" as "\/".
    std::string_view before = openapi.substr(0, at);
    at += version_start.size();
    if (!before.ends_with('/')) continue;
    before.remove_suffix(1);
    if (before.ends_with('\\')) before.remove_suffix(1);
    if (!before.ends_with("slurm")) continue;
    ApiVersion version;
    std::from_chars(openapi.data() + at, openapi.data() + openapi.size(), version.number);
    if (version < api_oldest || version > api_newest) continue;
    if (!newest || version > *newest) newest = version;
  }
  return newest;
}

Request openapi_request() { return read_request({"openapi", "v3"}); }

Request diag_request(ApiVersion version) {
  return read_request({"slurm", to_string(version), "diag"});
}

Result<Request> request_of(const Ask& ask, ApiVersion version, std::string_view cluster) {
  return std::visit(RequestMaker(version, cluster), ask);
}

Request books_request(ApiVersion version, std::string_view cluster, Time from, Time to) {
  Request request = read_request({"slurmdb", to_string(version), "jobs"});
  auto& query = request.query.pairs;
  const auto at = [](Time time) {
    return "uts" + whole_seconds(Time{std::max(time.ms, days(1).ms)});
  };
  query.emplace_back("start_time", at(from));
  query.emplace_back("end_time", at(to));
  if (version >= ApiVersion{40}) query.emplace_back("show_duplicates", "true");
  query.emplace_back("skip_steps", "true");
  if (!cluster.empty()) query.emplace_back("cluster", std::string(cluster));
  return request;
}

std::vector<Request> requests_before(const Ask& ask, ApiVersion version, std::string_view cluster) {
  const auto* keep = std::get_if<ask::Keep>(&ask);
  if (keep == nullptr) return {};
  const std::string name = to_string(version);
  return {json_request({"slurmdb", name, "accounts"}, account_body(keep->account)),
          json_request({"slurmdb", name, "associations"},
                       account_association_body(keep->account, cluster, version))};
}

std::optional<Time> parse_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr std::size_t date_size = 29;
  if (text.size() != date_size || !text.ends_with(" GMT") || text[19] != ':' || text[22] != ':') {
    return std::nullopt;
  }
  std::uint32_t day = 0;
  std::uint32_t year = 0;
  std::uint32_t hour = 0;
  std::uint32_t minute = 0;
  std::uint32_t second = 0;
  unsigned month = 1;
  while (month <= months.size() && months[month - 1] != text.substr(8, 3)) ++month;
  if (!take_number(text.substr(5, 2), day) || !take_number(text.substr(12, 4), year) ||
      !take_number(text.substr(17, 2), hour) || !take_number(text.substr(20, 2), minute) ||
      !take_number(text.substr(23, 2), second)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                         std::chrono::month(month), std::chrono::day(day)};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return Time{} + ::fabrica::days(days) + hours(hour) + minutes(minute) + seconds(second);
}

}  // namespace fabrica::sites::slurm
