#include "ledger/apply.h"

#include <fmt/core.h>

#include "base/check.h"

namespace fabrica::ledger {

namespace {

// One entry: what leaves one account enters another of the same unit.
void move(State& state, AccountId from_id, AccountId to_id, ComputeTime amount) {
  Account& from = state.accounts.at(from_id);
  Account& to = state.accounts.at(to_id);
  CHECK(from.unit == to.unit, "different units never add");
  from.balance -= amount;
  to.balance += amount;
  CHECK(from.available() >= from.floor, "no account goes below its floor");
}

void apply_one(State& state, const AccountOpened& event) {
  Account account;
  account.kind = event.kind;
  account.unit = event.unit;
  account.partition = event.partition;
  account.project = event.project;
  account.floor = event.floor;
  account.locked = event.locked;
  state.accounts.insert(event.id, account);
  state.last_account = event.id.value;
  if (event.kind == AccountKind::award) state.of_project[event.project].push_back(event.id);
  if (event.kind == AccountKind::exchange) state.exchange.emplace(event.unit, event.id);
  if (event.kind == AccountKind::capacity) state.of_partition[event.partition].capacity = event.id;
  if (event.kind == AccountKind::pool) state.of_partition[event.partition].pool = event.id;
  if (event.kind == AccountKind::usage) state.of_partition[event.partition].usage = event.id;
}

void apply_one(State& state, const AccountUnlocked& event) {
  state.accounts.at(event.account).locked = false;
}

void apply_one(State& state, const Transferred& event) {
  move(state, event.from, event.to, event.amount);
}

void apply_one(State& state, const Exchanged& event) {
  move(state, event.from, event.bridge_out, event.amount_out);
  move(state, event.bridge_in, event.to, event.amount_in);
}

void apply_one(State& state, const HoldPlaced& event) {
  Account& account = state.accounts.at(event.account);
  account.held += event.amount;
  CHECK(account.available() >= account.floor, "a hold fits into its account");
  state.holds.insert(event.hold, Hold{event.account, event.usage, event.amount});
}

// Takes `amount` out of a hold; the hold goes when nothing is left of it.
Hold lessen(State& state, HoldId id, ComputeTime amount) {
  Hold& hold = state.holds.at(id);
  CHECK(amount >= ComputeTime{} && amount <= hold.remaining, "a hold never gives more than it has");
  hold.remaining -= amount;
  state.accounts.at(hold.account).held -= amount;
  const Hold copy = hold;
  if (copy.remaining == ComputeTime{}) state.holds.erase(id);
  return copy;
}

void apply_one(State& state, const UsageCharged& event) {
  const Hold hold = lessen(state, event.hold, event.amount);
  CHECK(hold.account == event.account && hold.usage == event.usage,
        "a charge goes where its hold says");
  move(state, event.account, event.usage, event.amount);
}

void apply_one(State& state, const HoldReleased& event) { lessen(state, event.hold, event.amount); }

void apply_one(State& state, const HoldExtended& event) {
  Hold* hold = state.holds.find(event.hold);
  if (hold == nullptr)
    return apply_one(state, HoldPlaced{event.hold, event.account, event.usage, event.amount});
  CHECK(hold->account == event.account && hold->usage == event.usage,
        "a hold stays on its account");
  Account& account = state.accounts.at(event.account);
  account.held += event.amount;
  hold->remaining += event.amount;
  CHECK(account.available() >= account.floor, "a hold fits into its account");
}

void apply_one(State& state, const ChargeCorrected& event) {
  if (event.amount > ComputeTime{}) {
    move(state, event.usage, event.account, event.amount);
  } else {
    move(state, event.account, event.usage, -event.amount);
  }
}

void apply_one(State& state, const AccountClosed& event) {
  state.accounts.at(event.account).closed = true;
}

}  // namespace

void apply(State& state, const Event& event) {
  std::visit([&](const auto& one) { apply_one(state, one); }, event);
}

std::array<ComputeTime, 3> sums(const State& state) {
  std::array<ComputeTime, 3> sum{};
  state.accounts.for_each([&](AccountId, const Account& account) {
    sum[static_cast<std::size_t>(account.unit)] += account.balance;
  });
  return sum;
}

std::string broken_invariant(const State& state) {
  std::string broken;
  for (const ComputeTime sum : sums(state)) {
    if (sum != ComputeTime{})
      broken = fmt::format("the balances of a unit sum to {} ms", sum.unit_ms());
  }
  std::map<AccountId, ComputeTime> held;
  state.holds.for_each([&](HoldId id, const Hold& hold) {
    held[hold.account] += hold.remaining;
    if (hold.remaining <= ComputeTime{}) broken = fmt::format("{} is empty and still there", id);
    if (state.accounts.find(hold.account) == nullptr)
      broken = fmt::format("{} is on no account", id);
  });
  state.accounts.for_each([&](AccountId id, const Account& account) {
    if (account.available() < account.floor) broken = fmt::format("{} is below its floor", id);
    if (account.held != held[id]) broken = fmt::format("{} does not hold what its holds say", id);
  });
  return broken;
}

}  // namespace fabrica::ledger
