#include "sites/slurm/accounts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace fabrica::sites::slurm {

namespace {

constexpr Duration ask_soon = seconds(1);
constexpr Duration ask_later = seconds(10);   // slurmdbd did not answer
constexpr Duration tell_again = seconds(60);  // it refused
constexpr std::size_t mark_letters = 8;
constexpr std::size_t looked_at_once = 100;  // their names go into one URL

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
  wishes_.insert_or_assign(request.account, Wish{request, {}});
  untranslated_.insert(request.account);
  unseen_.insert(request.account);
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
  return next_look(now);
}

std::optional<Ask> Accounts::next_look(Time now) {
  if (now >= look_at_) {
    for (const auto& [id, wish] : wishes_) unseen_.insert(id);
    look_at_ = now + options_.look_every;
  }
  if (now < look_on_) return std::nullopt;
  ask::Look look{options_.user, {}};
  while (!unseen_.empty() && asked_.size() < looked_at_once) {
    const ledger::AccountId id = *unseen_.begin();
    unseen_.erase(unseen_.begin());
    const auto wish = wishes_.find(id);
    if (wish == wishes_.end()) continue;
    asked_.push_back(id);
    look.accounts.push_back(wish->second.words.name);
  }
  if (asked_.empty()) return std::nullopt;
  asking_ = true;
  return look;
}

void Accounts::looked(Time now, const Answer& answer) {
  asking_ = false;
  const std::vector<ledger::AccountId> asked = std::exchange(asked_, {});
  if (answer.came != Came::done) {
    unseen_.insert(asked.begin(), asked.end());
    look_on_ = now + ask_later;
    return notices_.silent(Notices::Part::accounting, now, answer.text);
  }
  notices_.answered(Notices::Part::accounting, now);
  std::map<std::string_view, const SeenAccount*> there;
  for (const SeenAccount& one : answer.accounts) there.emplace(one.name, &one);
  for (const ledger::AccountId id : asked) {
    const auto wish = wishes_.find(id);
    // What is wanted since it was asked for is looked at again.
    if (wish == wishes_.end() || unseen_.contains(id)) continue;
    const auto seen = there.find(wish->second.words.name);
    look_at(now, id, wish->second, seen == there.end() ? nullptr : seen->second);
  }
}

void Accounts::look_at(Time now, ledger::AccountId id, Wish& wish, const SeenAccount* seen) {
  tell_of_others(now, wish, seen);
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

void Accounts::tell_of_others(Time now, Wish& wish, const SeenAccount* seen) {
  std::vector<std::string> others = seen == nullptr ? std::vector<std::string>{} : seen->others;
  if (others == wish.others) return;
  wish.others = std::move(others);
  if (wish.others.empty()) return;
  notices_.refused(now, fmt::format("account {} there: {}", wish.words.name, others_in(seen)));
}

void Accounts::kept(Time now, const Answer& answer) {
  asking_ = false;
  const auto wish = wishes_.find(telling_);
  if (wish == wishes_.end()) return;
  // Whatever it answers, what it then has is what counts.
  unseen_.insert(telling_);
  look_on_ = now + ask_soon;
  const bool refused = answer.came == Came::refused;
  wish->second.not_before = now + (refused ? tell_again : ask_later);
  if (!refused) return;
  notices_.refused(
      now, fmt::format("account {} is not made there: {}", wish->second.words.name, answer.text));
  reports_.emplace_back(jobs::AccountNotKept{telling_, answer.text});
}

std::optional<Time> Accounts::next_event() const {
  if (asking_ || wishes_.empty()) return std::nullopt;
  if (!to_tell_.empty()) return Time{};
  return unseen_.empty() ? look_at_ : std::min(look_on_, look_at_);
}

std::optional<Difference> difference(const AccountWords& wanted, const SeenAccount* seen) {
  if (wanted.closed) {
    if (seen == nullptr || !seen->usable || !seen->open) return std::nullopt;
    return Difference{false, "it takes jobs, though its award is over"};
  }
  if (seen == nullptr || !seen->usable)
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

std::string others_in(const SeenAccount* seen) {
  if (seen == nullptr || seen->others.empty()) return {};
  return fmt::format(
      "it may be used by {}, whom Fabrica did not let in: their jobs are not charged here",
      fmt::join(seen->others, ", "));
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
