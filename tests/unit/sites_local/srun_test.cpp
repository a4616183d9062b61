#include <gmock/gmock.h>

#include <array>

#include "unit/sites_local/world.h"

namespace fabrica::sites::local {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct StepCase {
  std::string_view body;
  int exit_code;
  std::vector<std::string> lines;  ///< of the output, sorted
};

TEST(Srun, AsATable) {
  // A job of 4 tasks with 4 cores on one node.
  const std::vector<StepCase> cases{
      {"srun echo hello", 0, {"hello", "hello", "hello", "hello"}},
      {"srun -n 2 bash -c 'echo $SLURM_PROCID of $SLURM_NTASKS'", 0, {"0 of 2", "1 of 2"}},
      {"srun --ntasks=2 bash -c 'echo $SLURM_LOCALID $SLURM_NODEID $SLURM_STEP_NUM_TASKS "
       "$SLURM_JOB_ID $SLURM_GTIDS'",
       0,
       {"0 0 2 77 0,1", "1 0 2 77 0,1"}},
      {"srun -n1 bash -c 'echo $(($SLURM_TASK_PID == $$)) $SLURM_STEP_ID'; srun -n1 bash -c 'echo "
       "$SLURM_STEP_ID'",
       0,
       {"1", "1 0"}},
      {"srun -N1 --ntasks-per-node=3 true && echo done", 0, {"done"}},
      {"srun -n2 -c2 bash -c 'echo $SLURM_CPUS_PER_TASK'", 0, {"2", "2"}},
      {"srun -l -n 3 bash -c 'echo a; echo b >&2'",
       0,
       {"0: a", "0: b", "1: a", "1: b", "2: a", "2: b"}},
      {"srun -l -n 1 bash -c 'printf unended'", 0, {"0: unended"}},
      {"srun -n 3 bash -c 'exit $SLURM_PROCID' 2>/dev/null", 2, {}},
      {"srun -Q -n 2 bash -c 'exit 9'",
       9,
       {"srun: error: node1: task 0: Exited with exit code 9",
        "srun: error: node1: task 1: Exited with exit code 9"}},
      {"srun -n 1 bash -c 'kill -9 $$' 2>/dev/null", 137, {}},
      {"srun -n 1 bash -c 'kill -TERM $$'",
       143,
       {"srun: error: node1: task 0: Ended by signal 15"}},
      {"srun -n 1 nosuchprogram 2>/dev/null", 2, {}},
      {"srun -n 2 -o out.%j.%s.%t bash -c 'echo $SLURM_PROCID'; cat out.77.0.0 out.77.0.1",
       0,
       {"0", "1"}},
      {"srun -n 2 -o together bash -c 'echo o; echo e >&2'; cat together", 0, {"e", "e", "o", "o"}},
      {"srun -n 2 -o none -e err.%2t bash -c 'echo o; echo e >&2'; cat err.00 err.01",
       0,
       {"e", "e"}},
      {"srun -n 2 --output=1 bash -c 'echo $SLURM_PROCID'", 0, {"1"}},
      {"echo old > f; srun -n1 --open-mode=append -o f echo new; srun -n1 cat f",
       0,
       {"new", "old"}},
      {"printf 'x\\ny\\n' | srun -n 2 cat", 0, {"x", "x", "y", "y"}},
      {"printf 'x\\ny\\n' > in; srun -n 2 -i in cat; srun -n 2 cat < in",
       0,
       {"x", "x", "x", "x", "y", "y", "y", "y"}},
      {"head -c 300000 /dev/zero | srun -n 3 bash -c 'wc -c'", 0, {"300000", "300000", "300000"}},
      {"yes | srun -n 2 head -n 1", 0, {"y", "y"}},
      {"echo x | srun -n 2 -i 1 bash -c 'echo $SLURM_PROCID $(cat)'", 0, {"0", "1 x"}},
      {"srun -n 1 -D / pwd", 0, {"/"}},
      {"A=1 B=2 srun -n1 --export=A,C=3 bash -c 'echo $A/$B/$C/$SLURM_PROCID'", 0, {"1//3/0"}},
      {"A=1 srun -n1 --export=ALL,C=3 bash -c 'echo $A/$C'", 0, {"1/3"}},
      {"A=1 srun -n1 --export=NONE /bin/bash -c 'echo x$A'", 0, {"x"}},
      {"srun --cpu-bind=none --mpi=pmix -n 1 echo ran 2>notes; grep -c 'srun: note' notes",
       0,
       {"2", "ran"}},
      {"srun -n 5 echo hello",
       1,
       {"srun: error: 5 tasks of 1 cores need more than the 4 cores of this job. Ask for more in "
        "the "
        "script's #SBATCH lines, or add --overcommit."}},
      {"srun -O -n 5 echo over", 0, {"over", "over", "over", "over", "over"}},
      {"srun --pty bash",
       1,
       {"srun: error: --pty cannot be honoured here. A job here has no terminal."}},
      {"srun -K -n 2 bash -c '[ $SLURM_PROCID = 0 ] && exit 3; sleep 600' 2>/dev/null", 143, {}},
      {"srun -n 1 bash -c 'sleep 600 & echo started'", 0, {"started"}},
      {"srun -t 0:01 -n 1 sleep 600 2>/dev/null", 143, {}},
      {"srun -W 1 -n 2 bash -c '[ $SLURM_PROCID = 0 ] || sleep 600' 2>/dev/null", 143, {}},
      {"unset SLURM_JOB_ID; srun true 2>&1 | cut -c 1-34",
       0,
       {"srun: error: srun starts the tasks"}},
      {"scontrol show hostnames", 0, {"node1"}},
      {"scontrol show hostnames 'n[08-10],x'", 0, {"n08", "n09", "n10", "x"}},
      {"scontrol show hostname $SLURM_JOB_NODELIST | head -n 1", 0, {"node1"}},
      {"scontrol show job 77 2>/dev/null", 1, {}},
  };
  World world;
  world.options().cores = 16;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    TaskSpec spec = world.spec(fmt::format("case{}", i));
    spec.working_directory = (world.work() / spec.tag).string();
    fs::create_directories(spec.working_directory);
    spec.cores = 4;
    spec.job.number = 77;
    spec.job.tasks = 4;
    spec.output_path = world.work(spec.tag + ".out").string();
    world.submit(spec, cases[i].body);
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const std::string tag = fmt::format("case{}", i);
    const Ended ended = world.end_of(tag);
    EXPECT_EQ(ended.exit_code, cases[i].exit_code) << cases[i].body << "\n" << world.output(tag);
    EXPECT_EQ(sorted_lines_of(world.work(tag + ".out")), cases[i].lines) << cases[i].body;
  }
}

TEST(Srun, GpusAreSharedOutToTasks) {
  World world;
  world.options().gpus = {0, 1, 2, 3};
  TaskSpec spec = world.spec("gpus");
  spec.cores = 4;
  spec.gpus = 4;
  spec.job.tasks = 4;
  const std::string show = "bash -c 'echo $SLURM_PROCID:$CUDA_VISIBLE_DEVICES'";
  const Ended ended = world.run(spec, fmt::format(R"(
    srun -n 2 {0} | sort
    srun -n 2 --gpus-per-task=2 {0} | sort
    srun -n 4 --gpu-bind=single:1 {0} | sort
    srun -n 1 --gres=gpu:h100:1 {0}
    srun -n 1 --gpus=0 {0}
    srun -n 3 --gpus-per-task=2 {0})",
                                                  show));
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(lines_of(world.work("gpus.out")),
              ElementsAre("0:0,1,2,3", "1:0,1,2,3", "0:0,1", "1:2,3", "0:0", "1:1", "2:2", "3:3",
                          "0:0", "0:", HasSubstr("asks for 6 GPUs, the job has 4")));
}

TEST(Srun, ExactStepsWaitForTheirCores) {
  World world;
  TaskSpec spec = world.spec("farm");
  spec.cores = 2;
  // Each step says how many were in it at once; more than two must never be. It only lists names:
  // what it lists may go before it would look at it.
  const Ended ended = world.run(spec, R"(
    for i in 1 2 3 4 5 6; do
      srun --exact -n 1 bash -c 'mkdir in.'$i'; set -- in.*; echo $#; sleep 0.2; rmdir in.'$i &
    done
    wait)");
  EXPECT_EQ(ended.exit_code, 0) << world.output("farm");
  int steps = 0;
  for (const std::string& line : lines_of(world.work("farm.out"))) {
    if (line.starts_with("srun:")) continue;
    ++steps;
    EXPECT_THAT(line, ::testing::AnyOf("1", "2"));
  }
  EXPECT_EQ(steps, 6);
}

TEST(Srun, SignalsReachTheTasksOnce) {
  World world;
  TaskSpec spec = world.spec("signals");
  spec.cores = 2;
  // Says each signal as it comes, without a program of its own to wait for, and goes on for a while
  // after the first: a second one would be seen.
  std::ofstream(world.work("task.sh")) << R"sh(
    got=0
    trap 'got=1; echo got >> got.$SLURM_PROCID' TERM USR1
    exec 9<> <(:)
    echo > up.$SLURM_PROCID
    until [ $got = 1 ]; do read -t 0.2 -u 9; done
    for i in 1 2 3 4 5; do read -t 0.2 -u 9; done
    exit 5)sh";
  const std::string task = "bash task.sh";
  // From the script: srun passes it on.
  world.submit(spec, fmt::format(R"(
    srun -n 2 {} & pid=$!
    until [ -e up.0 ] && [ -e up.1 ]; do sleep 0.05; done
    kill -USR1 $pid; wait $pid; echo code $?)",
                                 task));
  EXPECT_EQ(world.end_of("signals").reason, EndReason::completed);
  EXPECT_THAT(world.output("signals"), HasSubstr("code 5"));
  for (const int rank : {0, 1}) EXPECT_EQ(slurp(world.work(fmt::format("got.{}", rank))), "got\n");

  // From the supervisor: the whole tree has it already.
  for (const std::string_view name : {"up.0", "up.1", "got.0", "got.1"})
    fs::remove(world.work(name));
  TaskSpec stopped = world.spec("stopped");
  stopped.cores = 2;
  world.submit(stopped, fmt::format("trap : TERM; srun -n 2 {}; echo code $?", task));
  world.poll_until([&] { return fs::exists(world.work("up.0")) && fs::exists(world.work("up.1")); },
                   "tasks");
  world.runner().cancel("stopped");
  EXPECT_EQ(world.end_of("stopped").reason, EndReason::cancelled);
  EXPECT_THAT(world.output("stopped"), HasSubstr("code 5"));
  for (const int rank : {0, 1}) EXPECT_EQ(slurp(world.work(fmt::format("got.{}", rank))), "got\n");
}

}  // namespace
}  // namespace fabrica::sites::local
