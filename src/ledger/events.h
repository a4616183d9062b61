#pragma once

#include <string>
#include <variant>

#include "ledger/types.h"

namespace fabrica::ledger {

struct AccountOpened {
  AccountId id;
  AccountKind kind = AccountKind::award;
  Unit unit = Unit::gpu;
  PartitionId partition;
  ProjectId project;
  ComputeTime floor;
  bool locked = false;
};
FABRICA_DESCRIBE(AccountOpened, id, kind, unit, partition, project, floor, locked)

/// The award behind the account was accepted: holds may be placed.
struct AccountUnlocked {
  AccountId account;
};
FABRICA_DESCRIBE(AccountUnlocked, account)

struct Transferred {
  AccountId from;
  AccountId to;
  ComputeTime amount;
  std::string text;
};
FABRICA_DESCRIBE(Transferred, from, to, amount, text)

/// Each side is an entry of its own: `from` to the bridge of its unit, the other bridge to `to`.
struct Exchanged {
  AccountId from;
  AccountId to;
  AccountId bridge_out;
  AccountId bridge_in;
  ComputeTime amount_out;
  ComputeTime amount_in;
  Rational rate;
  std::string text;
};
FABRICA_DESCRIBE(Exchanged, from, to, bridge_out, bridge_in, amount_out, amount_in, rate, text)

struct HoldPlaced {
  HoldId hold;
  AccountId account;
  AccountId usage;
  ComputeTime amount;
};
FABRICA_DESCRIBE(HoldPlaced, hold, account, usage, amount)

/// Takes `amount` from the hold and from its account's balance, and gives it to the usage account.
struct UsageCharged {
  HoldId hold;
  AccountId account;
  AccountId usage;
  ComputeTime amount;
};
FABRICA_DESCRIBE(UsageCharged, hold, account, usage, amount)

/// Gives `amount` of the hold back to what its account may spend.
struct HoldReleased {
  HoldId hold;
  AccountId account;
  ComputeTime amount;
};
FABRICA_DESCRIBE(HoldReleased, hold, account, amount)

/// `amount` goes from the usage account back to `account` (negative: the other way).
struct ChargeCorrected {
  AccountId account;
  AccountId usage;
  ComputeTime amount;
  std::uint64_t job = 0;
  std::string text;
};
FABRICA_DESCRIBE(ChargeCorrected, account, usage, amount, job, text)

/// Nothing more is held on or moved to this account; holds that stand are still charged and
/// released.
struct AccountClosed {
  AccountId account;
};
FABRICA_DESCRIBE(AccountClosed, account)

/// Adds `amount` to a hold, or makes it anew when a charge took all of it: the job goes on. On a
/// closed account only what the same batch gave back to it.
struct HoldExtended {
  HoldId hold;
  AccountId account;
  AccountId usage;
  ComputeTime amount;
};
FABRICA_DESCRIBE(HoldExtended, hold, account, usage, amount)

using Event =
    std::variant<AccountOpened, AccountUnlocked, Transferred, Exchanged, HoldPlaced, UsageCharged,
                 HoldReleased, ChargeCorrected, AccountClosed, HoldExtended>;

}  // namespace fabrica::ledger
