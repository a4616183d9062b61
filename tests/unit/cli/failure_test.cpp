#include <gtest/gtest.h>

#include "cli/session.h"

namespace fabrica::cli {
namespace {

TEST(Failure, ExitCodesFollowTheStatus) {
  const struct {
    std::uint16_t status;
    int exit_code;
  } rows[] = {{400, exit_code::refused},      {401, exit_code::unauthorised},
              {403, exit_code::unauthorised}, {404, exit_code::refused},
              {409, exit_code::refused},      {422, exit_code::refused},
              {429, exit_code::refused},      {500, exit_code::unreachable},
              {503, exit_code::unreachable},  {302, exit_code::unreachable}};
  for (const auto& row : rows) {
    EXPECT_EQ(failure_of_answer(row.status, R"({"detail":"No."})").exit_code, row.exit_code)
        << row.status;
  }
}

TEST(Failure, RefusalsOfOursAreUsageButNoConnectionIsNot) {
  EXPECT_EQ(Failure(Refusal{refusal::invalid, "", "x"}).exit_code, exit_code::usage);
  EXPECT_EQ(Failure(Refusal{refusal::unavailable, "", "x"}).exit_code, exit_code::unreachable);
}

TEST(Failure, ProblemsSayWhatWhereAndWhatToDo) {
  const Failure failure = failure_of_answer(
      422,
      R"({"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"Give a number.",)"
      R"("code":"invalid","field":"/hours","hint":"Write 500.","request_id":"r1","later":{"unknown":1}})");
  EXPECT_EQ(failure_text(failure, false),
            "error: Give a number.\n"
            "  at: /hours\n"
            "  hint: Write 500.\n"
            "  (invalid, request r1)\n");
}

TEST(Failure, AnAnswerThatIsNoProblemIsShownInPart) {
  EXPECT_EQ(failure_text(failure_of_answer(502, "<html>\x1b[31m"), false),
            "error: The server answered with status 502: <html>?[31m\n"
            "  hint: Try again in a moment; if it stays, look into the server's log.\n");
}

TEST(Finding, PointsAtItsPlaceInTheScript) {
  const ScriptSource source{
      "train.sh", "#!/bin/bash\n#SBATCH --tine=1:00\npython train.py\n", {}, {}};
  const ScriptFinding finding{
      "error", "directive", 2, 9, "--tine", "There is no such option.", "Did you mean --time?"};
  EXPECT_EQ(finding_text(finding, source, false),
            "train.sh:2:9: error: --tine: There is no such option.\n"
            "  2 | #SBATCH --tine=1:00\n"
            "    |         ^\n"
            "  hint: Did you mean --time?\n");
}

TEST(Finding, CountsColumnsInBytesButShowsThemAsSeen) {
  const ScriptSource source{"a.sh", "#SBATCH -J ä -N x", {}, {}};
  const ScriptFinding finding{"warning", "directive", 1, 15, "", "Odd.", ""};
  EXPECT_EQ(finding_text(finding, source, false),
            "a.sh:1:15: warning: Odd.\n"
            "  1 | #SBATCH -J ä -N x\n"
            "    |              ^\n");
}

TEST(Finding, NamesTheOptionOrVariable) {
  const ScriptSource source{"a.sh", "#!/bin/bash\n", {"-N", "x"}, {"SBATCH_TIMELIMIT"}};
  EXPECT_EQ(
      finding_text({"error", "command_line", 0, 2, "--nodes", "No number.", ""}, source, false),
      "command line: x: error: --nodes: No number.\n");
  EXPECT_EQ(finding_text({"error", "environment", 0, 1, "--time", "No time.", ""}, source, false),
            "environment: SBATCH_TIMELIMIT: error: --time: No time.\n");
  // Numbers that do not fit must not read past the ends.
  EXPECT_EQ(finding_text({"error", "command_line", 0, 9, "", "What?", ""}, source, false),
            "command line: error: What?\n");
  EXPECT_EQ(finding_text({"error", "directive", 99, 99, "", "What?", ""}, source, false),
            "a.sh:99:99: error: What?\n");
}

TEST(Failure, CountsTheMistakesOfAScript) {
  Failure failure = failure_of_answer(
      422,
      R"({"detail":"x","code":"bad_script","errors":[)"
      R"({"severity":"error","origin":"directive","line":1,"column":1,"option":"--time","text":"A.","hint":""},)"
      R"({"severity":"warning","origin":"directive","line":1,"column":1,"option":"","text":"B.","hint":""}]})");
  failure.source = {"t.sh", "#SBATCH", {}, {}};
  EXPECT_EQ(failure_text(failure, false),
            "t.sh:1:1: error: --time: A.\n  1 | #SBATCH\n    | ^\n"
            "t.sh:1:1: warning: B.\n  1 | #SBATCH\n    | ^\n"
            "error: 1 mistake in what was to be submitted; nothing was.\n");
}

}  // namespace
}  // namespace fabrica::cli
