#include "base/amount.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace fabrica {
namespace {

constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

TEST(ComputeTime, AddsExactly) {
  EXPECT_EQ(ComputeTime{2} + ComputeTime{3}, ComputeTime{5});
  EXPECT_EQ(ComputeTime{2} - ComputeTime{3}, ComputeTime{-1});
  EXPECT_EQ(-ComputeTime{2}, ComputeTime{-2});
  EXPECT_EQ(ComputeTime{highest - 1} + ComputeTime{1}, ComputeTime{highest});
  EXPECT_EQ(ComputeTime{lowest + 1} - ComputeTime{1}, ComputeTime{lowest});
  ComputeTime amount{5};
  amount += ComputeTime{2};
  amount -= ComputeTime{10};
  EXPECT_EQ(amount, ComputeTime{-3});
}

TEST(ComputeTimeDeath, EndsTheProcessRatherThanWrap) {
  ComputeTime amount{highest};
  EXPECT_DEATH(amount += ComputeTime{1}, "compute time overflows");
  EXPECT_DEATH(amount -= ComputeTime{-1}, "compute time overflows");
  EXPECT_DEATH(static_cast<void>(ComputeTime{lowest} + ComputeTime{-1}), "compute time overflows");
  EXPECT_DEATH(static_cast<void>(ComputeTime{lowest} - ComputeTime{1}), "compute time overflows");
}

TEST(ComputeTime, OfUnitsAndDuration) {
  const struct {
    std::int64_t units;
    Duration duration;
    std::optional<ComputeTime> amount;
  } cases[] = {
      {4, hours(1), ComputeTime{14'400'000}},
      {0, hours(1), ComputeTime{0}},
      {4, Duration{0}, ComputeTime{0}},
      {1, Duration{1'000'000'000'000'000}, amount_max},
      {1, Duration{1'000'000'000'000'001}, std::nullopt},
      {1'000'000'000, Duration{1'000'000'000}, std::nullopt},
      {highest, Duration{highest}, std::nullopt},
      {-1, hours(1), std::nullopt},
      {1, Duration{-1}, std::nullopt},
  };
  for (const auto& [units, duration, amount] : cases)
    EXPECT_EQ(compute_time(units, duration), amount);
}

TEST(ComputeTime, ExchangeRoundsOnceTowardsZero) {
  const struct {
    std::int64_t unit_ms;
    Rational rate;
    std::optional<ComputeTime> amount;
  } cases[] = {
      {10, {1, 4}, ComputeTime{2}},
      {-10, {1, 4}, ComputeTime{-2}},
      {10, {8, 4}, ComputeTime{20}},
      {1, {1, 2}, ComputeTime{0}},
      {7, {2, 3}, ComputeTime{4}},
      // The product before the division does not fit in 64 bits.
      {amount_max.unit_ms(), {highest, highest}, amount_max},
      {amount_max.unit_ms(), {highest, highest - 1}, amount_max},
      {amount_max.unit_ms(), {2, 1}, std::nullopt},
      {-amount_max.unit_ms(), {2, 1}, std::nullopt},
      {highest, {highest, 1}, std::nullopt},
      {lowest, {highest, 1}, std::nullopt},
      {10, {0, 1}, std::nullopt},
      {10, {-1, 1}, std::nullopt},
      {10, {1, 0}, std::nullopt},
      {10, {1, -1}, std::nullopt},
  };
  for (const auto& [unit_ms, rate, amount] : cases) {
    EXPECT_EQ(exchange(ComputeTime{unit_ms}, rate), amount)
        << unit_ms << " at " << rate.numerator << "/" << rate.denominator;
  }
}

TEST(ComputeTime, HoursForPeople) {
  const struct {
    std::int64_t unit_ms;
    std::string_view hours;
  } cases[] = {
      {0, "0.000"},
      {3'600'000, "1.000"},
      {18'000'000'000, "5000.000"},
      {900'000, "0.250"},
      {3'599, "0.000"},
      {3'600, "0.001"},
      {-3'599, "0.000"},
      {-3'600, "-0.001"},
      {-5'400'000, "-1.500"},
      {lowest, "-2562047788015.215"},
      {highest, "2562047788015.215"},
  };
  for (const auto& [unit_ms, hours] : cases) EXPECT_EQ(to_hours(ComputeTime{unit_ms}), hours);
}

TEST(ComputeTime, ReadsHours) {
  const struct {
    std::string_view text;
    std::int64_t unit_ms;
  } cases[] = {
      {"0", 0},
      {"5000", 18'000'000'000},
      {"0.25", 900'000},
      {"007.5", 27'000'000},
      {"0.000000277", 0},
      {"0.000000278", 1},
      {"0.333333333", 1'199'999},
      {"277777777.777777778", amount_max.unit_ms()},
      {"277777777.777778055", amount_max.unit_ms()},
  };
  for (const auto& [text, unit_ms] : cases) {
    EXPECT_EQ(parse_hours(text).value_or(ComputeTime{-1}), ComputeTime{unit_ms}) << text;
  }
}

TEST(ComputeTime, RefusesWhatIsNoNumberOfHours) {
  for (const std::string_view text : {"",
                                      ".",
                                      ".5",
                                      "5.",
                                      "1..5",
                                      "1.2.3",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1e3",
                                      "1,5",
                                      "0x10",
                                      "five",
                                      "1.0000000000",
                                      "277777777.777778056",
                                      "277777778",
                                      "999999999999999999",
                                      "99999999999999999999",
                                      "999999999999999999999999",
                                      "9999999999999999999999999"}) {
    const Result<ComputeTime> amount = parse_hours(text);
    ASSERT_FALSE(amount.has_value()) << text;
    EXPECT_EQ(amount.error().code, refusal::invalid);
    EXPECT_TRUE(amount.error().text.contains("write digits")) << amount.error().text;
  }
}

RC_GTEST_PROP(ComputeTime, ThousandthsOfHoursReadBack, ()) {
  const ComputeTime amount{3'600 * *rc::gen::inRange<std::int64_t>(0, 277'777'777'777)};
  RC_ASSERT(parse_hours(to_hours(amount)).value() == amount);
}

TEST(Unit, IsNamedInHours) {
  EXPECT_EQ(hours_name(Unit::gpu), "GPU-hours");
  EXPECT_EQ(hours_name(Unit::node), "node-hours");
  EXPECT_EQ(hours_name(Unit::core), "core-hours");
}

}  // namespace
}  // namespace fabrica
