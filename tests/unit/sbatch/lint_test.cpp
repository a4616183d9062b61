#include "sbatch/lint.h"

#include <gtest/gtest.h>

#include "unit/sbatch/reading.h"

namespace fabrica::sbatch {
namespace {

struct Case {
  std::string_view script;  // lines from the second on
  std::string_view expected;
};

TEST(Lint, Values) {
  constexpr Case cases[] = {
      {"#SBATCH --account=$PROJECT", "warning 2:19 --account"},
      {"#SBATCH --job-name=${USER}-x", "warning 2:20 --job-name"},
      {"#SBATCH -o \"$HOME/x.out\"", "warning 2:12 --output"},
      {"#SBATCH -J $(date)", "warning 2:12 --job-name"},
      {"#SBATCH -J cost$", ""},
      {"#SBATCH -J 5$-a", ""},
      {"#SBATCH --time=5:00", "warning 2:16 --time"},
      {"#SBATCH -t 48:00", "warning 2:12 --time"},
      {"#SBATCH --time=0:30", ""},
      {"#SBATCH --time=5:00:00", ""},
      {"#SBATCH --time=1-0", ""},
      {"#SBATCH --time=30", ""},
      {"#SBATCH --output=logs/%x_%j.out", ""},
      {"#SBATCH -o %x-%j.out", ""},
      {"#SBATCH -o ./%j.out", ""},
      {"#SBATCH -o ~/x.out", "warning 2:12 --output"},
      {"#SBATCH --gres=nvme:100", "remark 2:9 --gres"},
      {"#SBATCH --gres=nvme:100 --gpus-per-node=1", ""},
      {"#SBATCH --gres=none", ""},
      {"#SBATCH -J <job>", "error 2:12"},
      {"#SBATCH -N2 \\", "warning 2:13"},
      {"#SBATCH --mem=64", "warning 2:15 --mem"},
      {"#SBATCH --mem 64", "warning 2:15 --mem"},
      {"#SBATCH --mem=1023", "warning 2:15 --mem"},
      {"#SBATCH --mem=1024", ""},
      {"#SBATCH --mem=64M", ""},
      {"#SBATCH --mem=0", ""},
      {"#SBATCH --mem-per-cpu=4", "warning 2:23 --mem-per-cpu"},
      {"#SBATCH --mem-per-cpu=500", ""},
      {"#SBATCH --mem-per-gpu=80 --gpus=1", "warning 2:23 --mem-per-gpu"},
  };
  for (const auto& [script, expected] : cases)
    EXPECT_EQ(complaints(read(script).diagnostics), expected) << script;
}

TEST(Lint, WhatOptionsMeanTogether) {
  constexpr Case cases[] = {
      {"#SBATCH -n4 --gpus-per-task=1", "warning 2:13 --gpus-per-task"},
      {"#SBATCH -N4 --gpus=4", "remark 2:13 --gpus"},
      {"#SBATCH -N1 -G4", ""},
      {"#SBATCH --array=1-3 -o out.txt", "warning 2:21 --output"},
      {"#SBATCH --array=1-3 -o %A.txt", "warning 2:21 --output"},
      {"#SBATCH --array=1-3 -o %A_%a.txt", ""},
      {"#SBATCH --array=1-3 -o %j.txt", ""},
      {"#SBATCH --array=1-3 -o none", ""},
      {"#SBATCH --array=1-3", ""},
      {"#SBATCH -o out.txt", ""},
  };
  for (const auto& [script, expected] : cases)
    EXPECT_EQ(complaints(read(script).diagnostics), expected) << script;
}

TEST(Lint, DirectoriesThatMustExist) {
  constexpr Case cases[] = {
      {"#SBATCH --output=logs/%x_%j.out", "remark 2:9 --output"},
      {"#SBATCH -o x.out -e /scratch/me/%j.err", "remark 2:18 --error"},
      {"#SBATCH -o %x/%j.out", ""},
      {"#SBATCH -o ./%j.out", ""},
      {"#SBATCH -o /dev/null", ""},
      {"#SBATCH -o ~/x.out", ""},
      {"#SBATCH -o a/1 -o 2", ""},
  };
  for (const auto& [script, expected] : cases) {
    Findings findings;
    remark_on_directories(read(script).options, findings);
    EXPECT_EQ(complaints(findings.take()), expected) << script;
  }
}

// Each mistake that was found in scripts in use, by line, column and option.
TEST(Lint, MistakesOfRealScripts) {
  constexpr Case cases[] = {
      {"cd run\n#SBATCH --time=1:00:00", "warning 3:1"},
      {"##SBATCH --qos=long", "remark 2:1"},
      {"# SBATCH --mem=64G", "remark 2:1"},
      {"#SBACTH --mem=64G", "warning 2:1"},
      {"#SBATC --mem=64G", "warning 2:1"},
      {"#SBBATCH --mem=64G", "warning 2:1"},
      {"#SBATHC -N2", "warning 2:1"},
      {"#SWATCH", ""},
      {"#BATCH and --mem", ""},
      {"#SBATCH --account=$PROJECT_NUMBER", "warning 2:19 --account"},
      {"#SBATCH --job-name=$USER-x", "warning 2:20 --job-name"},
      {"#SBATCH --account=<project>", "error 2:19"},
      {"#SBATCH --nodes={{ nodes }}", "error 2:17"},
      {"#SBATCH --time=5:00", "warning 2:16 --time"},
      {"#SBATCH -n2 --gpus-per-task=1", "warning 2:13 --gpus-per-task"},
      {"#SBATCH -N1\n#SBATCH hetjob\n#SBATCH -N2", "error 3:9"},
      {"#SBATCH -N1\n#SBATCH packjob", "error 3:9"},
      {"#SBATCH -N1 : -N2", "error 2:13"},
      {"#SLURM --time=60", "warning 2:1"},
      {"#SBATCH --mem=64", "warning 2:15 --mem"},
      {"#SBATCH --gres gpu:8 # EDIT if it's not 8", ""},
      {"#SBATCH --job-name='unclosed", "error 2:20"},
      {"#SBATCH --bb=\"#BB_LUA x\"", "error 2:9 --bb"},
      {"#SBATCH --nodes = 2", "error 2:17 --nodes; error 2:19"},
  };
  for (const auto& [script, expected] : cases)
    EXPECT_EQ(complaints(read(script).diagnostics), expected) << script;
}

TEST(Lint, CommentsThatMayBeDirectives) {
  constexpr Case cases[] = {
      {"##SBATCH --time=5", "remark 2:1"},
      {"# SBATCH --time=5", "remark 2:1"},
      {"#sbatch --time=5", "remark 2:1"},
      {"#Sbatch -N2", "remark 2:1"},
      {"  #SBATCH -N2", "remark 2:3"},
      {"### SBATCH -N2", "remark 2:1"},
      {"# SBATCH options follow", ""},
      {"# Slurm options", ""},
      {"#", ""},
      {"#SLURM --time=5", "warning 2:1"},
      {"#$ -cwd", "warning 2:1"},
      {"#OAR -l nodes=2", "warning 2:1"},
      {"#SBATCH -N2\n\n# SBATCH -n4", "remark 4:1"},
      {"set -e\n##SBATCH --time=5", ""},
  };
  for (const auto& [script, expected] : cases)
    EXPECT_EQ(complaints(read(script).diagnostics), expected) << script;
}

TEST(Lint, DirectivesAfterTheFirstCommand) {
  constexpr Case cases[] = {
      {"set -e\n#SBATCH --time=5", "warning 3:1"},
      {"set -e\n#SBATCH -N2\nx\n#SBATCH -n2", "warning 3:1; warning 5:1"},
      {"export A=1 #SBATCH -N2", ""},
      {"set -e\n  #SBATCH -N2", ""},
      {"cat > job.sh <<EOF\n#SBATCH -N2\nEOF", ""},
      {"cat > job.sh <<'END' # x\n#SBATCH -N2\nEND\n#SBATCH -N3", "warning 5:1"},
      {"cat <<-EOF\n#SBATCH -N2\n\tEOF\n#SBATCH -N3", "warning 5:1"},
      {"cat <<< $x\n#SBATCH -N3", "warning 3:1"},
      {"echo $((1 << 4))\n#SBATCH -N3", "warning 3:1"},
  };
  for (const auto& [script, expected] : cases)
    EXPECT_EQ(complaints(read(script).diagnostics), expected) << script;
}

TEST(Lint, OtherSystemsDirectives) {
  constexpr Case cases[] = {
      {"#PBS -N foo", "error 2:1"},
      {"#BSUB -J foo\n#SBATCH -N2", "error 2:1"},
      {"hostname\n#PBS -l nodes=2", "error 3:1"},
      {"#SBATCH --ignore-pbs\n#PBS -N foo", "remark 3:1"},
  };
  for (const auto& [script, expected] : cases)
    EXPECT_EQ(complaints(read(script).diagnostics), expected) << script;
  EXPECT_TRUE(read("#PBS -N foo", {"--ignore-pbs"}).ok());
}

TEST(Lint, Placeholders) {
  constexpr Case cases[] = {{"{{ nodes }}", "{{ nodes }}"},
                            {"a{{x}}b", "{{x}}"},
                            {"{% if x %}", "{% if x %}"},
                            {"{{ open", "{{ open"},
                            {"<project>", "<project>"},
                            {"-A <your account>", "<your account>"},
                            {"{a}", ""},
                            {"a < b > c", ""},
                            {"a<b", ""},
                            {"<a@b.eu>", ""},
                            {"<>", ""},
                            {"", ""}};
  for (const auto& [text, expected] : cases) EXPECT_EQ(find_placeholder(text), expected) << text;
}

TEST(Lint, TextsOfDiagnostics) {
  EXPECT_EQ(to_string(read_directive("--time=5:00").diagnostics.at(0)),
            "line 2, column 16: warning: --time: \"5:00\" is 5 minutes and 00 seconds, not hours. "
            "If hours are meant, "
            "write 5:00:00.");
  EXPECT_EQ(to_string(read("#PBS -N x").diagnostics.at(0)),
            "line 2, column 1: error: #PBS and #BSUB lines are not read here, though sbatch would "
            "obey them. Write "
            "them as #SBATCH lines, or give --ignore-pbs.");
}

}  // namespace
}  // namespace fabrica::sbatch
