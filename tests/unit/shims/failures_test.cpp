#include <gtest/gtest.h>

#include "shims/commands.h"

/// What the commands say when something went wrong: tools look for these words.
namespace fabrica::shims {
namespace {

Failure of_server(std::string code, std::string text) {
  Failure failure(cli::exit_code::refused, std::move(text));
  failure.code = std::move(code);
  return failure;
}

TEST(Failures, OfSbatchEndInSlurmsWords) {
  Failure unreachable(cli::exit_code::unreachable, "There is no server.");
  Failure partition = of_server("bad_script", "The script has mistakes.");
  partition.findings = {{"error", "command_line", 0, 1, "--partition",
                         "There is no partition \"x\".", "Name another."}};
  partition.source.options = {"-px"};
  const struct {
    Failure failure;
    std::string_view text;
  } rows[] = {
      {of_server("no_award", "The project has no award."),
       "sbatch: error: The project has no award.\n"
       "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit "
       "limit, user's size and/or time limits)\n"},
      {of_server("something", "It cannot be."),
       "sbatch: error: Batch job submission failed: It cannot be.\n"},
      {unreachable,
       "sbatch: error: There is no server.\n"
       "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect "
       "failure)\n"},
      {partition,
       "sbatch: error: command line: -px: error: --partition: There is no partition \"x\".\n"
       "sbatch: error:   hint: Name another.\n"
       "sbatch: error: Batch job submission failed: Invalid partition name specified\n"},
      {in_these_words("sbatch: error: Batch script is empty!").error(),
       "sbatch: error: Batch script is empty!\n"},
  };
  for (const auto& row : rows) EXPECT_EQ(submission_failure_text(row.failure), row.text);
}

TEST(Failures, OfTheOthersNameTheProgram) {
  Failure failure(cli::exit_code::unreachable, "There is no server.");
  failure.hint = "Start one.";
  EXPECT_EQ(failure_text_of("squeue", failure),
            "squeue: error: There is no server.\n"
            "squeue: error: Start one.\n"
            "squeue: error: Unable to contact slurm controller (connect failure)\n");
  EXPECT_EQ(failure_text_of("squeue", in_these_words("as it is").error()), "as it is\n");
}

}  // namespace
}  // namespace fabrica::shims
