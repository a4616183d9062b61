#include "base/random.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace fabrica {
namespace {

// The first numbers of SplitMix64 from seed 1234567, as other implementations give them.
TEST(Random, IsSplitMix64) {
  Random random(1'234'567);
  EXPECT_EQ(random.next(), 6457827717110365317U);
  EXPECT_EQ(random.next(), 3203168211198807973U);
  EXPECT_EQ(random.next(), 9817491932198370423U);
}

TEST(Random, BelowIsEvenAndWithinItsBound) {
  Random random(1);
  std::array<int, 7> count{};
  for (int i = 0; i < 70'000; ++i) ++count.at(random.below(7));
  // 10,000 each; five standard deviations are 463.
  for (const int times : count) EXPECT_NEAR(times, 10'000, 463);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(random.below(1), 0U);
  constexpr std::uint64_t large = (std::uint64_t{1} << 63U) + 1;
  for (int i = 0; i < 100; ++i) EXPECT_LT(random.below(large), large);
}

TEST(Random, BetweenIncludesBothEnds) {
  Random random(2);
  std::array<bool, 3> seen{};
  for (int i = 0; i < 100; ++i) seen.at(static_cast<std::size_t>(random.between(-1, 1) + 1)) = true;
  EXPECT_EQ(seen, (std::array<bool, 3>{true, true, true}));
  EXPECT_EQ(random.between(5, 5), 5);
}

TEST(Random, ChanceIsAShare) {
  Random random(3);
  int hits = 0;
  for (int i = 0; i < 40'000; ++i) hits += random.chance(1, 4) ? 1 : 0;
  EXPECT_NEAR(hits, 10'000, 433);  // five standard deviations
  EXPECT_FALSE(random.chance(0, 1));
  EXPECT_TRUE(random.chance(1, 1));
}

TEST(Random, SameSeedSameNumbersAndSplitsAreApart) {
  Random a(9);
  Random b(9);
  Random child_a = a.split();
  Random child_b = b.split();
  EXPECT_EQ(a.next(), b.next());
  EXPECT_EQ(child_a.next(), child_b.next());
  EXPECT_NE(Random(9).split().next(), Random(9).next());
}

TEST(RandomDeath, EmptyRanges) {
  Random random(1);
  EXPECT_DEATH(random.below(0), "an empty range");
  EXPECT_DEATH(random.between(1, 0), "an empty range");
}

}  // namespace
}  // namespace fabrica
