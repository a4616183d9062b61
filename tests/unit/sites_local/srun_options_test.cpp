#include "sites/local/srun_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include <sstream>

namespace fabrica::sites::local {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A job of 8 cores, 2 tasks of 4 cores, and 4 GPUs.
Allocation job() {
  Allocation allocation;
  allocation.job_number = 77;
  allocation.node_name = "node1";
  allocation.cores = 8;
  allocation.tasks = 2;
  allocation.cpus_per_task = 4;
  allocation.gpus = {"0", "1", "2", "3"};
  return allocation;
}

Result<StepRequest> parse(std::string_view line, const Allocation& allocation = job()) {
  std::vector<std::string> words;
  std::istringstream in{std::string(line)};
  for (std::string word; in >> word;) words.push_back(word);
  return parse_srun(words, allocation);
}

std::string optional_text(const auto& value) { return value ? fmt::to_string(*value) : "-"; }

std::string print(const StepRequest& request) {
  std::string flags;
  if (request.exclusive) flags += " exclusive";
  if (request.label) flags += " label";
  if (request.quiet) flags += " quiet";
  if (request.append) flags += " append";
  if (request.kill_on_bad_exit) flags += " kill";
  if (request.wait) flags += fmt::format(" wait={}", request.wait->ms);
  if (request.time_limit) flags += fmt::format(" limit={}", request.time_limit->ms);
  return fmt::format("{}x{} gpus={}/{}{} : {}", request.tasks, request.cpus_per_task,
                     optional_text(request.gpus), optional_text(request.gpus_per_task), flags,
                     fmt::join(request.command, " "));
}

TEST(SrunOptions, AcceptedAsATable) {
  struct Case {
    std::string_view line;
    std::string_view step;
  };
  constexpr std::array cases{
      Case{"hostname", "2x4 gpus=-/- : hostname"},
      Case{"-n 1 hostname -n 5", "1x4 gpus=-/- : hostname -n 5"},
      Case{"-n8 hostname", "8x1 gpus=-/- : hostname"},
      Case{"-n=2 hostname", "2x4 gpus=-/- : hostname"},
      Case{"--ntasks 2 -c 2 x", "2x2 gpus=-/- : x"},
      Case{"--ntasks=1 --cpus-per-task=8 x", "1x8 gpus=-/- : x"},
      Case{"--ntasks-per-node=4 x", "4x1 gpus=-/- : x"},
      Case{"--tasks-per-node 4 x", "4x1 gpus=-/- : x"},
      Case{"--tasks-per=3 x", "3x1 gpus=-/- : x"},
      Case{"-N 1 -N 1-4 --nodes=1-1 x", "2x4 gpus=-/- : x"},
      Case{"-n 9 -O x", "9x1 gpus=-/- : x"},
      Case{"-n 9 --overcommit --exact x", "9x1 gpus=-/- : x"},
      Case{"--exact -n1 x", "1x4 gpus=-/- exclusive : x"},
      Case{"--exclusive -n1 x", "1x4 gpus=-/- exclusive : x"},
      Case{"--exclusive=user -n1 x", "1x4 gpus=-/- exclusive : x"},
      Case{"--overlap x", "2x4 gpus=-/- : x"},
      Case{"-lu x", "2x4 gpus=-/- label : x"},
      Case{"-luQn1 x", "1x4 gpus=-/- label quiet : x"},
      Case{"-K x", "2x4 gpus=-/- kill : x"},
      Case{"-K1 x", "2x4 gpus=-/- kill : x"},
      Case{"--kill-on-bad-exit=0 x", "2x4 gpus=-/- : x"},
      Case{"--kill-on-bad-exit x", "2x4 gpus=-/- kill : x"},
      Case{"-W 0 x", "2x4 gpus=-/- : x"},
      Case{"--wait=60 x", "2x4 gpus=-/- wait=60000 : x"},
      Case{"-t 5 x", "2x4 gpus=-/- limit=300000 : x"},
      Case{"-t 5:30 x", "2x4 gpus=-/- limit=330000 : x"},
      Case{"--time=1:00:01 x", "2x4 gpus=-/- limit=3601000 : x"},
      Case{"--time=1-2 x", "2x4 gpus=-/- limit=93600000 : x"},
      Case{"--time=1-2:3:4 x", "2x4 gpus=-/- limit=93784000 : x"},
      Case{"--open-mode=append x", "2x4 gpus=-/- append : x"},
      Case{"-G 2 x", "2x4 gpus=2/- : x"},
      Case{"--gpus=h100:2 x", "2x4 gpus=2/- : x"},
      Case{"--gres=gpu:h100:3 x", "2x4 gpus=3/- : x"},
      Case{"--gres=gpu x", "2x4 gpus=1/- : x"},
      Case{"--gres=none x", "2x4 gpus=0/- : x"},
      Case{"--gpus-per-task=2 x", "2x4 gpus=-/2 : x"},
      Case{"--gpu-bind=single:1 x", "2x4 gpus=-/1 : x"},
      Case{"--gpu-bind=per_task:2 x", "2x4 gpus=-/2 : x"},
      Case{"-w node1 --jobid=77 x", "2x4 gpus=-/- : x"},
      Case{"-- -x", "2x4 gpus=-/- : -x"},
      Case{"-n1 -", "1x4 gpus=-/- : -"},
  };
  for (const Case& one : cases) {
    const auto request = parse(one.line);
    ASSERT_TRUE(request) << one.line << ": " << request.error().text;
    EXPECT_EQ(print(*request), one.step) << one.line;
    EXPECT_THAT(request->notes, IsEmpty()) << one.line;
  }
}

TEST(SrunOptions, RefusedAsATable) {
  struct Case {
    std::string_view line;
    std::string_view text;
  };
  constexpr std::array cases{
      Case{"", "Name the command"},
      Case{"-n 2", "Name the command"},
      Case{"-n", "-n needs a value"},
      Case{"--ntasks", "--ntasks needs a value"},
      Case{"--label=1 x", "takes no value"},
      Case{"-n 0 x", "--ntasks: Give a number of at least 1"},
      Case{"-n two x", "--ntasks: 'two' is no whole number"},
      Case{"-n -1 x", "is no whole number"},
      Case{"-n 9 x", "9 tasks of 1 cores need more than the 8 cores"},
      Case{"-n 2 -c 5 x", "2 tasks of 5 cores need more"},
      Case{"-n 4294967295 -c 4294967295 x", "need more"},
      Case{"-n 4 --ntasks-per-node=2 x", "4 tasks do not fit 2"},
      Case{"-N 2 x", "one node"},
      Case{"-N 2-4 x", "one node"},
      Case{"-w node2 x", "only node is node1"},
      Case{"--jobid=78 x", "not in another one"},
      Case{"--gpus=5 x", "asks for 5 GPUs, the job has 4"},
      Case{"--gpus-per-task=3 x", "asks for 6 GPUs"},
      Case{"--gres=nvme:100 x", "Only GPUs"},
      Case{"--gpu-bind=map_gpu:1,0 x", "CUDA_VISIBLE_DEVICES"},
      Case{"--gpus-per x", "--gpus-per-node or --gpus-per-task"},
      Case{"--nosuch x", "--nosuch is not known"},
      Case{"-y x", "-y is not known"},
      Case{"--multi-prog conf", "cannot be honoured here"},
      Case{"--container-image=pytorch.sqsh x", "apptainer exec"},
      Case{"--pty bash", "no terminal"},
      Case{"--het-group=1 x", "one part"},
      Case{"-r 1 x", "one node"},
      Case{"-t soon x", "--time: 'soon' is no whole number"},
      Case{"-t 1:2:3:4:5 x", "is no time"},
      Case{"--open-mode=mix x", "append or"},
  };
  for (const Case& one : cases) {
    const auto request = parse(one.line);
    ASSERT_FALSE(request) << one.line;
    EXPECT_THAT(request.error().text, HasSubstr(std::string(one.text))) << one.line;
  }
}

TEST(SrunOptions, WhatHasNoEffectIsSaid) {
  const auto request = parse("--cpu-bind=cores --mpi pmix -m block --hint=nomultithread --mem=0 x");
  ASSERT_TRUE(request);
  EXPECT_THAT(request->notes,
              ElementsAre(HasSubstr("--cpu-bind has no effect here"),
                          HasSubstr("--mpi has no effect here: no process manager interface"),
                          HasSubstr("--mem has no effect here"),
                          "accepted without effect on one node: --distribution, --hint"));
}

TEST(SrunOptions, TheJobSaysWhatAStepHasByDefault) {
  Allocation allocation = job();
  allocation.gpus_per_task = 2;
  EXPECT_EQ(print(*parse("x", allocation)), "2x4 gpus=-/2 : x");
  EXPECT_EQ(print(*parse("--gpus=1 x", allocation)), "2x4 gpus=1/- : x");
  allocation.tasks_per_node = 4;
  EXPECT_EQ(print(*parse("--gpus=1 x", allocation)), "4x1 gpus=1/- : x");
  EXPECT_FALSE(parse("x", allocation)) << "4 tasks of 2 GPUs";
}

}  // namespace
}  // namespace fabrica::sites::local
