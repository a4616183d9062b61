#include "cli/submission.h"

#include <gtest/gtest.h>

namespace fabrica::cli {
namespace {

using Words = std::vector<std::string>;

TEST(SplitSubmission, TellsOurWordsFromSbatchsAndTheScripts) {
  const struct {
    Words words;
    Words options;
    std::optional<std::string> script;
    Words arguments;
    bool follow;
    std::string project;
  } rows[] = {
      {{"train.sh"}, {}, "train.sh", {}, false, ""},
      {{"train.sh", "--follow"}, {}, "train.sh", {}, true, ""},
      {{"--follow", "--project", "3", "train.sh"}, {}, "train.sh", {}, true, "3"},
      {{"train.sh", "--project=3", "--follow", "--epochs", "2"},
       {},
       "train.sh",
       {"--epochs", "2"},
       true,
       "3"},
      {{"train.sh", "--epochs", "2", "--follow"},
       {},
       "train.sh",
       {"--epochs", "2", "--follow"},
       false,
       ""},
      {{"train.sh", "--", "--follow"}, {}, "train.sh", {"--follow"}, false, ""},
      {{"-N", "2", "train.sh", "-N", "3"}, {"-N", "2"}, "train.sh", {"-N", "3"}, false, ""},
      {{"-N2", "train.sh"}, {"-N2"}, "train.sh", {}, false, ""},
      {{"-HN", "2", "train.sh"}, {"-HN", "2"}, "train.sh", {}, false, ""},
      {{"--nodes", "2", "train.sh"}, {"--nodes", "2"}, "train.sh", {}, false, ""},
      {{"--nodes=2", "train.sh"}, {"--nodes=2"}, "train.sh", {}, false, ""},
      {{"--exclusive", "train.sh"}, {"--exclusive"}, "train.sh", {}, false, ""},  // its value is
                                                                                  // optional
      {{"--hold", "train.sh"}, {"--hold"}, "train.sh", {}, false, ""},
      {{"--job-na", "x", "train.sh"},
       {"--job-na", "x"},
       "train.sh",
       {},
       false,
       ""},                                                                   // an abbreviation
      {{"--no-such", "train.sh"}, {"--no-such"}, "train.sh", {}, false, ""},  // the server says
                                                                              // what is wrong
      {{"--wrap", "echo hi", "--follow"}, {"--wrap", "echo hi"}, std::nullopt, {}, true, ""},
      {{"--time=1", "--", "-odd.sh", "a"}, {"--time=1"}, "-odd.sh", {"a"}, false, ""},
      {{}, {}, std::nullopt, {}, false, ""},
  };
  for (const auto& row : rows) {
    GlobalOptions global;
    const Outcome<SubmitWords> found = split_submission(row.words, global);
    ASSERT_TRUE(found) << testing::PrintToString(row.words);
    EXPECT_EQ(found->options, row.options) << testing::PrintToString(row.words);
    EXPECT_EQ(found->script, row.script) << testing::PrintToString(row.words);
    EXPECT_EQ(found->arguments, row.arguments) << testing::PrintToString(row.words);
    EXPECT_EQ(found->follow, row.follow) << testing::PrintToString(row.words);
    EXPECT_EQ(found->project, row.project) << testing::PrintToString(row.words);
  }
}

TEST(SplitSubmission, ADryRunMayBeAskedForBehindTheScript) {
  GlobalOptions global;
  EXPECT_TRUE(split_submission(Words{"train.sh", "--dry-run"}, global)->dry_run);
  EXPECT_TRUE(split_submission(Words{"--dry-run", "train.sh"}, global)->dry_run);
  const Outcome<SubmitWords> later = split_submission(Words{"train.sh", "a", "--dry-run"}, global);
  EXPECT_FALSE(later->dry_run) << "the script's own";
  EXPECT_TRUE(split_submission(Words{"--diff", "train.sh"}, global)->diff);
  EXPECT_EQ(split_submission(Words{"train.sh", "--diff"}, global)->arguments, Words{"--diff"});
}

TEST(SplitSbatch, KnowsOnlySbatchsWords) {
  const struct {
    Words words;
    Words options;
    std::optional<std::string> script;
    Words arguments;
  } rows[] = {
      {{"train.sh", "--project", "3"}, {}, "train.sh", {"--project", "3"}},
      {{"-W", "--parsable", "train.sh", "--wait"}, {"-W", "--parsable"}, "train.sh", {"--wait"}},
      {{"--server", "train.sh"}, {"--server"}, "train.sh", {}},
      {{"-A", "3", "--wrap", "true"}, {"-A", "3", "--wrap", "true"}, std::nullopt, {}},
      {{"train.sh", "--", "x"}, {}, "train.sh", {"--", "x"}},
  };
  for (const auto& row : rows) {
    const SubmitWords found = split_sbatch(row.words);
    EXPECT_EQ(found.options, row.options);
    EXPECT_EQ(found.script, row.script);
    EXPECT_EQ(found.arguments, row.arguments);
  }
}

TEST(SplitSubmission, SetsGlobalOptionsBeforeTheScriptOnly) {
  GlobalOptions global;
  const Words words{"--json", "--server=http://a:1", "train.sh", "--data", "/x"};
  const Outcome<SubmitWords> found = split_submission(words, global);
  ASSERT_TRUE(found);
  EXPECT_TRUE(global.json);
  EXPECT_EQ(global.server, "http://a:1");
  EXPECT_EQ(global.data, "");
  EXPECT_EQ(found->arguments, (Words{"--data", "/x"}));
}

TEST(SplitSubmission, RefusesWhatCannotBeMeant) {
  for (const Words& words :
       {Words{"train.sh", "--project"}, Words{"--server"}, Words{"--wrap", "x", "train.sh"}}) {
    GlobalOptions global;
    const Outcome<SubmitWords> found = split_submission(words, global);
    ASSERT_FALSE(found) << testing::PrintToString(words);
    EXPECT_EQ(found.error().exit_code, exit_code::usage);
  }
}

TEST(EnvironmentToSend, HoldsWhatTheJobNeedsAndNoSecret) {
  const std::vector<std::pair<std::string, std::string>> environment{
      {"AWS_SECRET", "hush"}, {"DATA_DIR", "/d"}, {"EPOCHS", "3"}, {"SBATCH_TIMELIMIT", "5"}};
  using Sent = std::map<std::string, std::string>;
  const struct {
    std::string_view script;
    Words options;
    Sent sent;
  } rows[] = {
      {"#!/bin/bash\n", {}, {{"SBATCH_TIMELIMIT", "5"}}},
      {"#!/bin/bash\n#SBATCH --export=DATA_DIR\n",
       {},
       {{"DATA_DIR", "/d"}, {"SBATCH_TIMELIMIT", "5"}}},
      {"#!/bin/bash\n#SBATCH --export=DATA_DIR\n",
       {"--export=EPOCHS"},
       {{"EPOCHS", "3"}, {"SBATCH_TIMELIMIT", "5"}}},
      {"#!/bin/bash\n", {"--export=EPOCHS=9,MISSING"}, {{"SBATCH_TIMELIMIT", "5"}}},
      {"#!/bin/bash\n", {"--export=ALL"}, {{"SBATCH_TIMELIMIT", "5"}}},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(environment_to_send(row.script, row.options, environment), row.sent) << row.script;
  }
}

}  // namespace
}  // namespace fabrica::cli
