#include <gtest/gtest.h>

#include "ledger/apply.h"
#include "ledger/decide.h"
#include "unit/support/cases.h"

namespace fabrica::test {
namespace {

using namespace ledger;

constexpr AccountId capacity{1}, usage{2}, award{3}, offered{4}, closed{5}, core_usage{6};

/// Books of one unit with an award of 10 hours.
State books() {
  State state;
  const auto open = [&](AccountId id, AccountKind kind, bool locked = false) {
    const bool source = kind == AccountKind::capacity;
    apply(state, AccountOpened{id, kind, Unit::gpu, PartitionId{1}, ProjectId{1},
                               source ? no_floor : ComputeTime{}, locked});
  };
  open(capacity, AccountKind::capacity);
  open(usage, AccountKind::usage);
  open(award, AccountKind::award);
  open(offered, AccountKind::award, true);
  open(closed, AccountKind::award);
  apply(state,
        AccountOpened{
            core_usage, AccountKind::usage, Unit::core, PartitionId{2}, ProjectId{}, {}, false});
  for (const AccountId id : {award, offered, closed})
    apply(state, Transferred{capacity, id, unit_hours(10), ""});
  apply(state, AccountClosed{closed});
  return state;
}

std::string standing(const State& state, AccountId id) {
  const Account& account = state.accounts.at(id);
  return fmt::format("{}-{}", in_hours(account.balance), in_hours(account.held));
}

struct PlaceCase {
  std::string_view what;
  AccountId account;
  ComputeTime amount;
  std::string_view answer;
};

TEST(Holds, Place) {
  for (const PlaceCase& one :
       {PlaceCase{"a known account", AccountId{3'000}, unit_hours(1), "unknown_account account"},
        PlaceCase{"an open one", closed, unit_hours(1), "account_closed account"},
        PlaceCase{"an accepted one", offered, unit_hours(1), "account_locked account"},
        PlaceCase{"an amount", award, unit_hours(0), "bad_amount amount"},
        PlaceCase{"above zero", award, unit_hours(-1), "bad_amount amount"},
        PlaceCase{"within bounds", award, ComputeTime{amount_max.unit_ms() + 1},
                  "bad_amount amount"},
        PlaceCase{"within the balance", award, unit_hours(10) + ComputeTime{1},
                  "insufficient_balance amount"},
        PlaceCase{"all of it", award, unit_hours(10), "placed"}}) {
    const Result<HoldPlaced> placed =
        place_hold(books(), HoldId{1}, one.account, usage, one.amount);
    EXPECT_EQ(placed ? "placed" : answer_of(placed.error()), one.answer) << one.what;
  }
}

struct Step {
  std::string_view what;
  Event event;
  std::string_view award;
  std::string_view used;
};

TEST(Holds, ChargeAndRelease) {
  State state = books();
  for (const Step& step :
       {Step{"one hold", HoldPlaced{HoldId{1}, award, usage, unit_hours(4)}, "10-4", "0-0"},
        Step{"another", HoldPlaced{HoldId{2}, award, usage, unit_hours(6)}, "10-10", "0-0"},
        Step{"part is charged", UsageCharged{HoldId{1}, award, usage, unit_hours(1)}, "9-9", "1-0"},
        Step{"part is released", HoldReleased{HoldId{1}, award, unit_hours(2)}, "9-7", "1-0"},
        Step{"the last is charged, the hold goes",
             UsageCharged{HoldId{1}, award, usage, unit_hours(1)}, "8-6", "2-0"},
        Step{"a number may stand again", HoldPlaced{HoldId{1}, award, usage, unit_hours(2)}, "8-8",
             "2-0"},
        Step{"all released", HoldReleased{HoldId{1}, award, unit_hours(2)}, "8-6", "2-0"},
        Step{"a closed account still pays", AccountClosed{award}, "8-6", "2-0"},
        Step{"in full", UsageCharged{HoldId{2}, award, usage, unit_hours(6)}, "2-0", "8-0"}}) {
    apply(state, step.event);
    EXPECT_EQ(standing(state, award), step.award) << step.what;
    EXPECT_EQ(standing(state, usage), step.used) << step.what;
    EXPECT_EQ(broken_invariant(state), "") << step.what;
  }
  EXPECT_TRUE(state.holds.empty());
}

struct Impossible {
  std::string_view what;
  std::vector<Event> events;
  const char* says;
};

// An event that breaks an invariant can only come from a bug or from a changed log.
TEST(HoldsDeathTest, WhatCannotHaveHappenedEndsTheProcess) {
  const Event hold = HoldPlaced{HoldId{1}, award, usage, unit_hours(4)};
  for (const Impossible& one : std::vector<Impossible>{
           {"more held than there",
            {HoldPlaced{HoldId{1}, award, usage, unit_hours(11)}},
            "a hold fits"},
           {"one hold twice", {hold, hold}, "an id is given once"},
           {"more charged than held",
            {hold, UsageCharged{HoldId{1}, award, usage, unit_hours(5)}},
            "more than it has"},
           {"a negative charge",
            {hold, UsageCharged{HoldId{1}, award, usage, unit_hours(-1)}},
            "more than it has"},
           {"a charge elsewhere",
            {hold, UsageCharged{HoldId{1}, offered, usage, unit_hours(1)}},
            "its hold says"},
           {"more released than held",
            {hold, HoldReleased{HoldId{1}, award, unit_hours(5)}},
            "more than it has"},
           {"no such hold",
            {UsageCharged{HoldId{7}, award, usage, unit_hours(1)}},
            "no thing of this id"},
           {"more moved than there",
            {Transferred{award, capacity, unit_hours(11), ""}},
            "below its floor"},
           {"held hours moved",
            {hold, Transferred{award, capacity, unit_hours(7), ""}},
            "below its floor"},
           {"between units",
            {Transferred{award, core_usage, unit_hours(1), ""}},
            "different units never add"},
           {"to nowhere",
            {Transferred{award, AccountId{99}, unit_hours(1), ""}},
            "no thing of this id"},
           {"one account twice",
            {AccountOpened{award, AccountKind::award, Unit::gpu, {}, {}, {}, false}},
            "an id is given once"},
           {"more given back than used",
            {ChargeCorrected{award, usage, unit_hours(1), 0, ""}},
            "below its floor"}}) {
    EXPECT_DEATH(
        {
          State state = books();
          for (const Event& event : one.events) apply(state, event);
        },
        one.says)
        << one.what;
  }
}

struct Broken {
  std::string_view what;
  void (*spoil)(State& state);
  std::string_view says;
};

// The checker itself is checked: each invariant broken by hand is reported.
TEST(Holds, BrokenInvariantsAreSeen) {
  ASSERT_EQ(broken_invariant(books()), "");
  for (const Broken& one :
       {Broken{"sums", [](State& state) { state.accounts.at(award).balance += ComputeTime{1}; },
               "sum to 1 ms"},
        Broken{"floors", [](State& state) { state.accounts.at(award).floor = unit_hours(11); },
               "below its floor"},
        Broken{"held", [](State& state) { state.accounts.at(award).held += unit_hours(1); },
               "does not hold"},
        Broken{"holds", [](State& state) { state.holds.insert(HoldId{1}, {award, usage, {}}); },
               "still there"},
        Broken{"an unknown account",
               [](State& state) {
                 state.holds.insert(HoldId{1}, {AccountId{99}, usage, unit_hours(1)});
               },
               "on no account"}}) {
    State state = books();
    one.spoil(state);
    EXPECT_NE(broken_invariant(state).find(one.says), std::string::npos)
        << one.what << ": " << broken_invariant(state);
  }
}

}  // namespace
}  // namespace fabrica::test
