#include "sbatch/tokens.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "unit/sbatch/reading.h"

namespace fabrica::sbatch {
namespace {

struct Case {
  std::string_view line;
  std::string_view expected;  // tokens in bars, or complaints
};

/// "|a b|c|" for tokens, or what is wrong.
std::string tokens_of(std::string_view script) {
  Findings findings;
  const Header header = read_header(script, findings);
  if (!findings.ok()) return complaints(findings.take());
  std::string all;
  for (const Token& token : header.tokens) all += fmt::format("|{}", token.text);
  return all;
}

std::string split(std::string_view line) {
  return tokens_of(fmt::format("#!/bin/sh\n#SBATCH{}\nhostname\n", line));
}

TEST(Tokens, BlanksQuotesAndEscapes) {
  constexpr Case cases[] = {
      {"", ""},
      {" ", ""},
      {" -J foo", "|-J|foo"},
      {"\t-J\tfoo", "|-J|foo"},
      {" -J\vfoo \f", "|-J|foo"},
      {"-J foo", "|-J|foo"},
      {"--mem=10", "|--mem=10"},
      {" -N2 -J a -c 4", "|-N2|-J|a|-c|4"},
      {" -J \"a b\" -N2", "|-J|a b|-N2"},
      {" -J 'a b' -N2", "|-J|a b|-N2"},
      {" -J a\"b c\"d", "|-J|ab cd"},
      {" --job-name=a\"b c\"", "|--job-name=ab c"},
      {" \"--job-name=a b\"", "|--job-name=a b"},
      {" --nod\"es=2\"", "|--nodes=2"},
      {" -J \"a'b\"", "|-J|a'b"},
      {" --comment='say \"hi\"'", "|--comment=say \"hi\""},
      {" --comment=\"\" -N2", "|--comment=|-N2"},
      {" -J \"a\\\"b\"", "|-J|a\"b"},
      {" -J 'a\\'b'", "|-J|a'b"},
      {" -J \"a\\b\"", "|-J|ab"},
      {" -J a\\\\b", "|-J|a\\b"},
      {" -J \\\"a", "|-J|\"a"},
      {" -J a\\ b", "|-J|a|b"},  // a backslash does not join words
      {" -J a\\", "|-J|a"},
      {" -J 'it'\\''s'", "|-J|it's"},
      {" -N\\2", "|-N2"},
      {" -J $USER `id` a;b a&b ~/x a*", "|-J|$USER|`id`|a;b|a&b|~/x|a*"},
  };
  for (const auto& [line, expected] : cases) EXPECT_EQ(split(line), expected) << line;
}

TEST(Tokens, Comments) {
  constexpr Case cases[] = {
      {" -N2 # two nodes", "|-N2"}, {" --comment=a # EDIT if it's not 8", "|--comment=a"},
      {" # it's nothing", ""},      {"#", ""},
      {" -J a#b", "|-J|a"},         {" -J \"a#b\" # c", "|-J|a#b"},
      {" -J 'a #b'", "|-J|a #b"},   {" -J a\\#b", "|-J|a#b"},
      {" -J a\\\"#b", "|-J|a\""},   {" -N2#\"", "|-N2"},
  };
  for (const auto& [line, expected] : cases) EXPECT_EQ(split(line), expected) << line;
}

TEST(Tokens, RefusalsSayWhere) {
  constexpr Case cases[] = {
      {" -J \"a", "error 2:12"},
      {" -J 'a b", "error 2:12"},
      {" --comment=it's", "error 2:21"},
      {" -N2 -J a\"b 'c", "error 2:17"},
      {" -N2 \"\" -J a", "error 2:13"},
      {" -J ''", "error 2:12"},
      {" -N2 \\ -J a", "error 2:13"},
      {" : -N2", "error 2:9"},
      {": --mem=10", "error 2:8"},
      {" -N1 : -N2", "error 2:13"},
      {" -N2 -J :", "error 2:16"},
      {" hetjob", "error 2:9"},
      {" packjob # old", "error 2:9"},
      {" -N1 hetjob", "error 2:13"},
      {" --account=<project>", "error 2:19"},
      {" --account=\"<your project>\"", "error 2:20"},
      {" --nodes={{ nodes }} -J a", "error 2:17"},
      {" {% if gpus %}", "error 2:9"},
      {" -J\xC2\xA0"
       "foo",
       "error 2:11"},
      {" \xE2\x80\x93\xE2\x80\x93nodes=2", "error 2:9"},
      {" --job\xE2\x80\x93name=a", "error 2:14"},
      {" -J \xE2\x80\x9C"
       "a b\xE2\x80\x9D",
       "error 2:12"},
      {" --nodes=2\xE2\x80\x8B", "error 2:18"},
  };
  for (const auto& [line, expected] : cases) EXPECT_EQ(split(line), expected) << line;
}

TEST(Tokens, WhatLooksLikeAMistakeAndIsNone) {
  constexpr Case cases[] = {
      {" -J \":\"", "|-J|:"},
      {" -J a:b", "|-J|a:b"},
      {" -J \"hetjob\"", "|-J|hetjob"},
      {" -J a<b", "|-J|a<b"},
      {" --comment=\"1 < 2 > 0\"", "|--comment=1 < 2 > 0"},
      {" --mail-user=\"Ann <ann@example.org>\"", "|--mail-user=Ann <ann@example.org>"},
      {" -N2 # <project> {{ x }}", "|-N2"},
      {" -J M\xC3\xBCller\xE2\x80\x93"
       "2",
       "|-J|M\xC3\xBCller\xE2\x80\x93"
       "2"},
      {" --comment=\"\xE2\x80\x9Cok\xE2\x80\x9D\"", "|--comment=\xE2\x80\x9Cok\xE2\x80\x9D"},
  };
  for (const auto& [line, expected] : cases) EXPECT_EQ(split(line), expected) << line;
}

TEST(Script, WhereDirectivesAre) {
  constexpr Case cases[] = {
      {"#!/bin/sh\n#SBATCH -J a\n", "|-J|a"},
      {"#!/bin/sh\n#SBATCH -J a", "|-J|a"},
      {"#! /bin/sh\n\n \t \n# hello\n#SBATCH -J a\nx\n", "|-J|a"},
      {"#!/bin/sh\n   # hello\n#SBATCH -J a\nx\n", "|-J|a"},
      {"#!/bin/sh\n #SBATCH -J a\n#SBATCH -N2\nx\n", "|-N2"},
      {"#!/bin/sh\n##SBATCH -J a\n# SBATCH -J b\n#sbatch -J c\n#SBATCH -N2\n", "|-N2"},
      {"#!/bin/sh\n#SBATCH -J\n#SBATCH a\nx\n", "|-J|a"},
      {"#!/bin/sh\nset -e\n#SBATCH -J a\n", ""},
      {"#!/bin/sh\n  set -e\n#SBATCH -J a\n", ""},
      {"#!/bin/sh\n#SBATCH -J a\nho\rst\n", "|-J|a"},
      {"#!/bin/sh\n#SBATCH -J a\\\n-N 2\nx\n", "|-J|a"},
      {"#!/bin/sh", ""},
  };
  for (const auto& [script, expected] : cases) EXPECT_EQ(tokens_of(script), expected) << script;
}

TEST(Script, RefusedBeforeAnyDirective) {
  constexpr Case cases[] = {
      {"", "error 1:1"},
      {"#SBATCH -J a\nhostname\n", "error 1:1"},
      {"\n#!/bin/sh\n", "error 1:1"},
      {"\xEF\xBB\xBF#!/bin/sh\nhostname\n", "error 1:1"},
      {"#!/bin/sh\r\nhostname\n", "error 1:10"},
      {"#!/bin/sh\n#SBATCH -J a\r\nhostname\n", "error 2:13"},
      {"#!/bin/sh\n#SBATCH -J a\nhostname\r\n", "error 3:9"},
  };
  for (const auto& [script, expected] : cases) EXPECT_EQ(tokens_of(script), expected) << script;
  EXPECT_EQ(tokens_of(std::string_view("#!/bin/sh\nhost\0name\n", 20)), "error 2:5");
}

TEST(Script, WindowsLineEndsDoNotHideTheOptions) {
  Findings findings;
  const Header header =
      read_header("#!/bin/sh\r\n#SBATCH -J a\r\n\r\n#SBATCH -N2\r\nhostname\r\n", findings);
  ASSERT_EQ(header.tokens.size(), 3U);
  EXPECT_EQ(header.tokens[1].text, "a");
  EXPECT_EQ(header.tokens[2].text, "-N2");
  EXPECT_FALSE(findings.ok());
}

TEST(Script, Limits) {
  const std::string line =
      fmt::format("#!/bin/sh\n#SBATCH -J {}\n", std::string(limits::sbatch_line_bytes_max, 'a'));
  EXPECT_EQ(tokens_of(line), "error 2:1");
  EXPECT_EQ(tokens_of("#!/bin/sh\n" + std::string(limits::script_bytes_max, '\n')), "error 1:1");
  EXPECT_EQ(tokens_of("#!/bin/sh\n" + std::string(limits::script_bytes_max - 10, '\n')), "");
}

TEST(Tokens, PlacesOfTokens) {
  Findings findings;
  const Header header =
      read_header("#!/bin/sh\n#SBATCH  -J \"a b\"\t--mem=1\n#SBATCH-N2\n", findings);
  ASSERT_EQ(header.tokens.size(), 4U);
  const std::pair<std::uint32_t, std::uint32_t> expected[] = {{2, 10}, {2, 13}, {2, 19}, {3, 8}};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(header.tokens[i].place.line, expected[i].first);
    EXPECT_EQ(header.tokens[i].place.column, expected[i].second);
  }
}

}  // namespace
}  // namespace fabrica::sbatch
