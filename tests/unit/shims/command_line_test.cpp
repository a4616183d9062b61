#include "shims/command_line.h"

#include <gtest/gtest.h>

#include <array>

#include "shims/caller.h"

namespace fabrica::shims {
namespace {

constexpr auto table = std::to_array<OptionRow>({
    {"noheader", 'n'},
    {"user", 'u', Takes::value},
    {"jobs", 'j', Takes::value},
    {"parsable", 'p'},
    {"parsable2", 'P'},
    {"verbose", 'v', Takes::ignored},
    {"iterate", 'i', Takes::refused},
});

std::string found(const std::vector<std::string>& words) {
  const Outcome<Words> read = read_words("squeue", table, words);
  if (!read) return read.error().text;
  std::string text;
  for (const auto& [name, value] : read->options) text += std::string(name) + "=" + value + " ";
  for (const std::string& operand : read->operands) text += operand + " ";
  return text;
}

TEST(CommandLine, IsReadAsGetoptDoes) {
  const struct {
    std::vector<std::string> words;
    std::string found;
  } rows[] = {
      {{}, ""},
      {{"-n", "-j", "1,2"}, "noheader= jobs=1,2 "},
      {{"-j1"}, "jobs=1 "},
      {{"-nu", "ada", "-P"}, "noheader= user=ada parsable2= "},
      {{"-nuada"}, "noheader= user=ada "},
      {{"--jobs=1", "--jobs", "2"}, "jobs=1 jobs=2 "},
      {{"--job", "1,2", "--no"}, "jobs=1,2 noheader= "},  // abbreviated
      {{"--parsable"}, "parsable= "},                     // whole, though another begins so
      {{"7", "-n", "8"}, "noheader= 7 8 "},               // operands between options
      {{"--", "-n"}, "-n "},
      {{"-"}, "- "},
      {{"-v", "--user="}, "verbose= user= "},
      {{"--par"},
       "squeue: option '--par' is ambiguous\nTry \"squeue --help\" for more information"},
      {{"--foo=1"},
       "squeue: unrecognized option '--foo=1'\nTry \"squeue --help\" for more information"},
      {{"-nz"}, "squeue: invalid option -- 'z'\nTry \"squeue --help\" for more information"},
      {{"-u"},
       "squeue: option requires an argument -- 'u'\nTry \"squeue --help\" for more information"},
      {{"--user"},
       "squeue: option '--user' requires an argument\nTry \"squeue --help\" for more information"},
      {{"--noheader=1"},
       "squeue: option '--noheader' doesn't allow an argument\nTry \"squeue --help\" for more "
       "information"},
      {{"--iterate=5"}, "--iterate is not supported: squeue asks Fabrica, not one cluster."},
  };
  for (const auto& row : rows) EXPECT_EQ(found(row.words), row.found);
}

TEST(CommandLine, ListsAreSplitAtCommas) {
  const std::vector<std::string> given{"-j", "1,,2", "-j", "3", "-u", "ada", "-u", "bob"};
  const Outcome<Words> words = read_words("squeue", table, given);
  ASSERT_TRUE(words.has_value());
  EXPECT_EQ(words->list("jobs"), (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(words->value("user"), "bob");
  EXPECT_EQ(words->value("parsable"), std::nullopt);
  EXPECT_FALSE(words->has("parsable"));
}

TEST(JobWord, IsANumberOrATaskOfAnArray) {
  const struct {
    std::string_view text;
    std::uint64_t job;
    std::string task;
  } rows[] = {{"7", 7, ""},    {"7_3", 7, "3"},    {"7.batch", 7, ""}, {"7_3.0", 7, "3"},
              {"", 0, "none"}, {"abc", 0, "none"}, {"-7", 0, "none"},  {"7a", 0, "none"}};
  for (const auto& row : rows) {
    const auto word = job_word(row.text);
    ASSERT_EQ(word.has_value(), row.task != "none") << row.text;
    if (!word) continue;
    EXPECT_EQ(word->job, row.job) << row.text;
    EXPECT_EQ(word->task.value_or(""), row.task) << row.text;
  }
}

}  // namespace
}  // namespace fabrica::shims
