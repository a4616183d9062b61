#include "sites/slurm/accounts.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace fabrica::sites::slurm {

namespace {

constexpr Duration ask_soon = seconds(1);
constexpr Duration ask_later = seconds(10);   // slurmdbd did not answer
constexpr Duration tell_again = seconds(60);  // it refused
constexpr std::size_t mark_letters = 8;

}  // namespace

void Accounts::resume(const jobs::State& state, federation::SiteId site) {
  for (const auto& [id, account] : state.site_accounts) {
    const bool settled = account.standing == jobs::AccountStanding::kept ||
                         account.standing == jobs::AccountStanding::altered;
    if (account.site != site || !settled) continue;
    take(jobs::account_for(id, account));
    const bool altered = account.standing == jobs::AccountStanding::altered;
    if (const auto wish = wishes_.find(id); wish != wishes_.end())
      wish->second.stand = altered ? Stand::altered : Stand::as_wanted;
  }
}

void Accounts::take(const jobs::KeepAccount& request) {
  const auto known = wishes_.find(request.account);
  const bool same = known != wishes_.end() && known->second.request == request;
  if (same && known->second.stand == Stand::told) return;
  wishes_.insert_or_assign(request.account, Wish{request, {}, Stand::told, {}});
  untranslated_.insert(request.account);
  look_at_ = {};
}

// Not while anything is told: what translates may ask who tells.
void Accounts::translate() {
  for (const ledger::AccountId id : std::exchange(untranslated_, {})) {
    auto words = translate_(wishes_.at(id).request);
    if (words) {
      wishes_.at(id).words = *std::move(words);
    } else {
      reports_.emplace_back(jobs::AccountNotKept{id, words.error().text});
      wishes_.erase(id);
    }
  }
}

void Accounts::doubt(Time now) { look_at_ = std::min(look_at_, now + ask_soon); }

bool Accounts::lacks(ledger::AccountId id) const {
  const auto wish = wishes_.find(id);
  return wish == wishes_.end() || wish->second.stand != Stand::as_wanted;
}

std::optional<Ask> Accounts::next(Time now) {
  if (asking_ || wishes_.empty()) return std::nullopt;
  translate();
  while (!to_tell_.empty()) {
    const ledger::AccountId id = *to_tell_.begin();
    to_tell_.erase(to_tell_.begin());
    const auto wish = wishes_.find(id);
    if (wish == wishes_.end() || wish->second.stand != Stand::told) continue;
    if (now < wish->second.not_before) continue;
    asking_ = true;
    telling_ = id;
    return ask::Keep{wish->second.words};
  }
  if (now < look_at_) return std::nullopt;
  asking_ = true;
  return ask::Look{options_.user};
}

void Accounts::looked(Time now, const Answer& answer) {
  asking_ = false;
  if (answer.came != Came::done) {
    look_at_ = now + ask_later;
    return notices_.silent(Notices::Part::accounting, now, answer.text);
  }
  notices_.answered(Notices::Part::accounting, now);
  look_at_ = now + options_.look_every;
  std::map<std::string_view, const SeenAccount*> there;
  for (const SeenAccount& one : answer.accounts) there.emplace(one.name, &one);
  translate();
  for (auto& [id, wish] : wishes_) {
    const auto seen = there.find(wish.words.name);
    look_at(now, id, wish, seen == there.end() ? nullptr : seen->second);
  }
}

void Accounts::look_at(Time now, ledger::AccountId id, Wish& wish, const SeenAccount* seen) {
  const std::optional<Difference> differs = difference(wish.words, seen);
  if (!differs) {
    if (wish.stand == Stand::as_wanted) return;
    wish.stand = Stand::as_wanted;
    reports_.emplace_back(jobs::AccountKept{id, wish.request.limit, wish.request.closed});
    return;
  }
  if (wish.stand == Stand::told) {
    if (now < wish.not_before) {
      look_at_ = std::min(look_at_, wish.not_before);
    } else {
      to_tell_.insert(id);
    }
    return;
  }
  if (wish.stand == Stand::altered) return;
  wish.stand = Stand::altered;
  notices_.refused(
      now, fmt::format("somebody changed account {} there: {}", wish.words.name, differs->text));
  reports_.emplace_back(jobs::AccountFoundAltered{id, differs->lessened, differs->text});
}

void Accounts::kept(Time now, const Answer& answer) {
  asking_ = false;
  const auto wish = wishes_.find(telling_);
  if (wish == wishes_.end()) return;
  // Whatever it answers, what it then has is what counts.
  look_at_ = std::min(look_at_, now + ask_soon);
  const bool refused = answer.came == Came::refused;
  wish->second.not_before = now + (refused ? tell_again : ask_later);
  if (!refused) return;
  notices_.refused(
      now, fmt::format("account {} is not made there: {}", wish->second.words.name, answer.text));
  reports_.emplace_back(jobs::AccountNotKept{telling_, answer.text});
}

std::optional<Time> Accounts::next_event() const {
  if (asking_ || wishes_.empty()) return std::nullopt;
  return to_tell_.empty() ? look_at_ : Time{};
}

std::optional<Difference> difference(const AccountWords& wanted, const SeenAccount* seen) {
  if (wanted.closed) {
    if (seen == nullptr || !seen->open) return std::nullopt;
    return Difference{false, "it takes jobs, though its award is over"};
  }
  if (seen == nullptr)
    return Difference{true, fmt::format("user {} may not use it any more", wanted.user)};
  if (!seen->open) return Difference{true, "it takes no jobs (GrpSubmitJobs=0)"};
  const auto limit = std::ranges::find(seen->limits, wanted.tres, &SeenAccount::Limit::tres);
  if (limit == seen->limits.end())
    return Difference{false, fmt::format("it has no limit on {}", wanted.tres)};
  if (limit->minutes == wanted.minutes) return std::nullopt;
  return Difference{
      limit->minutes < wanted.minutes,
      fmt::format("its limit is {}={} instead of {}", wanted.tres, limit->minutes, wanted.minutes)};
}

std::string account_name(std::string_view installation, ledger::AccountId id) {
  return fmt::format("fab{}-{}", installation.substr(0, mark_letters), id.value);
}

TresMinutes minutes_of(const federation::Partition& partition, ComputeTime limit,
                       std::uint32_t cpus_per_core) {
  __extension__ using Wide = __int128;
  Wide unit_ms = std::max<std::int64_t>(limit.unit_ms(), 0);
  Wide minute = minutes(1).ms;
  TresMinutes there{.tres = "node"};
  if (partition.unit == Unit::core) {
    there.tres = "cpu";
    unit_ms *= std::max<std::uint32_t>(cpus_per_core, 1);
  }
  if (partition.unit == Unit::gpu) {
    there.tres = "gres/gpu";
    unit_ms *= std::max<std::uint32_t>(partition.gpus_per_node_scheduled, 1);
    minute *= std::max<std::uint32_t>(partition.gpus_per_node_billed, 1);
  }
  there.minutes = static_cast<std::uint64_t>((unit_ms + minute - 1) / minute);
  return there;
}

}  // namespace fabrica::sites::slurm
