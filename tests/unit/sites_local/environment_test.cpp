#include "sites/local/environment.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "sites/local/records.h"

namespace fabrica::sites::local {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

std::vector<std::string> of(const TaskSpec& spec, std::vector<std::uint32_t> gpus = {}) {
  StartFacts start;
  start.started_at = Time{1'700'000'000'999};
  start.gpus = std::move(gpus);
  start.task_directory = "/spool/tasks/t1";
  start.program_directory = "/spool/bin";
  start.supervisor_pid = 42;
  return task_environment(spec, start);
}

TaskSpec small() {
  TaskSpec spec;
  spec.tag = "t1";
  spec.job.number = 12;
  spec.job.name = "train";
  spec.job.node_name = "node1";
  spec.job.submit_directory = "/home/ada";
  return spec;
}

TEST(Environment, OfASmallJobIsComplete) {
  std::vector<std::string> environment = of(small());
  std::sort(environment.begin(), environment.end());
  EXPECT_THAT(environment,
              ElementsAre("CUDA_VISIBLE_DEVICES=", "FABRICA_SUPERVISOR_PID=42", "FABRICA_TASK=t1",
                          "FABRICA_TASK_DIR=/spool/tasks/t1",
                          "PATH=/spool/bin:/usr/local/bin:/usr/bin:/bin", "SLURMD_NODENAME=node1",
                          "SLURM_CPUS_ON_NODE=1", "SLURM_JOBID=12", "SLURM_JOB_CPUS_PER_NODE=1",
                          "SLURM_JOB_ID=12", "SLURM_JOB_NAME=train", "SLURM_JOB_NODELIST=node1",
                          "SLURM_JOB_NUM_NODES=1", "SLURM_JOB_START_TIME=1700000000",
                          "SLURM_LOCALID=0", "SLURM_NNODES=1", "SLURM_NODEID=0",
                          "SLURM_NODELIST=node1", "SLURM_NPROCS=1", "SLURM_NTASKS=1",
                          "SLURM_PROCID=0", "SLURM_SUBMIT_DIR=/home/ada", "SLURM_TASKS_PER_NODE=1",
                          "SLURM_TMPDIR=/spool/tasks/t1/tmp", "TMPDIR=/spool/tasks/t1/tmp"));
}

TEST(Environment, StatesWhatTheJobAskedFor) {
  TaskSpec spec = small();
  spec.cores = 8;
  spec.memory_bytes = std::uint64_t{3} << 30U;
  spec.time_limit = minutes(2);
  spec.job.user = "ada";
  spec.job.account = "p1";
  spec.job.partition = "gpu";
  spec.job.cluster = "local";
  spec.job.tasks = 4;
  spec.job.tasks_per_node = 4;
  spec.job.cpus_per_task = 2;
  spec.job.gpus = 2;
  spec.job.gpus_per_node = 2;
  spec.job.gpus_per_task = 1;
  spec.job.restart_count = 1;
  spec.job.export_option = "NONE";
  spec.job.array =
      ArrayFacts{.job_number = 9, .task = 4, .count = 3, .first = 2, .last = 6, .step = 2};
  const std::vector<std::string> environment = of(spec, {1, 3});
  for (const std::string_view entry : {"SLURM_CPUS_ON_NODE=8",     "SLURM_JOB_CPUS_PER_NODE=8",
                                       "SLURM_MEM_PER_NODE=3072",  "SLURM_JOB_END_TIME=1700000120",
                                       "SLURM_JOB_USER=ada",       "SLURM_JOB_ACCOUNT=p1",
                                       "SLURM_JOB_PARTITION=gpu",  "SLURM_CLUSTER_NAME=local",
                                       "SLURM_NTASKS=4",           "SLURM_NPROCS=4",
                                       "SLURM_TASKS_PER_NODE=4",   "SLURM_NTASKS_PER_NODE=4",
                                       "SLURM_CPUS_PER_TASK=2",    "SLURM_GPUS=2",
                                       "SLURM_GPUS_PER_NODE=2",    "SLURM_GPUS_PER_TASK=1",
                                       "SLURM_GPUS_ON_NODE=2",     "SLURM_JOB_GPUS=1,3",
                                       "CUDA_VISIBLE_DEVICES=1,3", "CUDA_DEVICE_ORDER=PCI_BUS_ID",
                                       "SLURM_RESTART_COUNT=1",    "SLURM_EXPORT_ENV=NONE",
                                       "SLURM_ARRAY_JOB_ID=9",     "SLURM_ARRAY_TASK_ID=4",
                                       "SLURM_ARRAY_TASK_COUNT=3", "SLURM_ARRAY_TASK_MIN=2",
                                       "SLURM_ARRAY_TASK_MAX=6",   "SLURM_ARRAY_TASK_STEP=2"}) {
    EXPECT_THAT(environment, Contains(std::string(entry)));
  }
}

TEST(Environment, TheJobsOwnVariablesStayAndThoseOfAnotherJobGo) {
  TaskSpec spec = small();
  spec.environment = {"PATH=/opt/bin",
                      "EMPTY=",
                      "SLURM_ARRAY_TASK_ID=7",
                      "TMPDIR=/var/tmp",
                      "CUDA_VISIBLE_DEVICES=0,1,2,3",
                      "PATHS=x"};
  const std::vector<std::string> environment = of(spec);
  EXPECT_THAT(environment, Contains("PATH=/spool/bin:/opt/bin"));
  EXPECT_THAT(environment, Contains("EMPTY="));
  EXPECT_THAT(environment, Contains("PATHS=x"));
  EXPECT_THAT(environment, Contains("TMPDIR=/spool/tasks/t1/tmp"));
  EXPECT_THAT(environment, Contains("CUDA_VISIBLE_DEVICES="));
  EXPECT_THAT(environment, Not(Contains("SLURM_ARRAY_TASK_ID=7")));
  EXPECT_EQ(variable(environment, "TMPDIR"), "/spool/tasks/t1/tmp");
  EXPECT_EQ(variable(environment, "EMPTY"), "");
  EXPECT_EQ(variable(environment, "ABSENT"), std::nullopt);
}

}  // namespace
}  // namespace fabrica::sites::local
