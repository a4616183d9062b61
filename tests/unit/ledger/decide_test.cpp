#include "ledger/decide.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/limits.h"
#include "ledger/apply.h"
#include "unit/support/world.h"

namespace fabrica::test {
namespace {

using namespace ledger;

const std::string long_note(limits::name_bytes_max + 1, 'x');
constexpr ComputeTime least{std::numeric_limits<std::int64_t>::min()};
constexpr ComputeTime most{std::numeric_limits<std::int64_t>::max()};
constexpr ComputeTime above{amount_max.unit_ms() + 1};
constexpr AccountId unknown{99};

/// A line of a ledger's table: the answer, then the balances of the accounts that the table is
/// about.
struct Entry {
  std::string_view what;
  PersonId actor;
  fabrica::Command command;
  std::string_view answer;
  std::string_view balances;
  std::source_location where = std::source_location::current();
};

template <class... Ids>
void keep_books(World& world, std::initializer_list<Entry> entries, Ids... accounts) {
  for (const Entry& entry : entries) {
    expect_answer(world.ask(entry.actor, entry.command), entry.answer, entry.what, entry.where);
    expect_answer(world.balances(accounts...), entry.balances, entry.what, entry.where);
  }
}

TEST(Decide, AddCapacity) {
  World world = consortium();
  check(world,
        {{"needs the administrator", north_operator, AddCapacity{gpu, unit_hours(1), ""},
          "forbidden"},
         {"before anything else", lead, AddCapacity{PartitionId{99}, most, long_note}, "forbidden"},
         {"a known partition", admin, AddCapacity{PartitionId{99}, unit_hours(1), ""},
          "not_found partition"},
         {"a short note", admin, AddCapacity{gpu, unit_hours(1), long_note}, "too_large text"},
         {"in UTF-8", admin, AddCapacity{gpu, unit_hours(1), "\xff"}, "invalid text"},
         {"not too much at once", admin, AddCapacity{gpu, above, ""}, "bad_amount amount"},
         {"nor too little", admin, AddCapacity{gpu, -above, ""}, "bad_amount amount"},
         {"the largest number", admin, AddCapacity{gpu, most, ""}, "bad_amount amount"},
         {"the least number", admin, AddCapacity{gpu, least, ""}, "bad_amount amount"},
         {"nothing to take back yet", admin, AddCapacity{gpu, unit_hours(-1), ""},
          "bad_amount amount"},
         {"accounts can open empty", admin, AddCapacity{gpu, unit_hours(0), ""},
          "AccountOpened AccountOpened AccountOpened"}});
  keep_books(
      world,
      {{"more", admin, AddCapacity{gpu, unit_hours(10), "a note"}, "Transferred", "-10 10 0"},
       {"and more", admin, AddCapacity{gpu, unit_hours(5), ""}, "Transferred", "-15 15 0"},
       {"nothing more", admin, AddCapacity{gpu, unit_hours(0), ""}, "nothing", "-15 15 0"},
       {"some back", admin, AddCapacity{gpu, unit_hours(-4), ""}, "Transferred", "-11 11 0"},
       {"not more than is there", admin, AddCapacity{gpu, unit_hours(-12), ""},
        "insufficient_balance amount", "-11 11 0"},
       {"all of it", admin, AddCapacity{gpu, unit_hours(-11), ""}, "Transferred", "0 0 0"},
       {"the largest amount", admin, AddCapacity{gpu, amount_max, ""}, "Transferred",
        "-277777777h+-2800000ms 277777777h+2800000ms 0"}},
      gpu_capacity, gpu_pool, gpu_usage);
}

TEST(Decide, Transfer) {
  World world = with_awards();
  const AwardId declined = offer_award(world, lead, project, gpu, unit_hours(1));
  world.must(lead, calls::AnswerAward{declined, false});
  const AccountId closed = world.state.calls.awards.at(declined).account;
  keep_books(
      world,
      {{"needs the administrator", lead, Transfer{gpu_award, gpu_pool, unit_hours(1), ""},
        "forbidden", "-1000 900 100 0"},
       {"from a known account", admin, Transfer{unknown, gpu_pool, unit_hours(1), ""},
        "unknown_account from", "-1000 900 100 0"},
       {"to a known account", admin, Transfer{gpu_pool, AccountId{}, unit_hours(1), ""},
        "unknown_account to", "-1000 900 100 0"},
       {"from an open one", admin, Transfer{closed, gpu_pool, unit_hours(1), ""},
        "account_closed from", "-1000 900 100 0"},
       {"to an open one", admin, Transfer{gpu_pool, closed, unit_hours(1), ""}, "account_closed to",
        "-1000 900 100 0"},
       {"of one unit", admin, Transfer{gpu_pool, cpu_pool, unit_hours(1), ""}, "unit_mismatch to",
        "-1000 900 100 0"},
       {"between two", admin, Transfer{gpu_pool, gpu_pool, unit_hours(1), ""}, "bad_amount to",
        "-1000 900 100 0"},
       {"something", admin, Transfer{gpu_pool, gpu_award, unit_hours(0), ""}, "bad_amount amount",
        "-1000 900 100 0"},
       {"more than nothing", admin, Transfer{gpu_pool, gpu_award, unit_hours(-1), ""},
        "bad_amount amount", "-1000 900 100 0"},
       {"within bounds", admin, Transfer{gpu_pool, gpu_award, above, ""}, "bad_amount amount",
        "-1000 900 100 0"},
       {"the least number", admin, Transfer{gpu_pool, gpu_award, least, ""}, "bad_amount amount",
        "-1000 900 100 0"},
       {"a short note", admin, Transfer{gpu_pool, gpu_award, unit_hours(1), long_note},
        "too_large text", "-1000 900 100 0"},
       {"what is there", admin, Transfer{gpu_pool, gpu_award, unit_hours(901), ""},
        "insufficient_balance amount", "-1000 900 100 0"},
       {"", admin, Transfer{gpu_pool, gpu_award, unit_hours(900), "all of it"}, "Transferred",
        "-1000 0 1000 0"},
       {"an empty pool gives nothing", admin, Transfer{gpu_pool, gpu_award, ComputeTime{1}, ""},
        "insufficient_balance amount", "-1000 0 1000 0"},
       {"back into the capacity", admin, Transfer{gpu_award, gpu_capacity, unit_hours(1), ""},
        "Transferred", "-999 0 999 0"},
       {"other partitions of the unit", admin, Transfer{lumi_pool, gpu_pool, unit_hours(7), ""},
        "Transferred", "-999 7 999 0"}},
      gpu_capacity, gpu_pool, gpu_award, closed);
}

// 1 node-hour of a LUMI-G node is 4 GPU-hours; a third of an hour is rounded once, towards zero.
TEST(Decide, Exchange) {
  World world = with_capacity();
  const AccountId node_bridge{13};
  const AccountId gpu_bridge{14};
  check(
      world,
      {{"needs the administrator", officer,
        Exchange{nodes_pool, gpu_pool, unit_hours(1), {4, 1}, ""}, "forbidden"},
       {"from a known account", admin, Exchange{unknown, gpu_pool, unit_hours(1), {4, 1}, ""},
        "unknown_account from"},
       {"to a known account", admin, Exchange{nodes_pool, unknown, unit_hours(1), {4, 1}, ""},
        "unknown_account to"},
       {"of two units", admin, Exchange{lumi_pool, gpu_pool, unit_hours(1), {4, 1}, ""},
        "unit_mismatch to"},
       {"an amount", admin, Exchange{nodes_pool, gpu_pool, unit_hours(0), {4, 1}, ""},
        "bad_amount amount"},
       {"a short note", admin, Exchange{nodes_pool, gpu_pool, unit_hours(1), {4, 1}, long_note},
        "too_large text"},
       {"a rate", admin, Exchange{nodes_pool, gpu_pool, unit_hours(1), {0, 1}, ""},
        "bad_amount rate"},
       {"no debt", admin, Exchange{nodes_pool, gpu_pool, unit_hours(1), {-4, 1}, ""},
        "bad_amount rate"},
       {"a fraction", admin, Exchange{nodes_pool, gpu_pool, unit_hours(1), {4, 0}, ""},
        "bad_amount rate"},
       {"a result within bounds", admin,
        Exchange{nodes_pool, gpu_pool, unit_hours(1), {most.unit_ms(), 1}, ""}, "bad_amount rate"},
       {"a result above zero", admin, Exchange{nodes_pool, gpu_pool, ComputeTime{1}, {1, 2}, ""},
        "bad_amount rate"},
       {"what is there", admin, Exchange{nodes_pool, gpu_pool, unit_hours(1'001), {4, 1}, ""},
        "insufficient_balance amount"},
       {"the bridges are opened once", admin,
        Exchange{nodes_pool, gpu_pool, unit_hours(1), {4, 1}, ""},
        "AccountOpened AccountOpened Exchanged"}});
  keep_books(world,
             {{"in GPU-hours", admin, Exchange{nodes_pool, gpu_pool, unit_hours(9), {4, 1}, ""},
               "Exchanged", "990 1040 -40 10"},
              {"and back", admin, Exchange{gpu_pool, nodes_pool, unit_hours(40), {1, 4}, ""},
               "Exchanged", "1000 1000 0 0"},
              {"a third", admin, Exchange{nodes_pool, gpu_pool, ComputeTime{10}, {1, 3}, ""},
               "Exchanged", "999h+3599990ms 1000h+3ms 0h+-3ms 0h+10ms"},
              {"the other way", admin, Exchange{gpu_pool, nodes_pool, ComputeTime{2}, {5, 1}, ""},
               "Exchanged", "1000 1000h+1ms 0h+-1ms 0"}},
             nodes_pool, gpu_pool, gpu_bridge, node_bridge);
  check(world,
        {{"a third unit opens one bridge", admin,
          Exchange{gpu_pool, cpu_pool, unit_hours(1), {16, 1}, ""}, "AccountOpened Exchanged"}});
  EXPECT_EQ(world.balances(gpu_pool, cpu_pool, AccountId{15}), "999h+1ms 1016 -16");
}

// A job of an hour is charged in full; the operator of its site gives back and takes.
TEST(Decide, CorrectCharge) {
  World world = with_awards();
  world.must(lead, jobs::SubmitJob{project, train_on_gpu()});
  world.must(the_system, ended(JobId{1}, day_one, day_one + hours(1)));
  keep_books(
      world,
      {{"a known account", admin, CorrectCharge{unknown, unit_hours(1), 1, ""},
        "unknown_account account", "900 99 1"},
       {"of an award", admin, CorrectCharge{gpu_pool, unit_hours(1), 1, ""},
        "unknown_account account", "900 99 1"},
       {"by the operator", lead, CorrectCharge{gpu_award, unit_hours(1), 1, ""},
        "forbidden account", "900 99 1"},
       {"of this site", south_operator, CorrectCharge{gpu_award, unit_hours(1), 1, ""},
        "forbidden account", "900 99 1"},
       {"some amount", north_operator, CorrectCharge{gpu_award, unit_hours(0), 1, ""},
        "bad_amount amount", "900 99 1"},
       {"within bounds", north_operator, CorrectCharge{gpu_award, above, 1, ""},
        "bad_amount amount", "900 99 1"},
       {"both ways", north_operator, CorrectCharge{gpu_award, -above, 1, ""}, "bad_amount amount",
        "900 99 1"},
       {"the least number", north_operator, CorrectCharge{gpu_award, least, 1, ""},
        "bad_amount amount", "900 99 1"},
       {"a short note", north_operator, CorrectCharge{gpu_award, unit_hours(1), 1, long_note},
        "too_large text", "900 99 1"},
       {"not more back than was used", north_operator,
        CorrectCharge{gpu_award, unit_hours(2), 1, ""}, "insufficient_balance amount", "900 99 1"},
       {"back", north_operator, CorrectCharge{gpu_award, unit_hours(1), 1, "the node failed"},
        "ChargeCorrected", "900 100 0"},
       {"more", north_operator, CorrectCharge{gpu_award, unit_hours(-3), 1, ""}, "ChargeCorrected",
        "900 97 3"},
       {"not more than is left", north_operator, CorrectCharge{gpu_award, unit_hours(-98), 1, ""},
        "insufficient_balance amount", "900 97 3"},
       {"the largest amount is one", north_operator, CorrectCharge{gpu_award, -amount_max, 1, ""},
        "insufficient_balance amount", "900 97 3"}},
      gpu_pool, gpu_award, gpu_usage);
}

// What is held is not there to be taken by a correction.
TEST(Decide, CorrectChargeLeavesHoldsAlone) {
  World world = with_awards();
  world.must(lead,
             jobs::SubmitJob{project, with(train_on_gpu(), &JobRequest::time_limit, hours(40))});
  keep_books(
      world,
      {{"60 of 100 are free", north_operator, CorrectCharge{gpu_award, unit_hours(-61), 0, ""},
        "insufficient_balance amount", "100-40 0"},
       {"", north_operator, CorrectCharge{gpu_award, unit_hours(-60), 0, ""}, "ChargeCorrected",
        "40-40 60"},
       {"nothing is free", admin, Transfer{gpu_award, gpu_pool, ComputeTime{1}, ""},
        "insufficient_balance amount", "40-40 60"},
       {"the job ends and pays", the_system, ended(JobId{1}, day_one, day_one + hours(30)),
        "TaskEnded UsageCharged HoldReleased JobEnded", "10 90"}},
      gpu_award, gpu_usage);
}

// Nobody can spend from an award that is over: what it gets back goes on to the pool.
TEST(Decide, CorrectChargeOfAnEndedAward) {
  World world = with_awards();
  world.must(lead, jobs::SubmitJob{project, train_on_gpu()});
  world.must(the_system, ended(JobId{1}, day_one, day_one + hours(1)));
  world.now = day_one + days(100);
  world.must(the_system, PassTime{});
  ASSERT_TRUE(world.state.ledger.accounts.at(gpu_award).closed);
  keep_books(
      world,
      {{"back to the pool", north_operator, CorrectCharge{gpu_award, unit_hours(1), 1, ""},
        "ChargeCorrected Transferred", "1000 0 0"},
       {"nothing there to take", north_operator, CorrectCharge{gpu_award, unit_hours(-1), 1, ""},
        "insufficient_balance amount", "1000 0 0"}},
      gpu_pool, gpu_award, gpu_usage);
}

// No sum of balances may overflow, however often capacity is added, in whatever partitions.
TEST(Decide, TheBooksAreBounded) {
  World world = with_capacity();
  const auto owed = [&] { return -world.state.ledger.accounts.at(gpu_capacity).balance; };
  while (owed() + amount_max <= issued_max - unit_hours(1'000)) {
    world.must(admin, AddCapacity{gpu, amount_max, ""});
  }
  const ComputeTime room = issued_max - unit_hours(1'000) - owed();
  const ComputeTime one{1};
  check(
      world,
      {{"no room here", admin, AddCapacity{gpu, room + one, ""}, "bad_amount amount"},
       {"nor in another partition of the unit", admin, AddCapacity{lumi, room + one, ""},
        "bad_amount amount"},
       {"nor past the pool", admin, Transfer{gpu_capacity, gpu_pool, room + one, ""},
        "bad_amount amount"},
       {"nor out of another unit", admin, Exchange{cpu_pool, gpu_pool, room + one, {1, 1}, ""},
        "insufficient_balance amount"},
       {"at whatever rate", admin, Exchange{cpu_pool, gpu_pool, one, {room.unit_ms() + 1, 1}, ""},
        "bad_amount amount"},
       {"up to the bound", admin, AddCapacity{lumi, room, ""}, "Transferred"},
       {"and no further", admin, AddCapacity{gpu, one, ""}, "bad_amount amount"},
       {"another unit has its own bound", admin, AddCapacity{cpu, amount_max, ""}, "Transferred"}});
  EXPECT_EQ(sums(world.state.ledger), (std::array<ComputeTime, 3>{}));
}

}  // namespace
}  // namespace fabrica::test
