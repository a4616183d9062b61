#include <fmt/core.h>
#include <gtest/gtest.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "sbatch/parse.h"
#include "sbatch/pattern.h"
#include "system/slurm/judge.h"

/// What only a job that runs shows: the names of its files, and the nodes, GPUs and memory it gets.
namespace fabrica {
namespace {

constexpr std::chrono::seconds deadline{120};

struct Running {
  std::string directives;
  std::filesystem::path directory;  // it runs there
  sbatch::Parsed parsed;
  std::uint32_t job = 0;
};

Running submit(const test::SlurmBed& bed, const std::string& directives, std::size_t number) {
  Running one;
  one.directives = directives;
  one.directory = std::filesystem::path(bed.facts().directory) / "run" / std::to_string(number);
  std::filesystem::create_directories(one.directory);
  std::filesystem::permissions(one.directory, std::filesystem::perms::all);
  const std::string script = fmt::format("#!/bin/bash\n#SBATCH {}\ntrue\n", directives);
  one.parsed = sbatch::parse({script, {}, {}});
  EXPECT_TRUE(one.parsed.ok()) << directives;
  const test::Ran ran =
      bed.run_as("fabrica-a", "c1",
                 {"sbatch", "--parsable", "--time=5", "--chdir", one.directory.string()}, script);
  EXPECT_EQ(ran.code, 0) << directives << ": " << ran.output;
  std::from_chars(ran.output.data(), ran.output.data() + ran.output.size(), one.job);
  return one;
}

std::vector<Running> submit_all(const test::SlurmBed& bed, const std::vector<std::string>& all) {
  std::vector<Running> running;
  for (const std::string& directives : all) {
    running.push_back(submit(bed, directives, running.size()));
  }
  return running;
}

void wait_until_all_ended(const test::SlurmBed& bed) {
  const auto until = std::chrono::steady_clock::now() + deadline;
  for (;;) {
    const test::Ran queue = bed.run_as("root", "c1", {"squeue", "--noheader"});
    if (queue.code == 0 && queue.output.empty()) return;
    ASSERT_LT(std::chrono::steady_clock::now(), until) << queue.output;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

std::set<std::string> files_in(const std::filesystem::path& directory) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    names.insert(entry.path().filename());
  }
  return names;
}

std::set<std::string> files_expected(const Running& one) {
  const sbatch::Options& options = one.parsed.options;
  sbatch::PatternValues values;
  values.job = one.job;
  values.step = "batch";
  values.host = "c1n1";
  values.user = "fabrica-a";
  values.name = options.job_name.value_or("sbatch");
  const auto& array = options.timing.array;
  const std::string pattern =
      options.files.output.value_or(std::string(sbatch::default_output(array.has_value())));
  if (!array) return {sbatch::expand_pattern(pattern, values)};
  std::set<std::string> names;
  for (const std::uint32_t task : tasks_of(*array)) {
    values.array_job = one.job;
    values.array_task = task;
    names.insert(sbatch::expand_pattern(pattern, values));
  }
  return names;
}

TEST(RunningJobs, WriteIntoTheFilesThatTheirPatternsName) {
  test::SlurmBed bed({.accounting = "none"});
  const std::vector<Running> running = submit_all(bed, {"-J a",
                                                        "--array=3,12",
                                                        "-o x",
                                                        "-o %j.out",
                                                        "-o %5j.out",
                                                        "-o %10j.out",
                                                        "-o %11j.out",
                                                        "-o %0j.out",
                                                        "-o %12345j.out",
                                                        "-o %%.out",
                                                        "-o %%j.out",
                                                        "-o %j%%%j.out",
                                                        "-o %N.out",
                                                        "-o %n_%t.out",
                                                        "-o %3n.out",
                                                        "-o %s.out",
                                                        "-o %u-%x.out -J name",
                                                        "-o \"%x.out\" -J \"a b\"",
                                                        "-o %Z.out",
                                                        "-o x%",
                                                        "-o %",
                                                        "-o \"a\\\\%j\"",
                                                        "-o %A.out",
                                                        "-o %A_%a.out --array=1-2",
                                                        "-o %3a.out --array=1,12",
                                                        "-o %b.out --array=7,19",
                                                        "-o x_%a",
                                                        "-o %5x.out",
                                                        "-o %-5j",
                                                        "-o %j.%j"});
  wait_until_all_ended(bed);
  for (const Running& one : running) {
    EXPECT_EQ(files_in(one.directory), files_expected(one)) << one.directives;
  }
}

}  // namespace
}  // namespace fabrica
