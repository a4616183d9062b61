#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include "base/amount.h"
#include "base/describe.h"
#include "base/id.h"
#include "base/table.h"
#include "federation/types.h"

/// Double-entry accounts in compute time. Every movement takes from one account what it gives to
/// another of the same unit, so the balances of a unit always sum to zero (invariant 1). Compute
/// time enters as the debt of a partition's capacity account and ends in its usage account.
namespace fabrica::ledger {

using federation::PartitionId;
using federation::ProjectId;

struct AccountTag {
  static constexpr std::string_view prefix = "account";
};
using AccountId = Id<AccountTag>;

struct HoldTag {
  static constexpr std::string_view prefix = "hold";
};
/// A hold bears the number of the job it is for.
using HoldId = Id<HoldTag>;

/// capacity: where a partition's compute time comes from, the only kind whose balance goes below
/// zero freely; pool: what may be awarded; award: what a project may spend; usage: what was spent;
/// exchange: the bridge between two units, one account a unit.
enum class AccountKind : std::uint8_t { capacity, pool, award, usage, exchange };
FABRICA_DESCRIBE_ENUM(AccountKind, capacity, pool, award, usage, exchange)

/// A floor no balance can reach, for capacity and exchange accounts.
inline constexpr ComputeTime no_floor{std::numeric_limits<std::int64_t>::min() / 2};

/// Most compute time of one unit that may be in the books: what all capacity and exchange accounts
/// of the unit owe together. No sum of balances can overflow below it.
inline constexpr ComputeTime issued_max{4'000'000'000'000'000'000};

struct Account {
  AccountKind kind = AccountKind::award;
  Unit unit = Unit::gpu;
  PartitionId partition;
  ProjectId project;
  ComputeTime floor;
  ComputeTime balance;
  ComputeTime held;
  bool locked = false;  // of an award that is offered and not yet accepted: nothing may be held
  bool closed = false;

  /// What may still be held or transferred: balance less what is held. May be below the floor only
  /// for a moment inside apply, never between events (invariant 2).
  ComputeTime available() const { return balance - held; }
};
FABRICA_DESCRIBE(Account, kind, unit, partition, project, floor, balance, held, locked, closed)

/// Compute time set aside on `account` for a job; charges go to `usage`.
struct Hold {
  AccountId account;
  AccountId usage;
  ComputeTime remaining;
};
FABRICA_DESCRIBE(Hold, account, usage, remaining)

/// The three accounts that each partition has.
struct PartitionAccounts {
  AccountId capacity;
  AccountId pool;
  AccountId usage;
};
FABRICA_DESCRIBE(PartitionAccounts, capacity, pool, usage)

struct State {
  Table<AccountId, Account> accounts;
  Table<HoldId, Hold> holds;
  std::map<PartitionId, PartitionAccounts> of_partition;
  std::map<ProjectId, std::vector<AccountId>> of_project;  // accounts of awards, oldest first
  std::map<Unit, AccountId> exchange;
  std::uint64_t last_account = 0;
};
FABRICA_DESCRIBE(State, accounts, holds, of_partition, of_project, exchange, last_account)

}  // namespace fabrica::ledger
