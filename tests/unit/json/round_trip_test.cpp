#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <bit>

#include "base/random.h"
#include "json/read.h"
#include "json/write.h"
#include "support/any_value.h"
#include "support/json_sample.h"

namespace fabrica::json {
namespace {

using json_sample::Everything;

RC_GTEST_PROP(RoundTrip, WhatIsWrittenReadsBackEqual, ()) {
  const auto value = test::any<Everything>();
  const std::string text = to_json(value);
  const Result<Everything> back = read<Everything>(text);
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == value);
  RC_ASSERT(to_json(*back) == text);
}

RC_GTEST_PROP(RoundTrip, RawKeepsTheValue, ()) {
  const std::string text = to_json(test::any<Everything>());
  const Result<Raw> raw = read<Raw>(text);
  RC_ASSERT(raw.has_value());
  RC_ASSERT(raw->text == text);
}

// Each cut of a text, and each wrong byte in it, is refused or read, and never more than that.
RC_GTEST_PROP(RoundTrip, BrokenTextsAreRefused, ()) {
  std::string text = to_json(test::any<Everything>());
  const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
  RC_ASSERT(!read<Everything>(std::string_view(text).substr(0, at)).has_value());
  text[at] = static_cast<char>(*rc::gen::arbitrary<std::uint8_t>());
  const Result<Everything> back = read<Everything>(text);
  if (!back) RC_ASSERT(!back.error().text.empty());
}

TEST(RoundTrip, DoublesAreExact) {
  Random random(20'241'212);
  for (int i = 0; i < 20'000; ++i) {
    // Half of them of any size, half of everyday size, which is where inexact readers go wrong.
    const std::uint64_t bits = random.next();
    double value = std::bit_cast<double>(bits);
    if (i % 2 == 0) value = static_cast<double>(random.below(1'000'000'000'000'000)) / 1e6;
    if (!std::isfinite(value)) continue;
    const Result<double> back = read<double>(to_json(value));
    ASSERT_TRUE(back.has_value()) << value;
    ASSERT_EQ(std::bit_cast<std::uint64_t>(*back), std::bit_cast<std::uint64_t>(value)) << value;
  }
}

TEST(RoundTrip, IntegersAtTheirBounds) {
  const auto same = []<class T>(T value) {
    const Result<T> back = read<T>(to_json(value));
    return back.has_value() && *back == value;
  };
  const auto bounds = [&]<class T>(T) {
    EXPECT_TRUE(same(std::numeric_limits<T>::min()));
    EXPECT_TRUE(same(std::numeric_limits<T>::max()));
  };
  bounds(std::int8_t{});
  bounds(std::uint8_t{});
  bounds(std::int16_t{});
  bounds(std::uint16_t{});
  bounds(std::int32_t{});
  bounds(std::uint32_t{});
  bounds(std::int64_t{});
  bounds(std::uint64_t{});
  EXPECT_TRUE(same(static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) + 1));
}

}  // namespace
}  // namespace fabrica::json
