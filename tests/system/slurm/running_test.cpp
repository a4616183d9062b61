#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
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
  // The last line; warnings are before it.
  const std::string said = ran.output.substr(0, ran.output.find_last_not_of('\n') + 1);
  const char* last = said.data() + (said.rfind('\n') + 1);
  std::from_chars(last, said.data() + said.size(), one.job);
  EXPECT_NE(one.job, 0) << directives << ": " << ran.output;
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

// Up to the first point.
std::string host_name() {
  std::array<char, 256> name{};
  EXPECT_EQ(::gethostname(name.data(), name.size() - 1), 0);
  const std::string_view whole = name.data();
  return std::string(whole.substr(0, whole.find('.')));
}

std::set<std::string> files_expected(const Running& one) {
  const sbatch::Options& options = one.parsed.options;
  sbatch::PatternValues values;
  values.job = one.job;
  values.step = "batch";
  values.host = host_name();
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

// Not here, since this Slurm is alone with it: "%b" is no symbol for it yet, and "%5x" is "(null)".
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

                                                        "-o x_%a",

                                                        "-o %-5j",
                                                        "-o %j.%j"});
  wait_until_all_ended(bed);
  for (const Running& one : running) {
    EXPECT_EQ(files_in(one.directory), files_expected(one)) << one.directives;
  }
}

std::uint64_t number_in(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

struct Allocated {
  std::uint32_t nodes = 0;
  std::uint64_t cpus = 0;
  std::uint64_t gpus = 0;
  std::uint64_t memory_mib = 0;
};

Allocated allocated_to(const test::SlurmBed& bed, const Running& one) {
  const std::string shown =
      bed.run_as("root", "c1", {"scontrol", "show", "job", std::to_string(one.job)}).output;
  const auto value = [&](std::string_view name) {
    const std::size_t at = shown.find(name);
    return at == std::string::npos ? std::string_view{}
                                   : std::string_view(shown).substr(at + name.size());
  };
  Allocated got;
  got.nodes = static_cast<std::uint32_t>(number_in(value("NumNodes=")));
  got.cpus = number_in(value("NumCPUs="));
  got.gpus = number_in(value("gres/gpu="));
  const std::string_view memory = value(",mem=");
  got.memory_mib = number_in(memory);
  const std::size_t unit = memory.find_first_not_of("0123456789");
  if (unit != std::string_view::npos && memory[unit] == 'G') got.memory_mib *= 1024;
  return got;
}

void expect_as_read(const Allocated& got, const Running& one) {
  const sbatch::Shape& shape = one.parsed.shape;
  ASSERT_GE(got.nodes, shape.nodes_min) << one.directives;
  ASSERT_LE(got.nodes, shape.nodes_max) << one.directives;
  const sbatch::Shape fixed = on_nodes(shape, got.nodes);
  EXPECT_EQ(got.gpus, fixed.gpus) << one.directives;
  EXPECT_LE(got.cpus, std::uint64_t{cpus_per_node(fixed)} * got.nodes) << one.directives;
  if (!fixed.overcommit) {
    EXPECT_GE(got.cpus, std::uint64_t{fixed.tasks} * fixed.cpus_per_task) << one.directives;
  }
  if (const auto memory = memory_mib_per_node(fixed); memory) {
    EXPECT_LE(got.memory_mib, *memory * got.nodes) << one.directives;
  }
}

TEST(RunningJobs, GetWhatTheirShapeSays) {
  test::SlurmBed bed({.nodes = 4, .cpus = 64, .gpus = 8});  // GPUs are counted with accounting only
  const std::vector<Running> running =
      submit_all(bed, {"-N 2",
                       "-N 1-3 -n 2",
                       "-n 8",
                       "-n 8 --ntasks-per-node=4",
                       "-n 8 --ntasks-per-node=3",
                       "-n 100",
                       "-n 3 -c 30",
                       "-N 3 --ntasks-per-node=2 -c 4",
                       "-N 4 -n 2",
                       "--gpus=4",
                       "--gpus=12",
                       "--gpus=4 -N 2",
                       "--gpus=h100:3 -N 1-3",
                       "--gres=gpu:2 -N 2",
                       "--gpus-per-node=2 -N 2",
                       "--gpus-per-node=2 --gpus=4",
                       "--gpus-per-task=1 -n 4",
                       "--gpus-per-task=2 -n 4 -N 2",
                       "--gpus-per-task=1 -n 8 --gpus-per-node=4",
                       "--gpus-per-task=1 -N 2",
                       "--gpus-per-task=1 --gpus=4",
                       "--ntasks-per-gpu=2 --gpus=2",
                       "--ntasks-per-gpu=2 -n 4",
                       "--cpus-per-gpu=4 --gpus=2",
                       "--mincpus=8 -n 2",
                       "--mem=3G -N 2",
                       "--mem-per-cpu=3G -n 4",
                       "--mem-per-gpu=3G --gpus=3",
                       "--mem-per-gpu=3G --gpus-per-node=2 -N 2",
                       "--mem-per-gpu=0 --gpus=2",
                       "--overcommit -n 8",
                       "-O -n 8 -N 2",
                       "-c 4 --mem-per-cpu=100 --ntasks-per-node=3",
                       "-B 1:4:1",
                       "-N 2 -B 1:4:1",
                       "--gpus-per-socket=2 --sockets-per-node=1"});
  wait_until_all_ended(bed);
  for (const Running& one : running) expect_as_read(allocated_to(bed, one), one);
}

}  // namespace
}  // namespace fabrica
