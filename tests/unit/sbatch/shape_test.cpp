#include "sbatch/shape.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "unit/sbatch/reading.h"

namespace fabrica::sbatch {
namespace {

struct Case {
  std::string_view directive;
  std::string_view expected;
};

/// "2n 8t 4t/n 8c/t 8g 4g/n": nodes, tasks, tasks per node, CPUs per task, GPUs, GPUs per node.
/// What is zero or one where that is the default is left out; "+" marks what follows the nodes.
std::string shape_text(const Shape& shape) {
  std::string all = shape.nodes_min == shape.nodes_max
                        ? fmt::format("{}n", shape.nodes_min)
                        : fmt::format("{}-{}n", shape.nodes_min, shape.nodes_max);
  all += fmt::format(" {}t{}", shape.tasks, shape.tasks_follow_nodes ? "+" : "");
  if (shape.tasks_per_node != 0) all += fmt::format(" {}t/n", shape.tasks_per_node);
  if (shape.cpus_per_task != 1) all += fmt::format(" {}c/t", shape.cpus_per_task);
  if (shape.gpus != 0) all += fmt::format(" {}g{}", shape.gpus, shape.gpus_follow_nodes ? "+" : "");
  if (shape.gpus_per_node != 0) all += fmt::format(" {}g/n", shape.gpus_per_node);
  if (!shape.gpu_type.empty()) all += " " + shape.gpu_type;
  return all;
}

std::string shape(std::string_view directive) {
  const Parsed parsed = read_directive(directive);
  return parsed.ok() ? shape_text(parsed.shape) : complaints(parsed.diagnostics);
}

TEST(Shape, NodesAndTasks) {
  constexpr Case cases[] = {
      {"", "1n 1t+ 1t/n"},
      {"-n4", "1-4n 4t"},
      {"-N2", "2n 2t+ 1t/n"},
      {"-N2-4", "2-4n 2t+ 1t/n"},
      {"-N2 -n4", "2n 4t 2t/n"},
      {"-N2 -n3", "2n 3t 2t/n"},
      {"-N2-4 -n6", "2-4n 6t"},
      {"-N2-8 -n6", "2-6n 6t"},
      {"-N4 -n2", "2n 2t 1t/n"},
      {"--ntasks-per-node=4", "1n 4t+ 4t/n"},
      {"-N2 --ntasks-per-node=4", "2n 8t+ 4t/n"},
      {"-N2-3 --ntasks-per-node=4", "2-3n 8t+ 4t/n"},
      {"-N2 -n8 --ntasks-per-node=4", "2n 8t 4t/n"},
      {"-n8 --ntasks-per-node=4", "2n 8t 4t/n"},
      {"-n9 --ntasks-per-node=4", "3n 9t 4t/n"},
      {"-n4 --ntasks-per-node=8", "1n 4t 4t/n"},
      {"-N2 -n8 --ntasks-per-node=2", "2n 8t 4t/n"},
      {"-c4", "1n 1t+ 1t/n 4c/t"},
      {"-N2 --ntasks-per-node=4 -c8", "2n 8t+ 4t/n 8c/t"},
      {"-B 2:4", "1n 8t 8t/n"},
      {"-B 2:4:2 -N2", "2n 32t+ 16t/n"},
      {"-B *:4", "1n 4t 4t/n"},
      {"-B 2:4 -N2-4", "2-4n 2t+ 1t/n"},
      {"-B 2 -n3", "1-3n 3t"},
      {"--sockets-per-node=2", "1n 1t+ 1t/n"},
      {"-w n[1-4]", "4n 4t+ 1t/n"},
      {"-w n1 -N2", "2n 2t+ 1t/n"},
      {"-w n[1-3] -N2-4", "3-4n 3t+ 1t/n"},
      {"-w n[1-4] -n2", "2n 2t 1t/n"},
      {"--sockets-per-node=2 --cores-per-socket=4 -N2", "2n 16t+ 8t/n"},
      {"--threads-per-core=2 --ntasks-per-node=3 -N2", "2n 6t+ 3t/n"},
  };
  for (const auto& [directive, expected] : cases)
    EXPECT_EQ(shape(directive), expected) << directive;
}

TEST(Shape, Gpus) {
  constexpr Case cases[] = {
      {"--gres=gpu:2", "1n 1t+ 1t/n 2g+ 2g/n"},
      {"-N2 --gres=gpu:a100:4", "2n 2t+ 1t/n 8g+ 4g/n a100"},
      {"-N2 --gpus-per-node=h100:4", "2n 2t+ 1t/n 8g+ 4g/n h100"},
      {"-N2-4 --gpus-per-node=4", "2-4n 2t+ 1t/n 8g+ 4g/n"},
      {"--gres=gpu:a100_1g.5gb:1", "1n 1t+ 1t/n 1g+ 1g/n a100_1g.5gb"},
      {"--gres=gpu:2,nvme:100", "1n 1t+ 1t/n 2g+ 2g/n"},
      {"--gres=nvme:100", "1n 1t+ 1t/n"},
      {"--gres=gpu:0", "1n 1t+ 1t/n"},
      {"--gpus=0", "1n 1t+ 1t/n"},
      {"--gpus=a100:0", "1n 1t+ 1t/n"},
      {"--gpus=4", "1-4n 1t+ 1t/n 4g"},
      {"--gpus=1", "1n 1t+ 1t/n 1g 1g/n"},
      {"-N2 --gpus=4", "2n 2t+ 1t/n 4g 2g/n"},
      {"-N4 --gpus=6", "4n 4t+ 1t/n 6g 2g/n"},
      {"-N2-8 --gpus=4", "2-4n 2t+ 1t/n 4g"},
      {"-n2 --gpus=4", "1-2n 2t 4g"},
      {"--gpus=8 --gpus-per-node=4", "2n 2t+ 1t/n 8g 4g/n"},
      {"--gpus=8 --gres=gpu:4 -N2-4", "2n 2t+ 1t/n 8g 4g/n"},
      {"--gpus=8 --gpus-per-node=4 -N2", "2n 2t+ 1t/n 8g 4g/n"},
      {"-n4 --gpus-per-task=1", "1-4n 4t 4g"},
      {"-n4 -N2 --gpus-per-task=1", "2n 4t 2t/n 4g 2g/n"},
      {"-N2 --ntasks-per-node=4 --gpus-per-task=1", "2n 8t+ 4t/n 8g+ 4g/n"},
      {"--ntasks-per-node=2 --gpus-per-task=a100:1", "1n 2t+ 2t/n 2g+ 2g/n a100"},
      {"-N2 --gpus-per-task=1", "2n 2t+ 1t/n 2g+ 1g/n"},
      {"--gpus-per-task=2 --gpus=8", "1-8n 4t 8g"},
      {"--gpus-per-task=2 --gpus=8 -N2 -n4", "2n 4t 2t/n 8g 4g/n"},
      {"--gpus-per-task=2 --gpus=8 -N2-4", "2-4n 4t 8g"},
      {"--gpus-per-node=2 --gpus-per-task=1 -n4", "2n 4t 2t/n 4g+ 2g/n"},
      {"-N2 -n5 --gpus-per-task=2", "2n 5t 3t/n 10g 6g/n"},
      {"--gpus-per-socket=1 --sockets-per-node=2", "1n 1t+ 1t/n 2g+ 2g/n"},
      {"--gpus-per-socket=2 -B 2", "1n 2t 2t/n 4g+ 4g/n"},
      {"--ntasks-per-gpu=2 --gpus=4", "1-4n 8t 4g"},
      {"--ntasks-per-gpu=2 --gres=gpu:2 -N2", "2n 8t+ 4t/n 4g+ 2g/n"},
      {"--ntasks-per-gpu=2 -n8", "1-8n 8t 4g"},
      {"--ntasks-per-gpu=2 -N2", "2n 4t+ 2t/n 2g+ 1g/n"},
      {"--ntasks-per-gpu=2 --gpus=4 -n6", "1-4n 8t 4g"},
      {"--gres=gpu:a100:2 --gpus=a100:4", "2n 2t+ 1t/n 4g 2g/n a100"},
      {"--gres=gpu:2 --gpus-per-node=2", "1n 1t+ 1t/n 2g+ 2g/n"},
      {"--nodes=4 --ntasks-per-node=1 --gpus-per-node=4 --cpus-per-task=32",
       "4n 4t+ 1t/n 32c/t 16g+ 4g/n"},
      {"--nodes=2 --gpus=8 --ntasks=8 --gpus-per-task=1", "2n 8t 4t/n 8g 4g/n"},
  };
  for (const auto& [directive, expected] : cases)
    EXPECT_EQ(shape(directive), expected) << directive;
}

TEST(Shape, Contradictions) {
  constexpr Case cases[] = {
      {"--gpus=5 --gpus-per-node=2", "error 2:9 --gpus"},
      {"-N3 --gpus=4 --gpus-per-node=2", "error 2:13 --gpus"},
      {"-N3 --gres=gpu:2 --gpus=4", "error 2:26 --gpus"},
      {"--gpus=2 -N4", "error 2:9 --gpus"},
      {"--gpus-per-task=1", "error 2:9 --gpus-per-task"},
      {"--gpus=8 --gpus-per-task=3", "error 2:9 --gpus; error 2:9 --gpus"},
      {"--gpus=4 --gpus-per-task=2 -n4", "error 2:9 --gpus"},
      {"--gpus=8 --gpus-per-task=2 -N2", "error 2:9 --gpus"},
      {"--gpus-per-node=3 --gpus-per-task=2 -n4", "error 2:9 --gpus-per-node"},
      {"--gpus-per-node=4 --gpus-per-task=2 --ntasks-per-node=1 -N2", "error 2:9 --gpus-per-node"},
      {"--gres=gpu:2 --gpus-per-node=3", "error 2:22 --gpus-per-node"},
      {"--gres=gpu:a100:2 --gpus-per-node=2", "error 2:9 --gres"},
      {"--gres=gpu:a100:1,gpu:v100:1", "error 2:9 --gres"},
      {"--gpus=a100:1,v100:1", "error 2:9 --gpus"},
      {"--gpus-per-socket=1", "error 2:9 --gpus-per-socket"},
      {"--gpus-per-socket=2 --sockets-per-node=2 --gpus-per-node=2", "error 2:9 --gpus-per-socket"},
      {"--ntasks-per-gpu=2", "error 2:9 --ntasks-per-gpu"},
      {"--ntasks-per-gpu=2 -n7", "error 2:9 --ntasks-per-gpu"},
      {"--ntasks-per-gpu=2 --gpus-per-task=1 -n3", "error 2:28 --gpus-per-task"},
      {"--ntasks-per-gpu=2 --ntasks-per-node=2 --gpus=2", "error 2:28 --ntasks-per-node"},
      {"--cpus-per-gpu=2 -c3 --gpus=1", "error 2:26 --cpus-per-task"},
      {"--mem=1G --mem-per-gpu=2G --gpus=1", "error 2:18 --mem-per-gpu"},
      {"--mem-per-gpu=2G", "error 2:9 --mem-per-gpu"},
      {"--mem-per-gpu=1G --gres=nvme:1", "error 2:9 --mem-per-gpu; remark 2:26 --gres"},
      {"-w n[1-4] -N2", "error 2:9 --nodelist"},
      {"--core-spec=1 --thread-spec=1", "error 2:23 --thread-spec"},
      {"--time-min=20 --time=10", "error 2:9 --time-min"},
      {"--gpus-per-node=1025", "error 2:9 --gpus-per-node"},
      {"-c 20000", "error 2:9 --cpus-per-task"},
      {"-N100000 --ntasks-per-node=1000", "error 2:18 --ntasks-per-node"},
  };
  for (const auto& [directive, expected] : cases) {
    const Parsed parsed = read_directive(directive);
    EXPECT_FALSE(parsed.ok()) << directive;
    EXPECT_EQ(complaints(parsed.diagnostics), expected) << directive;
  }
}

TEST(Shape, WarningsWhereSlurmGoesOn) {
  constexpr Case cases[] = {
      {"-N4 -n2", "warning 2:9 --nodes"},
      {"-N2 -n8 --ntasks-per-node=2", "warning 2:17 --ntasks-per-node"},
      {"--ntasks-per-gpu=2 --gpus=4 -n6", "warning 2:37 --ntasks"},
      {"--cpus-per-gpu=4", "warning 2:9 --cpus-per-gpu"},
      {"--hint=nomultithread -B 2", "warning 2:9 --hint"},
  };
  for (const auto& [directive, expected] : cases) {
    const Parsed parsed = read_directive(directive);
    EXPECT_TRUE(parsed.ok()) << directive;
    EXPECT_EQ(complaints(parsed.diagnostics), expected) << directive;
  }
}

struct PerNode {
  std::string_view directive;
  std::uint32_t nodes;
  std::uint32_t cpus;
  std::uint32_t gpus;
  std::optional<std::uint64_t> memory_mib;
};

TEST(Shape, WhatOneNodeMustOffer) {
  const PerNode cases[] = {
      {"", 1, 1, 0, std::nullopt},
      {"-N2 --ntasks-per-node=4 -c8 --gres=gpu:4 --mem=100G", 2, 32, 4, 102400},
      {"-n8 -c2", 1, 16, 0, std::nullopt},
      {"-n8 -c2", 4, 4, 0, std::nullopt},
      {"-n7", 2, 4, 0, std::nullopt},
      {"-n8 -c2 --mem-per-cpu=1G", 2, 8, 0, 8192},
      {"--gpus=8", 2, 1, 4, std::nullopt},
      {"--gpus=8 --mem-per-gpu=10G --cpus-per-gpu=4", 2, 16, 4, 40960},
      {"--gpus=8 --mem-per-gpu=0", 2, 1, 4, std::nullopt},
      {"--gpus=7", 2, 1, 4, std::nullopt},
      {"-n4 --gpus-per-task=2", 3, 2, 4, std::nullopt},
      {"-N2-4 --ntasks-per-node=2 --gpus-per-node=2", 3, 2, 2, std::nullopt},
      {"--mem=0", 1, 1, 0, std::nullopt},
      {"-O -n16 -c2", 1, 2, 0, std::nullopt},
      {"-c4 --mincpus=16", 1, 16, 0, std::nullopt},
  };
  for (const PerNode& one : cases) {
    const Parsed parsed = read_directive(one.directive);
    ASSERT_TRUE(parsed.ok()) << one.directive;
    const Shape fixed = on_nodes(parsed.shape, one.nodes);
    EXPECT_EQ(fixed.nodes_min, one.nodes);
    EXPECT_EQ(cpus_per_node(fixed), one.cpus) << one.directive;
    EXPECT_EQ(fixed.gpus_per_node, one.gpus) << one.directive;
    EXPECT_EQ(memory_mib_per_node(fixed), one.memory_mib) << one.directive;
  }
}

TEST(Shape, MoreNodesMoreOfWhatFollowsThem) {
  const Shape shape =
      on_nodes(read_directive("-N2-4 --ntasks-per-node=4 --gpus-per-node=2").shape, 4);
  EXPECT_EQ(shape.tasks, 16U);
  EXPECT_EQ(shape.gpus, 8U);
  const Shape shared = on_nodes(read_directive("-N2-4 -n8 --gpus=4").shape, 4);
  EXPECT_EQ(shared.tasks, 8U);
  EXPECT_EQ(shared.gpus, 4U);
}

TEST(Shape, MemoryTimeAndExclusive) {
  const Shape whole = read_directive("--mem=0 --exclusive --time=2-0").shape;
  EXPECT_TRUE(whole.memory_whole_node);
  EXPECT_EQ(whole.memory_per, MemoryPer::node);
  EXPECT_TRUE(whole.exclusive);
  EXPECT_EQ(whole.time_limit, days(2));
  const Shape shared = read_directive("--exclusive=user --mem-per-cpu=2G --time=0").shape;
  EXPECT_FALSE(shared.exclusive);
  EXPECT_EQ(shared.memory_per, MemoryPer::cpu);
  EXPECT_EQ(shared.memory_mib, 2048U);
  EXPECT_FALSE(shared.time_limit.has_value());
  EXPECT_TRUE(shared.time_unlimited);
  EXPECT_FALSE(read_directive("").shape.time_unlimited);
  EXPECT_EQ(read_directive("").shape.memory_per, MemoryPer::unset);
}

// However the same job is asked for, it is the same shape.
RC_GTEST_PROP(Shape, ManyWaysToAskForTheSame, ()) {
  const auto nodes = *rc::gen::inRange(1, 50);
  const auto tasks = *rc::gen::inRange(1, 9);
  const auto each = *rc::gen::inRange(1, 5);
  const auto read = [](const std::string& directive) {
    const Parsed parsed = read_directive(directive);
    RC_ASSERT(parsed.ok());
    Shape shape = parsed.shape;
    shape.tasks_follow_nodes = shape.gpus_follow_nodes = false;
    shape.gpus_per_task = 0;
    return shape;
  };
  const Shape expected =
      read(fmt::format("-N{} --ntasks-per-node={} --gres=gpu:{}", nodes, tasks, tasks * each));
  RC_ASSERT(expected.tasks == static_cast<std::uint32_t>(nodes * tasks));
  RC_ASSERT(read(fmt::format("-N{} -n{} --gpus-per-task={}", nodes, nodes * tasks, each)) ==
            expected);
  RC_ASSERT(read(fmt::format("-N{} -n{} --gpus={}", nodes, nodes * tasks, nodes * tasks * each)) ==
            expected);
  RC_ASSERT(read(fmt::format("-n{} --ntasks-per-node={} --gpus-per-node={}", nodes * tasks, tasks,
                             tasks * each)) == expected);
}

// The nodes of any choice within the range hold the whole job.
RC_GTEST_PROP(Shape, NodesTogetherHoldTheJob, ()) {
  const auto least = *rc::gen::inRange(1, 20);
  const auto most = *rc::gen::inRange(least, 40);
  const auto gpus = *rc::gen::inRange(most, 200);
  const auto tasks = *rc::gen::inRange(most, 300);
  const Parsed parsed =
      read_directive(fmt::format("-N{}-{} -n{} --gpus={}", least, most, tasks, gpus));
  RC_ASSERT(parsed.ok());
  const auto nodes = *rc::gen::inRange(parsed.shape.nodes_min, parsed.shape.nodes_max + 1);
  const Shape fixed = on_nodes(parsed.shape, nodes);
  RC_ASSERT(fixed.tasks_per_node * nodes >= fixed.tasks);
  RC_ASSERT((fixed.tasks_per_node - 1) * nodes < fixed.tasks);
  RC_ASSERT(fixed.gpus_per_node * nodes >= fixed.gpus);
  RC_ASSERT((fixed.gpus_per_node - 1) * nodes < fixed.gpus);
}

}  // namespace
}  // namespace fabrica::sbatch
