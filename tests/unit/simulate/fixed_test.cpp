#include "simulate/fixed.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "unit/simulate/by_hand.h"

namespace fabrica::simulate {
namespace {

TEST(Fixed, LogarithmsPowersAndRootsOfSomeNumbers) {
  struct Row {
    Fixed found;
    Fixed exact;
  };
  const Row rows[] = {
      {log2(Fixed::of(1)), Fixed::of(0)},
      {log2(Fixed::of(1'024)), Fixed::of(10)},
      {log2(Fixed::ratio(1, 8)), Fixed::of(-3)},
      {log2_of(1), Fixed::of(0)},
      {log2_of(std::uint64_t{1} << 63U), Fixed::of(63)},
      {exp2(Fixed::of(0)), Fixed::of(1)},
      {exp2(Fixed::of(30)), Fixed::of(1 << 30)},
      {exp2(Fixed::of(-5)), Fixed::ratio(1, 32)},
      {exp2(Fixed::of(-32)), {1}},
      {exp2(Fixed::of(-40)), {0}},
      {sqrt(Fixed::of(0)), Fixed::of(0)},
      {sqrt(Fixed::of(144)), Fixed::of(12)},
      {sqrt(Fixed::ratio(1, 4)), Fixed::ratio(1, 2)},
      {Fixed::ratio(-7, 2), {-15'032'385'536}},
      {Fixed::of(7) / Fixed::of(-2), Fixed::ratio(-7, 2)},
      {Fixed::ratio(3, 2) * Fixed::ratio(-5, 2), Fixed::ratio(-15, 4)},
  };
  for (const Row& row : rows) EXPECT_EQ(row.found.raw, row.exact.raw);
  EXPECT_EQ(Fixed::ratio(-1, 2).floor(), -1);
  EXPECT_EQ(Fixed::ratio(7, 2).floor(), 3);
  EXPECT_EQ(root_of(99), 9U);
  EXPECT_EQ(root_of(~std::uint64_t{0}), 0xffff'ffffU);
}

TEST(Fixed, IsAsNearAsPromisedToTheRealFunctions) {
  Random random(1);
  const double ulp = std::ldexp(1.0, -30);
  for (int round = 0; round < 100'000; ++round) {
    const Fixed x{random.between(1, std::int64_t{1} << random.between(1, 62))};
    EXPECT_NEAR(value(log2(x)), std::log2(value(x)), ulp);
    EXPECT_NEAR(value(sqrt(x)), std::sqrt(value(x)), ulp);
    const Fixed y{random.between(Fixed::of(-32).raw, Fixed::of(31).raw - 1)};
    const double power = std::exp2(value(y));
    EXPECT_NEAR(value(exp2(y)), power, power * ulp + std::ldexp(1.0, -32));
  }
}

TEST(Fixed, ConstantsAreThoseOfTheirNames) {
  EXPECT_NEAR(value(ln_2), std::log(2.0), 1e-9);
  EXPECT_NEAR(value(log2_e), 1 / std::log(2.0), 1e-9);
}

}  // namespace
}  // namespace fabrica::simulate
