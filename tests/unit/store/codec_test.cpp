#include "store/codec.h"

#include <gtest/gtest.h>

#include <set>

#include "base/archive.h"
#include "unit/store/fixture.h"

namespace fabrica::store {
namespace {

TEST(Codec, EveryEventIsReadBackAsItWas) {
  std::set<std::string> types;
  EncodedEvent encoded;
  for (const Recorded& recorded : test::busy_world().log) {
    encode(recorded.event, encoded);
    types.emplace(encoded.type);
    const Result<Event> decoded = decode(encoded.type, encoded.version, encoded.body);
    ASSERT_TRUE(decoded.has_value())
        << encoded.type << " " << encoded.body << " " << decoded.error().text;
    EXPECT_EQ(digest_of(*decoded), digest_of(recorded.event)) << encoded.body;
  }
  const std::size_t kinds = std::variant_size_v<federation::Event> +
                            std::variant_size_v<ledger::Event> + std::variant_size_v<calls::Event> +
                            std::variant_size_v<jobs::Event>;
  EXPECT_EQ(types.size(), kinds) << "busy_world() is to hold every kind of event";
}

std::string amount_to_unit_ms(std::string_view body) {
  std::string text(body);
  const std::size_t at = text.find("\"hours\":");
  if (at == std::string::npos) return text;
  const std::int64_t hours_there = std::stoll(text.substr(at + 8));
  return text.substr(0, at) + fmt::format("\"amount\":{}", hours_there * 3'600'000) +
         text.substr(text.find_first_of(",}", at));
}

TEST(Codec, OldVersionsAreUpcast) {
  const std::array casts{Upcaster{"HoldReleased", 1, amount_to_unit_ms}};
  const Result<Event> event =
      decode("HoldReleased", 1, R"({"hold":7,"account":3,"hours":2})", casts);
  ASSERT_TRUE(event.has_value()) << event.error().text;
  const auto& released = std::get<ledger::HoldReleased>(std::get<ledger::Event>(*event));
  EXPECT_EQ(released.amount, test::unit_hours(2));
  EXPECT_EQ(released.hold.value, 7U);
}

struct Refused {
  std::string_view what;
  std::string_view type;
  std::int64_t version;
  std::string_view body;
  std::string_view text_has;
};

TEST(Codec, WhatItCannotReadIsRefused) {
  const Refused cases[] = {
      {"an unknown type", "JobSang", 1, "{}", "JobSang"},
      {"a newer version", "JobEnded", 2, R"({"job":1,"outcome":"failed"})", "newer program"},
      {"version zero", "JobEnded", 0, R"({"job":1,"outcome":"failed"})", "newer program"},
      {"no JSON", "JobEnded", 1, R"({"job":)", ""},
      {"a wrong type of member", "JobEnded", 1, R"({"job":"one"})", ""},
      {"an unknown outcome", "JobEnded", 1, R"({"job":1,"outcome":"sang"})", ""},
  };
  for (const Refused& one : cases) {
    const Result<Event> event = decode(one.type, one.version, one.body);
    ASSERT_FALSE(event.has_value()) << one.what;
    EXPECT_NE(event.error().text.find(one.text_has), std::string::npos)
        << one.what << ": " << event.error().text;
  }
}

TEST(Codec, NewFieldsHaveDefaultsAndStrangeOnesArePassedOver) {
  const Result<Event> event = decode("JobEnded", 1, R"({"job":9,"colour":"blue"})");
  ASSERT_TRUE(event.has_value()) << event.error().text;
  EXPECT_EQ(std::get<jobs::JobEnded>(std::get<jobs::Event>(*event)).outcome,
            jobs::Outcome::completed);
}

}  // namespace
}  // namespace fabrica::store
