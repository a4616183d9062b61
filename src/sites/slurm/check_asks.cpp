#include "sites/slurm/check_asks.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

#include "base/utf8.h"
#include "sites/slurm/rest_caller.h"

namespace fabrica::sites::slurm {

namespace {

using SteadyClock = std::chrono::steady_clock;

// Slurm's own MessageTimeout is 10 s: what is shorter turns its answers into silence.
constexpr Duration each_at_most = seconds(15);
constexpr Duration all_at_most = seconds(60);
constexpr std::size_t finding_bytes_max = 1'000;
constexpr std::size_t accounts_at_once = 100;  // their names go into one URL

net::Request asked_for(std::vector<std::string> path) {
  net::Request request;
  request.path = std::move(path);
  request.headers.add("Accept", "application/json");
  return request;
}

Time now_by_our_clock() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return Time{std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

}  // namespace

/// One check in work: its connection, and the time that it has.
class SiteCheck::Asking {
 public:
  explicit Asking(std::unique_ptr<RestShared> shared)
      : shared_(std::move(shared)), caller_(*shared_) {}

  void abandon() { caller_.abandon(); }

  HeardAtSite hear(const CheckedSite& site);

 private:
  Duration time_left() const {
    const auto gone =
        std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - start_);
    const Duration left = all_at_most - milliseconds(gone.count());
    return std::min(left, each_at_most);
  }

  bool reach(HeardAtSite& heard);
  void hear_associations(const CheckedSite& site, net::Request request, Heard<Associations>& heard);

  template <class T>
  Heard<T> ask(net::Request request, Result<T> (*read)(std::string_view), const std::string& user);

  const std::unique_ptr<RestShared> shared_;
  RestCaller caller_;
  SteadyClock::time_point start_ = SteadyClock::now();
};

// The versions are asked for also where one is configured: that is the cheapest sign of life.
bool SiteCheck::Asking::reach(HeardAtSite& heard) {
  const RestCaller::Sent sent = caller_.exchange(openapi_request(), {}, time_left());
  heard.reached = sent.response.has_value();
  heard.unreached = sent.trouble;
  if (!sent.response) return false;
  heard.status = sent.response->status;
  if (heard.status != 200) return false;
  heard.offered = newest_version_in(sent.response->body);
  heard.version = heard.offered;
  if (const auto configured = shared_->version()) {
    const bool there = sent.response->body.contains(to_string(*configured));
    heard.version = there ? configured : std::nullopt;
  }
  return heard.version.has_value();
}

template <class T>
Heard<T> SiteCheck::Asking::ask(net::Request request, Result<T> (*read)(std::string_view),
                                const std::string& user) {
  Heard<T> heard;
  const Duration at_most = time_left();
  if (at_most.ms <= 0) {
    heard.trouble = "the check has taken too long before";
    return heard;
  }
  heard.asked = true;
  const auto start = SteadyClock::now();
  const RestCaller::Sent sent = caller_.exchange(std::move(request), user, at_most);
  heard.took = milliseconds(
      std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - start).count());
  heard.trouble = sent.trouble;
  if (!sent.response) return heard;
  heard.status = sent.response->status;
  if (caller_.tells_token(sent.response->body)) {
    heard.trouble = "the answer is not shown, because it has our token in it";
  } else if (auto reply = read(sent.response->body)) {
    heard.reply = *std::move(reply);
  } else {
    heard.trouble =
        fmt::format("slurmrestd answers {}, and its answer cannot be read", heard.status);
  }
  return heard;
}

HeardAtSite SiteCheck::Asking::hear(const CheckedSite& site) {
  HeardAtSite heard;
  if (!reach(heard)) return heard;
  const std::string version = to_string(*heard.version);
  const auto of_controller = [&](std::string_view what) {
    return asked_for({"slurm", version, std::string(what)});
  };
  const auto of_database = [&](std::string_view what) {
    return asked_for({"slurmdb", version, std::string(what)});
  };
  heard.diagnosis = ask(of_controller("diag"), &read_diagnosis, {});
  heard.our_time = now_by_our_clock() - milliseconds(heard.diagnosis.took.ms / 2);
  // Without slurmctld each of these would take its whole timeout.
  if (heard.diagnosis.reply && heard.diagnosis.reply->cluster_time != Time{}) {
    heard.controllers = ask(of_controller("ping"), &read_controllers, {});
    heard.partitions = ask(of_controller("partitions"), &read_partitions, {});
    heard.nodes = ask(of_controller("nodes"), &read_nodes, {});
    if (is_user_name(site.user)) {
      heard.as_user = ask(of_controller("diag"), &read_diagnosis, site.user);
    }
  }
  if (site.accounting) {
    heard.clusters = ask(of_database("clusters"), &read_clusters, {});
    hear_associations(site, of_database("associations"), heard.associations);
  }
  return heard;
}

// Those of our user, and of whoever else may use the accounts that are kept.
void SiteCheck::Asking::hear_associations(const CheckedSite& site, net::Request request,
                                          Heard<Associations>& heard) {
  if (!site.cluster.empty()) request.query.pairs.emplace_back("cluster", site.cluster);
  net::Request of_user = request;
  of_user.query.pairs.emplace_back("user", site.user);
  heard = ask(std::move(of_user), &read_associations, {});
  std::span<const CheckedAccount> left = site.accounts;
  while (heard.reply && !left.empty()) {
    const auto some = left.first(std::min(left.size(), accounts_at_once));
    left = left.subspan(some.size());
    std::string names;
    for (const CheckedAccount& one : some) names += (names.empty() ? "" : ",") + one.words.name;
    net::Request of_accounts = request;
    of_accounts.query.pairs.emplace_back("account", std::move(names));
    auto more = ask(std::move(of_accounts), &read_associations, {});
    if (!more.reply) {
      heard = std::move(more);
      return;
    }
    // One that has none of them answers with an error, and without associations.
    for (Association& one : more.reply->associations) {
      if (one.user != site.user) heard.reply->associations.push_back(std::move(one));
    }
  }
}

SiteCheck::SiteCheck(const RestOptions& options) {
  if (auto shared = RestShared::open(options)) {
    asking_ = std::make_unique<Asking>(*std::move(shared));
  } else {
    trouble_ = shared.error().text;
  }
}

SiteCheck::~SiteCheck() = default;

void SiteCheck::abandon() {
  if (asking_) asking_->abandon();
}

HeardAtSite SiteCheck::hear(const CheckedSite& site) {
  if (asking_) return asking_->hear(site);
  HeardAtSite heard;
  heard.key_trouble = trouble_;
  return heard;
}

std::vector<federation::Finding> SiteCheck::run(const CheckedSite& site) {
  std::vector<federation::Finding> findings = judge_site(site, hear(site));
  for (federation::Finding& one : findings) {
    one.text = std::string(cut_utf8(one.text, finding_bytes_max));
  }
  return findings;
}

}  // namespace fabrica::sites::slurm
