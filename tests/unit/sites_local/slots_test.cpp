#include "sites/local/slots.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <array>

namespace fabrica::sites::local {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Slots, RoomAsATable) {
  struct Case {
    Need need;
    bool could;
    bool now;
  };
  // 8 cores, 1000 bytes and 3 GPUs, of which 5 cores, 600 bytes and one GPU are taken.
  constexpr std::array cases{
      Case{{1, 0, 0}, true, true},       Case{{3, 0, 0}, true, true},
      Case{{4, 0, 0}, true, false},      Case{{8, 3, 1000}, true, false},
      Case{{9, 0, 0}, false, false},     Case{{1, 2, 400}, true, true},
      Case{{1, 0, 401}, true, false},    Case{{1, 0, 1001}, false, false},
      Case{{1, 0, ~0ULL}, false, false}, Case{{1, 3, 0}, true, false},
      Case{{1, 4, 0}, false, false},     Case{{~0U, ~0U, ~0ULL}, false, false},
  };
  Slots slots(8, 1000, {4, 9, 2});
  const Need taken{5, 1, 600};
  EXPECT_THAT(slots.pick_gpus(taken), ElementsAre(2));
  slots.take(taken, slots.pick_gpus(taken));
  for (const Case& one : cases) {
    EXPECT_EQ(slots.could_hold(one.need), one.could) << one.need.cores << " " << one.need.gpus;
    EXPECT_EQ(slots.has_room(one.need), one.now) << one.need.cores << " " << one.need.gpus;
  }
  EXPECT_THAT(slots.pick_gpus({1, 2, 0}), ElementsAre(4, 9));
  EXPECT_THAT(slots.pick_gpus({1, 0, 0}), IsEmpty());
}

TEST(Slots, ASmallerMachineWaitsUntilTheOldTasksHaveGone) {
  Slots slots(2, 100, {0});
  const Need large{6, 2, 300};
  slots.take(large, {0, 1});
  EXPECT_FALSE(slots.has_room({1, 0, 0}));
  slots.give_back(large, {0, 1});
  EXPECT_TRUE(slots.has_room({2, 1, 100}));
}

RC_GTEST_PROP(Slots, AnyTakingAndGivingBackNeverOverlaps, ()) {
  Slots slots(16, 1000, {0, 1, 2, 3});
  std::vector<std::pair<Need, std::vector<std::uint32_t>>> held;
  const auto steps = *rc::gen::inRange(1, 60);
  for (int step = 0; step < steps; ++step) {
    const Need need{*rc::gen::inRange(1U, 8U), *rc::gen::inRange(0U, 4U),
                    *rc::gen::inRange<std::uint64_t>(0, 500)};
    if (slots.has_room(need)) {
      auto gpus = slots.pick_gpus(need);
      slots.take(need, gpus);
      held.emplace_back(need, std::move(gpus));
    } else if (!held.empty()) {
      slots.give_back(held.front().first, held.front().second);
      held.erase(held.begin());
    }
    std::uint64_t cores = 0;
    std::uint64_t bytes = 0;
    std::multiset<std::uint32_t> gpus;
    for (const auto& [one, indices] : held) {
      cores += one.cores;
      bytes += one.memory_bytes;
      RC_ASSERT(indices.size() == one.gpus);
      gpus.insert(indices.begin(), indices.end());
    }
    RC_ASSERT(cores <= 16U && bytes <= 1000U);
    RC_ASSERT(std::set<std::uint32_t>(gpus.begin(), gpus.end()).size() == gpus.size());
  }
}

TEST(Queue, TheNextToStartAsATable) {
  struct Case {
    std::string_view what;
    std::set<Waiting> queue;
    std::map<std::string, std::uint32_t> running;
    std::string_view next;
  };
  const std::vector<Case> cases{
      {"an empty queue", {}, {}, ""},
      {"the lowest number", {{7, "b", "", 0, {1, 0, 0}}, {3, "z", "", 0, {1, 0, 0}}}, {}, "z"},
      {"equal numbers go by tag",
       {{3, "b", "", 0, {1, 0, 0}}, {3, "a", "", 0, {1, 0, 0}}},
       {},
       "a"},
      {"a first that does not fit",
       {{1, "a", "", 0, {9, 0, 0}}, {2, "b", "", 0, {1, 0, 0}}},
       {},
       ""},
      {"a group at its limit",
       {{1, "a", "g", 2, {1, 0, 0}}, {2, "b", "", 0, {1, 0, 0}}},
       {{"g", 2}},
       "b"},
      {"a group below its limit",
       {{1, "a", "g", 2, {1, 0, 0}}, {2, "b", "", 0, {1, 0, 0}}},
       {{"g", 1}},
       "a"},
      {"a large one of a full group holds nobody back",
       {{1, "a", "g", 1, {9, 0, 0}}, {2, "b", "", 0, {1, 0, 0}}},
       {{"g", 1}},
       "b"},
      {"a group without limit", {{1, "a", "g", 0, {1, 0, 0}}}, {{"g", 5}}, "a"},
  };
  const Slots slots(4, 1000, {});
  for (const Case& one : cases) {
    const Waiting* const next = next_to_start(one.queue, slots, one.running);
    EXPECT_EQ(next == nullptr ? "" : next->tag, one.next) << one.what;
  }
}

}  // namespace
}  // namespace fabrica::sites::local
