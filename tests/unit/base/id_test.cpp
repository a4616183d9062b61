#include "base/id.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace fabrica {
namespace {

struct JobTag {
  static constexpr std::string_view prefix = "job";
};
using JobId = Id<JobTag>;
struct SiteTag {
  static constexpr std::string_view prefix = "site";
};
using SiteId = Id<SiteTag>;

static_assert(!std::is_convertible_v<std::uint64_t, JobId>);
static_assert(!std::is_convertible_v<JobId, std::uint64_t>);
static_assert(!std::is_convertible_v<SiteId, JobId> && !std::is_constructible_v<JobId, SiteId>);
static_assert(AnId<JobId> && AnId<Seq> && !AnId<std::uint64_t>);

TEST(Id, PrintsWithItsKind) {
  EXPECT_EQ(to_string(JobId{4211}), "job-4211");
  EXPECT_EQ(fmt::format("{:>8}", SiteId{7}), "  site-7");
  EXPECT_FALSE(JobId{});
  EXPECT_TRUE(JobId{1});
}

TEST(Id, IsReadWithOrWithoutItsKind) {
  const struct {
    std::string_view text;
    std::uint64_t number;  // 0: refused
  } cases[] = {
      {"job-4211", 4211},
      {"4211", 4211},
      {"18446744073709551615", 18446744073709551615U},
      {"18446744073709551616", 0},
      {"", 0},
      {"0", 0},
      {"job-0", 0},
      {"job-", 0},
      {"job", 0},
      {"job4211", 0},
      {"site-4211", 0},
      {"Job-4211", 0},
      {"-4211", 0},
      {"+1", 0},
      {" 1", 0},
      {"1 ", 0},
      {"job--1", 0},
      {"job-job-1", 0},
  };
  for (const auto& [text, number] : cases) {
    const std::optional<JobId> id = parse_id<JobId>(text);
    EXPECT_EQ(id.value_or(JobId{}), JobId{number}) << text;
    EXPECT_EQ(id.has_value(), number != 0) << text;
  }
}

TEST(Id, ACommandIdIs32HexadecimalDigits) {
  EXPECT_EQ(to_string(CommandId{0x0123456789abcdefU, 1}), "0123456789abcdef0000000000000001");
  EXPECT_FALSE(CommandId{});
  EXPECT_TRUE((CommandId{1, 0}));
  EXPECT_TRUE((CommandId{0, 1}));
}

}  // namespace
}  // namespace fabrica
