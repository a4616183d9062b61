#include "base/table.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>

namespace fabrica {
namespace {

struct JobTag {
  static constexpr std::string_view prefix = "job";
};
using JobId = Id<JobTag>;
using Words = Table<JobId, std::string>;

std::map<JobId, std::string> content(const Words& table) {
  std::map<JobId, std::string> all;
  JobId last;
  table.for_each([&](JobId id, const std::string& word) {
    RC_ASSERT(last < id);  // in the order of ids
    last = id;
    all.emplace(id, word);
  });
  return all;
}

// Random insertions, changes and removals do the same to a Table and to a std::map.
RC_GTEST_PROP(Table, IsAMap, ()) {
  Words table;
  std::map<JobId, std::string> map;
  const int steps = *rc::gen::inRange(0, 200);
  for (int i = 0; i < steps; ++i) {
    const JobId id{*rc::gen::inRange<std::uint64_t>(1, 130)};
    if (*rc::gen::inRange(0, 3) == 0) {
      table.erase(id);
      map.erase(id);
    } else if (std::string* word = table.find(id)) {
      *word += "+";
      map.at(id) += "+";
    } else {
      table.insert(id, to_string(id));
      map.emplace(id, to_string(id));
    }
    RC_ASSERT((table.find(id) != nullptr) == map.contains(id));
    RC_ASSERT(table.size() == map.size());
  }
  RC_ASSERT(content(table) == map);
  RC_ASSERT(table.empty() == map.empty());
  const Words copy = table;
  RC_ASSERT(copy == table);
  RC_ASSERT(content(copy) == map);
}

TEST(Table, EqualityLooksAtIdsAndThings) {
  Words a;
  Words b;
  a.insert(JobId{40}, "x");
  EXPECT_FALSE(a == b);
  b.insert(JobId{41}, "x");
  EXPECT_FALSE(a == b);
  b.erase(JobId{41});
  b.insert(JobId{40}, "y");
  EXPECT_FALSE(a == b);
  b.at(JobId{40}) = "x";
  EXPECT_TRUE(a == b);
  // What was there and went leaves no trace.
  b.insert(JobId{4'000}, "z");
  b.erase(JobId{4'000});
  EXPECT_TRUE(a == b);
}

TEST(Table, PointersStayGood) {
  Words table;
  std::string* const first = &table.insert(JobId{1}, "first");
  for (std::uint64_t id = 2; id < 10'000; ++id) table.insert(JobId{id}, "more");
  for (std::uint64_t id = 2; id < 10'000; ++id) table.erase(JobId{id});
  EXPECT_EQ(table.find(JobId{1}), first);
  EXPECT_EQ(*first, "first");
  EXPECT_EQ(table.size(), 1U);
}

TEST(Table, WhatIsNotThere) {
  Words table;
  EXPECT_EQ(table.find(JobId{1}), nullptr);
  EXPECT_EQ(table.find(JobId{}), nullptr);
  EXPECT_EQ(table.find(JobId{~0ULL}), nullptr);
  table.erase(JobId{5});
  EXPECT_TRUE(table.empty());
}

TEST(TableDeath, BugsOfTheCaller) {
  Words table;
  table.insert(JobId{1}, "x");
  EXPECT_DEATH(table.insert(JobId{1}, "y"), "an id is given once");
  EXPECT_DEATH(table.insert(JobId{}, "y"), "an id is given once");
  EXPECT_DEATH(table.at(JobId{2}), "no thing of this id");
}

}  // namespace
}  // namespace fabrica
