#include "jobs/site_accounts.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "federation/decide.h"

namespace fabrica::jobs {

namespace {

// Room above what is needed: at least a unit-hour, and otherwise one part in so many.
constexpr ComputeTime least_room{hours(1).ms};
constexpr std::int64_t room_part = 64;
constexpr std::int64_t rooms_too_wide = 4;

// More cannot have been used than was ever in the books; the sums below cannot overflow.
void add_used(SiteAccount& account, ComputeTime amount) {
  const ComputeTime room = ledger::issued_max - account.used;
  account.used += std::min(amount, room);
}

// Wants the account at its site as the books have it now.
void want(State& state, const ledger::State& ledger, AccountId id, SiteAccount& account) {
  const ledger::Account& award = ledger.accounts.at(id);
  const bool closing = award.closed && award.held == ComputeTime{};
  const ComputeTime needed = std::max(award.balance, ComputeTime{}) + account.used;
  const ComputeTime room = std::max(ComputeTime{needed.unit_ms() / room_part}, least_room);
  const ComputeTime widest = needed + ComputeTime{rooms_too_wide * room.unit_ms()};
  const bool fits = account.limit >= needed && account.limit <= widest;
  if (fits && closing == account.closing) return;
  if (!fits) account.limit = needed + room;
  account.closing = closing;
  if (account.standing == AccountStanding::idle) return;
  if (account.standing == AccountStanding::altered && !closing) return;
  account.standing = AccountStanding::wanted;
  state.sites[account.site].to_keep.insert(id);
}

void hold_back(State& state, AccountId id, SiteId site) {
  SiteQueue& queue = state.sites[site];
  std::erase_if(queue.to_start, [&](JobId job_id) {
    const Job& job = state.jobs.at(job_id);
    const bool waits = job.account == id && job.submission == SubmissionState::none;
    if (waits) queue.without_account.insert(job_id);
    return waits;
  });
}

void let_go(State& state, AccountId id, SiteId site) {
  SiteQueue& queue = state.sites[site];
  std::erase_if(queue.without_account, [&](JobId job_id) {
    const bool goes = state.jobs.at(job_id).account == id;
    if (goes) queue.to_start.insert(job_id);
    return goes;
  });
}

void provide(State& state, const Books& books, AccountId id) {
  const ledger::Account& award = books.ledger.accounts.at(id);
  const bool over = award.closed && award.held == ComputeTime{};
  if (award.kind != ledger::AccountKind::award || award.locked || over) return;
  const SiteId site = books.federation.partitions.at(award.partition).site;
  if (!books.federation.sites.at(site).keeps_accounts) return;
  const auto [entry, is_new] = state.site_accounts.try_emplace(id);
  SiteAccount& account = entry->second;
  if (!is_new && account.standing != AccountStanding::idle) return;
  account.site = site;
  account.partition = award.partition;
  account.standing = AccountStanding::wanted;
  state.sites[site].to_keep.insert(id);
  want(state, books.ledger, id, account);
  hold_back(state, id, site);
}

// What was charged to the account or taken from it was used at the site.
void take_used(SiteAccount& account, const ledger::Event& event) {
  if (const auto* charged = std::get_if<ledger::UsageCharged>(&event))
    add_used(account, charged->amount);
  const auto* corrected = std::get_if<ledger::ChargeCorrected>(&event);
  if (corrected != nullptr && corrected->amount < ComputeTime{})
    add_used(account, -corrected->amount);
}

SiteAccount& known(State& state, AccountId id) {
  const auto found = state.site_accounts.find(id);
  CHECK(found != state.site_accounts.end(), "only accounts that are wanted are heard of");
  return found->second;
}

const SiteAccount* kept_at(const Context& context, SiteId site, AccountId id) {
  const auto found = context.jobs.site_accounts.find(id);
  if (found == context.jobs.site_accounts.end() || found->second.site != site ||
      found->second.standing == AccountStanding::idle) {
    return nullptr;
  }
  return &found->second;
}

std::string account_text(std::string_view text) {
  return std::string(cut_utf8(text, limits::name_bytes_max));
}

}  // namespace

void follow(State& state, const Books& books, const ledger::Event& event) {
  const auto look = [&](AccountId id) {
    const auto found = state.site_accounts.find(id);
    if (found == state.site_accounts.end()) return;
    take_used(found->second, event);
    want(state, books.ledger, id, found->second);
  };
  std::visit(
      [&]<class E>(const E& one) {
        if constexpr (std::is_same_v<E, ledger::AccountOpened>) {
          provide(state, books, one.id);
        } else if constexpr (std::is_same_v<E, ledger::AccountUnlocked>) {
          provide(state, books, one.account);
        } else if constexpr (requires { one.from; }) {
          look(one.from);
          look(one.to);
        } else {
          look(one.account);
        }
      },
      event);
}

void follow_site(State& state, const Books& books, SiteId site) {
  const bool keeps = books.federation.sites.at(site).keeps_accounts;
  if (keeps) {
    for (const auto& [project, accounts] : books.ledger.of_project) {
      for (const AccountId id : accounts) {
        const PartitionId partition = books.ledger.accounts.at(id).partition;
        if (books.federation.partitions.at(partition).site == site) provide(state, books, id);
      }
    }
    return;
  }
  const auto queue = state.sites.find(site);
  if (queue == state.sites.end()) return;
  // What was used there stays known, because the site goes on to count it.
  for (auto& [id, account] : state.site_accounts) {
    if (account.site != site) continue;
    account.standing = AccountStanding::idle;
    account.usable = false;
    account.trouble.clear();
  }
  queue->second.to_keep.clear();
  queue->second.to_start.merge(queue->second.without_account);
}

void note_overrun(State& state, const Job& job, const TaskEnded& event) {
  const auto account = state.site_accounts.find(job.account);
  if (account == state.site_accounts.end() || event.started == Time{}) return;
  if (event.ended <= event.started) return;
  const ComputeTime ran = cost(job.units, event.ended - event.started).value_or(amount_max);
  if (ran > job.hold_per_task) add_used(account->second, ran - job.hold_per_task);
}

void note_owed(State& state, const Job& job, ComputeTime owed) {
  const auto account = state.site_accounts.find(job.account);
  if (account != state.site_accounts.end()) add_used(account->second, owed);
}

void await_start(State& state, JobId id, const Job& job) {
  SiteQueue& queue = state.sites[job.site];
  leave_start(queue, id);
  const auto account = state.site_accounts.find(job.account);
  // One that may be at the site is looked for whatever became of its account.
  const bool waits = account != state.site_accounts.end() && account->second.site == job.site &&
                     account->second.standing != AccountStanding::idle && !account->second.usable &&
                     job.submission == SubmissionState::none;
  (waits ? queue.without_account : queue.to_start).insert(id);
}

bool leave_start(SiteQueue& queue, JobId id) {
  return queue.to_start.erase(id) + queue.without_account.erase(id) > 0;
}

void apply_account(State& state, const AccountProvided& event) {
  SiteAccount& account = known(state, event.account);
  const bool first = !account.usable;
  account.usable = true;
  if (first) let_go(state, event.account, account.site);
  if (account.closing || event.limit != account.limit) return;
  account.standing = AccountStanding::kept;
  account.trouble.clear();
  state.sites[account.site].to_keep.erase(event.account);
}

void apply_account(State& state, const AccountShut& event) {
  SiteAccount& account = known(state, event.account);
  account.standing = AccountStanding::kept;
  account.trouble.clear();
  state.sites[account.site].to_keep.erase(event.account);
}

void apply_account(State& state, const AccountRefused& event) {
  known(state, event.account).trouble = event.text;
}

void apply_account(State& state, const AccountAltered& event) {
  SiteAccount& account = known(state, event.account);
  account.trouble = event.text;
  SiteQueue& queue = state.sites[account.site];
  if (!event.lessened) {
    account.standing = AccountStanding::wanted;
    queue.to_keep.insert(event.account);
    return;
  }
  account.standing = AccountStanding::altered;
  account.usable = false;
  queue.to_keep.erase(event.account);
  hold_back(state, event.account, account.site);
}

void apply_account(State& state, const AccountsMended& event) {
  SiteQueue& queue = state.sites[event.site];
  for (auto& [id, account] : state.site_accounts) {
    if (account.site != event.site || account.standing != AccountStanding::altered) continue;
    account.standing = AccountStanding::wanted;
    queue.to_keep.insert(id);
  }
}

std::vector<Yield> heard(const Context& context, SiteId site, const AccountKept& report) {
  const SiteAccount* account = kept_at(context, site, report.account);
  std::vector<Yield> yields;
  if (account == nullptr) return yields;
  const bool open_as_wanted = !report.closed && !account->closing && report.limit == account->limit;
  const bool as_wanted = open_as_wanted || (report.closed && account->closing);
  const bool news = as_wanted ? account->standing != AccountStanding::kept
                              : !report.closed && !account->closing && !account->usable &&
                                    account->standing == AccountStanding::wanted;
  if (!news) return yields;
  if (report.closed) {
    yields.emplace_back(Event{AccountShut{report.account, site}});
  } else {
    yields.emplace_back(Event{AccountProvided{report.account, site, report.limit}});
  }
  return yields;
}

std::vector<Yield> heard(const Context& context, SiteId site, const AccountNotKept& report) {
  const SiteAccount* account = kept_at(context, site, report.account);
  std::vector<Yield> yields;
  std::string text = account_text(report.text);
  if (account == nullptr || account->standing != AccountStanding::wanted || text.empty() ||
      account->trouble == text) {
    return yields;
  }
  yields.emplace_back(Event{AccountRefused{report.account, site, std::move(text)}});
  return yields;
}

std::vector<Yield> heard(const Context& context, SiteId site, const AccountFoundAltered& report) {
  const SiteAccount* account = kept_at(context, site, report.account);
  std::vector<Yield> yields;
  // What is to be told is told anyway, and nobody can lessen what takes no jobs.
  if (account == nullptr || account->standing != AccountStanding::kept ||
      (report.lessened && account->closing)) {
    return yields;
  }
  yields.emplace_back(
      Event{AccountAltered{report.account, site, report.lessened, account_text(report.text)}});
  return yields;
}

Result<std::vector<Yield>> mend_accounts(const Context& context, const MendAccounts& command) {
  if (context.federation.sites.find(command.site) == nullptr) {
    return refuse(fabrica::refusal::not_found, "site",
                  fmt::format("There is no {}.", command.site));
  }
  if (!federation::operates(context.federation, context.actor, command.site)) {
    return refuse(fabrica::refusal::forbidden, "site",
                  "Only the site's operators may have its accounts mended.");
  }
  std::vector<Yield> yields;
  const bool some = std::ranges::any_of(context.jobs.site_accounts, [&](const auto& item) {
    return item.second.site == command.site && item.second.standing == AccountStanding::altered;
  });
  if (some) yields.emplace_back(Event{AccountsMended{command.site, context.actor}});
  return yields;
}

}  // namespace fabrica::jobs
