#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "base/archive.h"
#include "ledger/apply.h"
#include "ledger/decide.h"
#include "unit/support/world.h"

namespace fabrica::test {
namespace {

using namespace ledger;
using ledger::Event;
using ledger::State;

/// Books whose every movement is also written into a second, plain set of books.
struct Books {
  federation::State federation = consortium().state.federation;
  State state;
  std::map<AccountId, std::int64_t> shadow;
  std::uint64_t accepted = 0;

  void take(const Event& event) {
    if (const auto* one = std::get_if<Transferred>(&event)) move(one->from, one->to, one->amount);
    if (const auto* one = std::get_if<UsageCharged>(&event))
      move(one->account, one->usage, one->amount);
    if (const auto* one = std::get_if<ChargeCorrected>(&event))
      move(one->usage, one->account, one->amount);
    if (const auto* one = std::get_if<Exchanged>(&event)) {
      move(one->from, one->bridge_out, one->amount_out);
      move(one->bridge_in, one->to, one->amount_in);
    }
    apply(state, event);
    RC_ASSERT(broken_invariant(state) == "");
  }

  void move(AccountId from, AccountId to, ComputeTime amount) {
    shadow[from] -= amount.unit_ms();
    shadow[to] += amount.unit_ms();
  }

  void ask(const ledger::Command& command) {
    const Digest before = digest_of(state);
    const auto events = decide(state, federation, admin, command);
    RC_ASSERT(digest_of(state) == before);
    if (!events) return;
    for (const Event& event : *events) take(event);
    accepted += 1;
  }
};

// A number in [low, high), each as likely as any other from the first case on.
rc::Gen<std::int64_t> between(std::int64_t low, std::int64_t high) {
  return rc::gen::resize(rc::kNominalSize, rc::gen::inRange(low, high));
}

rc::Gen<ComputeTime> an_amount() {
  const auto amount = [](std::int64_t low, std::int64_t high) {
    return rc::gen::map(between(low, high), [](std::int64_t ms) { return ComputeTime{ms}; });
  };
  return rc::gen::weightedOneOf<ComputeTime>(
      {{6, amount(1, 1'000)},
       {3, amount(-1'000, 1'000'000)},
       {1, rc::gen::element(ComputeTime{}, amount_max, -amount_max,
                            ComputeTime{amount_max.unit_ms() + 1},
                            ComputeTime{std::numeric_limits<std::int64_t>::min()},
                            ComputeTime{std::numeric_limits<std::int64_t>::max()})}});
}

rc::Gen<AccountId> an_account() {
  return rc::gen::map(between(0, 25), [](std::int64_t n) {
    return AccountId{n == 24 ? 1'000'000 : static_cast<std::uint64_t>(n)};
  });
}

rc::Gen<PartitionId> a_partition() {
  return rc::gen::map(between(0, 7),
                      [](std::int64_t n) { return PartitionId{static_cast<std::uint64_t>(n)}; });
}

rc::Gen<Rational> a_rate() { return rc::gen::construct<Rational>(between(-1, 9), between(-1, 9)); }

/// An award's account with its holds, as the areas above open and use them.
void use_award(Books& books) {
  const auto opened = books.state.of_partition;
  if (opened.empty()) return;
  const auto& [partition, accounts] =
      *std::next(opened.begin(), *between(0, static_cast<std::int64_t>(opened.size())));
  const Unit unit = books.state.accounts.at(accounts.pool).unit;
  const AccountId award{books.state.last_account + 1};
  const ComputeTime amount{*between(1, 100'000)};
  if (!need_available(books.state, accounts.pool, amount)) return;
  books.take(AccountOpened{
      award, AccountKind::award, unit, partition, project, {}, *rc::gen::arbitrary<bool>()});
  books.take(Transferred{accounts.pool, award, amount, ""});
  if (*rc::gen::arbitrary<bool>()) books.take(AccountUnlocked{award});
}

void hold(Books& books) {
  const AccountId account = *an_account();
  const Account* known = books.state.accounts.find(account);
  if (known == nullptr || !books.state.of_partition.contains(known->partition)) return;
  HoldId id{1};
  while (books.state.holds.find(id) != nullptr) id.value += 1;
  const auto placed = place_hold(books.state, id, account,
                                 books.state.of_partition.at(known->partition).usage, *an_amount());
  if (placed) books.take(*placed);
}

/// Charges and releases parts of a hold that stands.
void settle(Books& books) {
  std::vector<HoldId> ids;
  books.state.holds.for_each([&](HoldId id, const Hold&) { ids.push_back(id); });
  if (ids.empty()) return;
  const HoldId id = *rc::gen::elementOf(ids);
  const Hold standing = books.state.holds.at(id);
  const ComputeTime part{*between(0, standing.remaining.unit_ms() + 1)};
  if (*rc::gen::arbitrary<bool>()) {
    books.take(UsageCharged{id, standing.account, standing.usage, part});
  } else {
    books.take(HoldReleased{id, standing.account, part});
  }
}

void step(Books& books) {
  switch (*between(0, 8)) {
    case 0:
      return books.ask(AddCapacity{*a_partition(), *an_amount(), ""});
    case 1:
      return books.ask(Transfer{*an_account(), *an_account(), *an_amount(), ""});
    case 2:
      return books.ask(Exchange{*an_account(), *an_account(), *an_amount(), *a_rate(), ""});
    case 3:
      return books.ask(CorrectCharge{*an_account(), *an_amount(), 0, ""});
    case 4:
      return use_award(books);
    case 5:
      return hold(books);
    default:
      return settle(books);
  }
}

RC_GTEST_PROP(Books, StayBalancedWhateverHappens, ()) {
  Books books;
  for (const PartitionId partition : {gpu, cpu, lumi, nodes}) {
    books.ask(AddCapacity{partition, ComputeTime{1'000'000}, ""});
  }
  const std::int64_t steps = *between(1, 200);
  for (std::int64_t i = 0; i < steps; ++i) step(books);
  for (const auto& [account, balance] : books.shadow) {
    RC_ASSERT(books.state.accounts.at(account).balance.unit_ms() == balance);
  }
  RC_CLASSIFY(books.accepted > 20, "more than twenty commands accepted");
  RC_CLASSIFY(!books.state.holds.empty(), "holds stand at the end");
  RC_CLASSIFY(books.state.exchange.size() > 1, "units were exchanged");
}

// The rate is applied once and rounded once: never up, never by a whole millisecond or more.
RC_GTEST_PROP(Books, ExchangeRoundsTowardsZero, ()) {
  const auto amount = *between(-1'000'000'000'000, 1'000'000'000'000);
  const auto numerator = *between(1, 1'000);
  const auto denominator = *between(1, 1'000);
  const auto in = fabrica::exchange(ComputeTime{amount}, {numerator, denominator});
  RC_ASSERT(in.has_value());
  __extension__ using Wide = __int128;
  const Wide exact = static_cast<Wide>(amount) * numerator;
  const Wide rounded = static_cast<Wide>(in->unit_ms()) * denominator;
  const bool towards_zero = amount >= 0 ? rounded <= exact && exact - rounded < denominator
                                        : rounded >= exact && rounded - exact < denominator;
  RC_ASSERT(towards_zero);
}

}  // namespace
}  // namespace fabrica::test
