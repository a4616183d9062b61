#pragma once

#include <vector>

#include "base/result.h"
#include "federation/types.h"
#include "ledger/commands.h"
#include "ledger/events.h"

namespace fabrica::ledger {

namespace refusal {
inline constexpr RefusalCode unknown_account{"unknown_account", 404};
inline constexpr RefusalCode account_closed{"account_closed", 409};
inline constexpr RefusalCode account_locked{"account_locked", 409};
inline constexpr RefusalCode unit_mismatch{"unit_mismatch", 422};
inline constexpr RefusalCode bad_amount{"bad_amount", 422};
inline constexpr RefusalCode insufficient_balance{"insufficient_balance", 402};
}  // namespace refusal

/// Decides a ledger command. Refusals, in the order they are checked: forbidden, not_found or
/// unknown_account, account_closed, unit_mismatch, bad_amount, insufficient_balance.
Result<std::vector<Event>> decide(const State& state, const federation::State& federation,
                                  federation::PersonId actor, const Command& command);

/// The movement that places a hold of `amount` > 0. Refused with insufficient_balance (needed,
/// left) when the account's floor forbids it. Needs: no hold of this number stands.
Result<HoldPlaced> place_hold(const State& state, HoldId hold, AccountId account, AccountId usage,
                              ComputeTime amount);

/// Refused unless `amount` may leave the account now.
Result<void> need_available(const State& state, AccountId account, ComputeTime amount);

}  // namespace fabrica::ledger
