#include "ledger/decide.h"

#include <fmt/core.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "federation/decide.h"

namespace fabrica::ledger {

namespace {

using federation::PersonId;
using federation::Role;
using Events = Result<std::vector<Event>>;

Result<void> need_open(const State& state, AccountId id, std::string_view field) {
  const Account* account = state.accounts.find(id);
  if (account == nullptr) {
    return refuse(refusal::unknown_account, std::string(field), fmt::format("There is no {}.", id));
  }
  if (account->closed) {
    return refuse(refusal::account_closed, std::string(field),
                  fmt::format("{} is closed; nothing moves to or from it.", id));
  }
  return {};
}

Result<void> need_amount(ComputeTime amount) {
  if (amount > ComputeTime{} && amount <= amount_max) return {};
  return refuse(refusal::bad_amount, "amount",
                fmt::format("An amount is above zero and at most {} hours.", to_hours(amount_max)));
}

// Refused when `amount` more, out of accounts without a floor, would put more than issued_max into
// the books.
Result<void> need_issuable(const State& state, Unit unit, ComputeTime amount) {
  ComputeTime issued;
  const auto add = [&](AccountId id) {
    const Account& account = state.accounts.at(id);
    if (account.unit == unit && account.balance < ComputeTime{}) issued -= account.balance;
  };
  for (const auto& [partition, accounts] : state.of_partition) add(accounts.capacity);
  for (const auto& [bridged, id] : state.exchange) add(id);
  if (issued + amount <= issued_max) return {};
  return refuse(
      refusal::bad_amount, "amount",
      fmt::format("The books hold at most {} {} in all.", to_hours(issued_max), hours_name(unit)));
}

// What leaves `from` must be there, or may be created there.
Result<void> need_movable(const State& state, AccountId from, ComputeTime amount) {
  TRY_DONE(need_available(state, from, amount));
  const Account& account = state.accounts.at(from);
  return account.floor == no_floor ? need_issuable(state, account.unit, amount) : Result<void>{};
}

Result<void> need_note(std::string_view text) {
  if (text.size() > limits::name_bytes_max) {
    return refuse(fabrica::refusal::too_large, "text",
                  fmt::format("A note has at most {} bytes.", limits::name_bytes_max));
  }
  if (!is_utf8(text)) return refuse(fabrica::refusal::invalid, "text", "A note is text in UTF-8.");
  return {};
}

// Opens the accounts of a partition under the next numbers, capacity, pool, usage.
PartitionAccounts open_accounts(const State& state, PartitionId partition, Unit unit,
                                std::vector<Event>& events) {
  const auto open = [&](std::uint64_t step, AccountKind kind) {
    const AccountId id{state.last_account + step};
    const ComputeTime floor = kind == AccountKind::capacity ? no_floor : ComputeTime{};
    events.emplace_back(AccountOpened{id, kind, unit, partition, ProjectId{}, floor});
    return id;
  };
  const AccountId capacity = open(1, AccountKind::capacity);
  const AccountId pool = open(2, AccountKind::pool);
  const AccountId usage = open(3, AccountKind::usage);
  return {capacity, pool, usage};
}

// The exchange account of a unit, opened in this batch when there is none yet.
AccountId bridge_of(const State& state, Unit unit, std::vector<Event>& events) {
  const auto known = state.exchange.find(unit);
  if (known != state.exchange.end()) return known->second;
  const AccountId id{state.last_account + events.size() + 1};
  events.emplace_back(
      AccountOpened{id, AccountKind::exchange, unit, PartitionId{}, ProjectId{}, no_floor});
  return id;
}

Events decide_one(const State& state, const federation::State& federation, PersonId actor,
                  const AddCapacity& command) {
  TRY_DONE(federation::need_role(federation, actor, Role::administrator, "add capacity"));
  const auto* partition = federation.partitions.find(command.partition);
  if (partition == nullptr) {
    return refuse(fabrica::refusal::not_found, "partition",
                  fmt::format("There is no {}.", command.partition));
  }
  TRY_DONE(need_note(command.text));
  if (command.amount > amount_max || command.amount < -amount_max)
    TRY_DONE(need_amount(command.amount));
  std::vector<Event> events;
  const auto known = state.of_partition.find(command.partition);
  const PartitionAccounts accounts =
      known != state.of_partition.end()
          ? known->second
          : open_accounts(state, command.partition, partition->unit, events);
  if (command.amount < ComputeTime{}) {
    if (known == state.of_partition.end()) TRY_DONE(need_amount(command.amount));
    TRY_DONE(need_available(state, accounts.pool, -command.amount));
    events.emplace_back(
        Transferred{accounts.pool, accounts.capacity, -command.amount, command.text});
  } else if (command.amount > ComputeTime{}) {
    TRY_DONE(need_issuable(state, partition->unit, command.amount));
    events.emplace_back(
        Transferred{accounts.capacity, accounts.pool, command.amount, command.text});
  }
  return events;
}

Events decide_one(const State& state, const federation::State& federation, PersonId actor,
                  const Transfer& command) {
  TRY_DONE(federation::need_role(federation, actor, Role::administrator, "transfer compute time"));
  TRY_DONE(need_open(state, command.from, "from"));
  TRY_DONE(need_open(state, command.to, "to"));
  const Unit unit = state.accounts.at(command.from).unit;
  if (unit != state.accounts.at(command.to).unit) {
    return refuse(
        refusal::unit_mismatch, "to",
        fmt::format("{} holds {} and {} holds {}; different units never add. Use an exchange "
                    "at a stated rate.",
                    command.from, hours_name(unit), command.to,
                    hours_name(state.accounts.at(command.to).unit)));
  }
  if (command.from == command.to) {
    return refuse(refusal::bad_amount, "to", "A transfer needs two different accounts.");
  }
  TRY_DONE(need_amount(command.amount));
  TRY_DONE(need_note(command.text));
  TRY_DONE(need_movable(state, command.from, command.amount));
  std::vector<Event> events;
  events.reserve(1);
  events.emplace_back(Transferred{command.from, command.to, command.amount, command.text});
  return events;
}

Events decide_one(const State& state, const federation::State& federation, PersonId actor,
                  const Exchange& command) {
  TRY_DONE(federation::need_role(federation, actor, Role::administrator, "exchange compute time"));
  TRY_DONE(need_open(state, command.from, "from"));
  TRY_DONE(need_open(state, command.to, "to"));
  const Unit unit_out = state.accounts.at(command.from).unit;
  const Unit unit_in = state.accounts.at(command.to).unit;
  if (unit_out == unit_in) {
    return refuse(refusal::unit_mismatch, "to",
                  fmt::format("Both accounts hold {}; use a transfer.", hours_name(unit_in)));
  }
  TRY_DONE(need_amount(command.amount));
  TRY_DONE(need_note(command.text));
  const std::optional<ComputeTime> in = exchange(command.amount, command.rate);
  if (!in || *in <= ComputeTime{}) {
    return refuse(
        refusal::bad_amount, "rate",
        "The rate is a fraction above zero whose result is above zero and within bounds.");
  }
  TRY_DONE(need_movable(state, command.from, command.amount));
  TRY_DONE(need_issuable(state, unit_in, *in));
  std::vector<Event> events;
  const AccountId bridge_out = bridge_of(state, unit_out, events);
  const AccountId bridge_in = bridge_of(state, unit_in, events);
  events.emplace_back(Exchanged{command.from, command.to, bridge_out, bridge_in, command.amount,
                                *in, command.rate, command.text});
  return events;
}

Events decide_one(const State& state, const federation::State& federation, PersonId actor,
                  const CorrectCharge& command) {
  const Account* account = state.accounts.find(command.account);
  if (account == nullptr || account->kind != AccountKind::award) {
    return refuse(
        refusal::unknown_account, "account",
        fmt::format("{} is no account of an award; only those are charged.", command.account));
  }
  const auto* partition = federation.partitions.find(account->partition);
  CHECK(partition != nullptr, "an award's account has a partition");
  if (!federation::operates(federation, actor, partition->site)) {
    return refuse(fabrica::refusal::forbidden, "account",
                  "Only the operator of the site that charged may correct the charge.");
  }
  // The least number has no positive counterpart, so the bound comes before the sign.
  if (command.amount < -amount_max) TRY_DONE(need_amount(command.amount));
  TRY_DONE(need_amount(command.amount < ComputeTime{} ? -command.amount : command.amount));
  TRY_DONE(need_note(command.text));
  const AccountId usage = state.of_partition.at(account->partition).usage;
  TRY_DONE(command.amount > ComputeTime{}
               ? need_available(state, usage, command.amount)
               : need_available(state, command.account, -command.amount));
  std::vector<Event> events{
      ChargeCorrected{command.account, usage, command.amount, command.job, command.text}};
  // Nobody can spend from an award that is over, so what it gets back goes on to the pool.
  if (account->closed && command.amount > ComputeTime{}) {
    const AccountId pool = state.of_partition.at(account->partition).pool;
    events.emplace_back(Transferred{command.account, pool, command.amount, "award is over"});
  }
  return events;
}

}  // namespace

Result<void> need_available(const State& state, AccountId id, ComputeTime amount) {
  const Account& account = state.accounts.at(id);
  if (account.available() - amount >= account.floor) return {};
  const ComputeTime left = account.available() - account.floor;
  return refuse(refusal::insufficient_balance, "amount",
                fmt::format("{} {} are needed and {} are left in {}.", to_hours(amount),
                            hours_name(account.unit), to_hours(left), id));
}

Result<HoldPlaced> place_hold(const State& state, HoldId hold, AccountId account, AccountId usage,
                              ComputeTime amount) {
  CHECK(state.holds.find(hold) == nullptr, "a job has one hold");
  TRY_DONE(need_open(state, account, "account"));
  CHECK(state.accounts.at(account).unit == state.accounts.at(usage).unit, "a hold has one unit");
  if (state.accounts.at(account).locked) {
    return refuse(refusal::account_locked, "account",
                  fmt::format("The award behind {} is only offered; accept it first.", account));
  }
  TRY_DONE(need_amount(amount));
  TRY_DONE(need_available(state, account, amount));
  return HoldPlaced{hold, account, usage, amount};
}

Result<std::vector<Event>> decide(const State& state, const federation::State& federation,
                                  PersonId actor, const Command& command) {
  return std::visit([&](const auto& one) { return decide_one(state, federation, actor, one); },
                    command);
}

}  // namespace fabrica::ledger
