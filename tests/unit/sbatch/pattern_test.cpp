#include "sbatch/pattern.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace fabrica::sbatch {
namespace {

struct Case {
  std::string_view pattern;
  std::string_view expected;
};

const PatternValues values{128, 120, 7, "0", 3, 2, "node5", "alice", "train"};

TEST(Pattern, EverySymbol) {
  constexpr Case cases[] = {
      {"%x-%j.out", "train-128.out"},
      {"slurm-%A_%a.out", "slurm-120_7.out"},
      {"job%J.out", "job128.0.out"},
      {"job%4j.out", "job0128.out"},
      {"job%j-%2t.out", "job128-03.out"},
      {"%N/%n", "node5/2"},
      {"%4N", "node5"},
      {"%u_%s_%t", "alice_0_3"},
      {"%b", "7"},
      {"%3a", "007"},
      {"%10j", "0000000128"},
      {"%11j", "0000000128"},
      {"%12345j", "0000000128"},
      {"%99j", "0000000128"},
      {"100%%", "100%"},
      {"%%j", "%j"},
      {"%q", "%q"},
      {"%", "%"},
      {"a%", "a%"},
      {"%5", "%5"},
      {"", ""},
      {"plain", "plain"},
      {"\\%j", "%j"},
      {"/a/%x\\-%j", "/a/%x-%j"},
  };
  for (const auto& [pattern, expected] : cases)
    EXPECT_EQ(expand_pattern(pattern, values), expected) << pattern;
}

TEST(Pattern, WithoutAnArrayOrAStep) {
  const PatternValues plain{
      .job = 9, .array_job = {}, .array_task = {}, .step = {}, .host = {}, .user = {}, .name = {}};
  EXPECT_EQ(expand_pattern("%A_%a", plain), "9_4294967294");
  EXPECT_EQ(expand_pattern("%J.%s", plain), "9.batch");
  EXPECT_EQ(expand_pattern(default_output(false), plain), "slurm-9.out");
  EXPECT_EQ(expand_pattern(default_output(true), values), "slurm-120_7.out");
}

TEST(Pattern, DirectoryThatMustExist) {
  constexpr Case cases[] = {{"logs/%x-%j.out", "logs"},
                            {"/scratch/logs/a", "/scratch/logs"},
                            {"%j.out", ""},
                            {"/out", ""},
                            {"%x/%j.out", ""},
                            {"a/b/c", "a/b"}};
  for (const auto& [pattern, expected] : cases)
    EXPECT_EQ(directory_of(pattern), expected) << pattern;
}

// No symbol is left over and none is invented, whatever the pattern: a symbol is as long as its
// value.
RC_GTEST_PROP(Pattern, ExpandsPieceByPiece, ()) {
  const std::vector<Case> pieces{{"%j", "128"}, {"%x", "train"},  {"%%", "%"},
                                 {"-", "-"},    {"%5t", "00003"}, {"q", "q"}};
  std::string pattern;
  std::string expected;
  for (const auto at : *rc::gen::container<std::vector<std::size_t>>(
           rc::gen::inRange<std::size_t>(0, pieces.size()))) {
    pattern += pieces[at].pattern;
    expected += pieces[at].expected;
  }
  RC_ASSERT(expand_pattern(pattern, values) == expected);
}

TEST(Pattern, BindingNamesTheJobAndLeavesTheRestToTheSite) {
  struct Case {
    std::string_view pattern;
    bool array;
    std::string_view bound;
  };
  for (const auto& [pattern, array, bound] :
       {Case{"slurm-%j.out", false, "slurm-12.out"}, Case{"%5j-%J", false, "00012-12"},
        Case{"%A_%a", true, "12_%a"}, Case{"x.%j", true, "x.12_%a"},
        Case{"%x/%N%3a", true, "50%%/%N%3a"}, Case{"%%j%", false, "%%j%"},
        Case{"a\\%j", false, "a\\%j"}, Case{"", false, ""}}) {
    EXPECT_EQ(bind_pattern(pattern, 12, "5\\0%", array), bound) << pattern;
  }
}

}  // namespace
}  // namespace fabrica::sbatch
