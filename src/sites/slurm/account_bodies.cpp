#include "sites/slurm/account_bodies.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <utility>

#include "json/write.h"

namespace fabrica::sites::slurm {

namespace {

std::string quoted(std::string_view text) { return json::to_json(std::string(text)); }

// From v0.0.39 on numbers that may be infinite are objects.
std::string submit_limit(bool closed, ApiVersion version) {
  if (version < ApiVersion{39}) return closed ? "0" : "-1";
  return closed ? R"({"set":true,"infinite":false,"number":0})"
                : R"({"set":false,"infinite":true,"number":0})";
}

// "gres/gpu" as its type and name.
std::string limit_entry(std::string_view tres, std::uint64_t minutes) {
  const std::size_t slash = tres.find('/');
  std::string entry = fmt::format(R"({{"type":{})", quoted(tres.substr(0, slash)));
  if (slash != std::string_view::npos)
    entry += fmt::format(R"(,"name":{})", quoted(tres.substr(slash + 1)));
  return fmt::format(R"({},"count":{}}})", entry, minutes);
}

}  // namespace

std::string account_body(const AccountWords& account) {
  return fmt::format(R"({{"accounts":[{{"name":{},"description":{},"organization":"fabrica"}}]}})",
                     quoted(account.name), quoted(account.description));
}

std::string account_association_body(const AccountWords& account, std::string_view cluster,
                                     ApiVersion version) {
  // v0.0.38 takes an empty user for a user without a name, and hangs the account nowhere.
  return fmt::format(
      R"({{"associations":[{{"account":{},"cluster":{},"user":{},"parent_account":{}}}]}})",
      quoted(account.name), quoted(cluster), version < ApiVersion{39} ? "null" : R"("")",
      quoted(account.parent.empty() ? "root" : account.parent));
}

std::string user_association_body(const AccountWords& account, std::string_view cluster,
                                  ApiVersion version) {
  // Both limits are always there: slurmrestd 22.05 dies of a `max` without `tres`.
  return fmt::format(
      R"({{"associations":[{{"account":{},"cluster":{},"user":{},"max":{{"jobs":{{"per":)"
      R"({{"submitted":{}}}}},"tres":{{"group":{{"minutes":[{}]}}}}}}}}]}})",
      quoted(account.name), quoted(cluster), quoted(account.user),
      submit_limit(account.closed, version), limit_entry(account.tres, account.minutes));
}

std::vector<SeenAccount> accounts_of(const Associations& associations, std::string_view cluster,
                                     std::string_view user) {
  std::map<std::string_view, SeenAccount> accounts;
  for (const Association& one : associations.associations) {
    const bool here = cluster.empty() || one.cluster == cluster;
    // Without a user it is that of the account itself.
    if (!here || one.user.empty()) continue;
    SeenAccount& seen =
        accounts.try_emplace(one.account, SeenAccount{.name = one.account, .usable = false})
            .first->second;
    if (one.user != user) {
      seen.others.push_back(one.user);
    } else if (one.partition.empty()) {
      seen.limits = one.limits;
      seen.open = one.submitted != 0;
      seen.usable = true;
    }
  }
  std::vector<SeenAccount> all;
  for (auto& [name, seen] : accounts) {
    std::ranges::sort(seen.others);
    const auto again = std::ranges::unique(seen.others);
    seen.others.erase(again.begin(), again.end());
    all.push_back(std::move(seen));
  }
  return all;
}

}  // namespace fabrica::sites::slurm
