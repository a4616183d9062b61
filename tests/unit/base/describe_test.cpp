#include "base/describe.h"

#include <gtest/gtest.h>

#include <string>

#include "base/result.h"
#include "base/type_name.h"

namespace fabrica {
namespace {

struct Pair {
  int first = 1;
  std::string second = "two";
};
FABRICA_DESCRIBE(Pair, first, second)

struct Empty {};
FABRICA_DESCRIBE(Empty)

enum class Letter { alpha = 1, gamma = 3 };
FABRICA_DESCRIBE_ENUM(Letter, alpha, gamma)

static_assert(DescribedStruct<Pair> && DescribedStruct<Empty> && DescribedEnum<Letter>);
static_assert(!DescribedStruct<Letter> && !DescribedEnum<Pair> && !DescribedStruct<std::string>);

template <class T>
std::string names() {
  std::string all;
  for_each_member<T>([&](std::string_view name, auto) { all += std::string(name) + ";"; });
  return all;
}

TEST(Describe, MembersInDeclaredOrder) {
  EXPECT_EQ(names<Pair>(), "first;second;");
  EXPECT_EQ(names<Empty>(), "");
}

TEST(Describe, NamesOfEnums) {
  EXPECT_EQ(name_of(Letter::gamma), "gamma");
  EXPECT_EQ(name_of(static_cast<Letter>(2)), "?");
  Letter letter = Letter::alpha;
  EXPECT_TRUE(value_of("gamma", letter));
  EXPECT_EQ(letter, Letter::gamma);
  EXPECT_FALSE(value_of("beta", letter));
  EXPECT_FALSE(value_of("", letter));
  EXPECT_EQ(letter, Letter::gamma);
}

template <class T>
struct Box {};

static_assert(type_name<Pair>() == "Pair");
static_assert(type_name<Letter>() == "Letter");
static_assert(type_name<int>() == "int");
static_assert(type_name<RefusalCode>() == "RefusalCode");
static_assert(qualified_type_name<RefusalCode>() == "fabrica::RefusalCode");
static_assert(type_name<Box<RefusalCode>>() == "Box<fabrica::RefusalCode>");

Result<int> halve(int number) {
  if (number % 2 != 0) return refuse(refusal::invalid, "number", "Give an even number.");
  return number / 2;
}
Result<void> check_quarter(int number) {
  TRY(const int half, halve(number));
  TRY_DONE(halve(half));
  return {};
}

TEST(Result, TryReturnsTheRefusal) {
  EXPECT_TRUE(check_quarter(8).has_value());
  EXPECT_EQ(check_quarter(7).error().text, "Give an even number.");
  EXPECT_EQ(check_quarter(6).error().field, "number");
  EXPECT_EQ(check_quarter(6).error().code, refusal::invalid);
}

}  // namespace
}  // namespace fabrica
