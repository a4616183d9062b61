#include <fmt/core.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sbatch/parse.h"
#include "system/slurm/judge.h"
#include "system/slurm/meaning.h"

/// What our parser makes of a script is what sbatch makes of it: each case of directives.tsv is
/// submitted to a real cluster, and the job that scontrol shows is compared with what we read. The
/// cases in which we differ on purpose say so, and must go on to differ.
namespace fabrica {
namespace {

constexpr std::uint32_t jobs_before = 3;

std::string complaints(const sbatch::Parsed& parsed) {
  std::string all;
  for (const sbatch::Diagnostic& one : parsed.diagnostics) {
    if (one.severity == sbatch::Severity::error) all += "\n  we: " + to_string(one);
  }
  return all;
}

std::string differences(const sbatch::Parsed& parsed, const test::Verdict& verdict) {
  const test::Meaning theirs = meaning_of(verdict);
  std::string all;
  for (const auto& [name, ours] : meaning_of(parsed, verdict)) {
    if (theirs.at(name) == ours) continue;
    all += fmt::format("\n  {}: we \"{}\", sbatch \"{}\"", name, ours, theirs.at(name));
  }
  return all;
}

struct Outcome {
  std::string kind;  // empty: the same
  std::string text;
};

Outcome compare(const sbatch::Parsed& parsed, const test::Verdict& verdict) {
  const bool taken = verdict.job != 0;
  if (taken && !parsed.ok()) return {"stricter", complaints(parsed)};
  if (!taken && parsed.ok()) return {"looser", "\n  sbatch: " + verdict.said};
  if (!taken) return {};
  std::string different = differences(parsed, verdict);
  return {different.empty() ? "" : "other", std::move(different)};
}

std::string described(const test::SbatchCase& one) {
  std::string text = fmt::format("directives.tsv:{}:\n{}", one.line, one.script);
  for (const std::string& argument : one.arguments) text += fmt::format("  argument {}", argument);
  for (const auto& [name, value] : one.environment) text += fmt::format("  {}={}", name, value);
  return text;
}

TEST(Directives, MeanWhatSbatchMakesOfThem) {
  const std::vector<test::SbatchCase> cases =
      test::read_sbatch_cases(test::slurm_folder() / "directives.tsv");
  test::SlurmBed bed({.nodes = 4, .cpus = 64, .gpus = 8});
  const std::vector<test::Verdict> verdicts = judge(bed, cases, jobs_before);
  int agreed = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const test::SbatchCase& one = cases[i];
    const sbatch::Parsed parsed = sbatch::parse({one.script, one.environment, one.arguments});
    const Outcome outcome = compare(parsed, verdicts[i]);
    const std::string expected = one.expected.substr(0, one.expected.find(':'));
    EXPECT_EQ(outcome.kind, expected) << described(one) << outcome.text;
    agreed += outcome.kind.empty() ? 1 : 0;
  }
  RecordProperty("cases", std::to_string(cases.size()));
  RecordProperty("agreed", agreed);
  EXPECT_GE(cases.size(), 300);
}

}  // namespace
}  // namespace fabrica
