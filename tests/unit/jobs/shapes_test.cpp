#include <gtest/gtest.h>

#include <limits>

#include "base/limits.h"
#include "jobs/offers.h"
#include "unit/support/world.h"

namespace fabrica::test {
namespace {

using federation::Partition;

struct ShapeCase {
  std::string_view what;
  Partition partition;
  JobRequest request;
  std::string_view answer;
  std::source_location where = std::source_location::current();
};

std::string in_words(const Result<Rational>& units) {
  if (!units) return answer_of(units.error());
  if (units->denominator == 1) return fmt::format("{}", units->numerator);
  return fmt::format("{}/{}", units->numerator, units->denominator);
}

void expect_units(std::initializer_list<ShapeCase> cases) {
  for (const ShapeCase& one : cases) {
    expect_answer(in_words(jobs::units_on(one.partition, one.request)), one.answer, one.what,
                  one.where);
  }
}

JobRequest asks(auto... members) { return with(train(), members...); }
constexpr auto cpus = &JobRequest::cpus_per_node;
constexpr auto gpus = &JobRequest::gpus_per_node;
constexpr auto memory = &JobRequest::memory_mib_per_node;
constexpr auto many = &JobRequest::nodes;
constexpr auto whole = &JobRequest::whole_nodes;

const Partition four_gpus = partition_of("four-gpus", north, north_system, Unit::gpu);
const Partition cores = partition_of("cores", north, north_system, Unit::core);
const Partition by_node = partition_of("by-node", north, north_system, Unit::node);

// 4 GPUs, 32 cores and 256 GiB a node: the largest share of the three is what a job occupies.
TEST(Shapes, BilledByGpu) {
  expect_units({{"one GPU", four_gpus, asks(), "1"},
                {"two", four_gpus, asks(gpus, 2), "2"},
                {"eight cores belong to a GPU", four_gpus, asks(cpus, 8), "1"},
                {"a ninth costs more", four_gpus, asks(cpus, 9), "9/8"},
                {"half the cores", four_gpus, asks(cpus, 16), "2"},
                {"a quarter of the memory belongs to a GPU", four_gpus, asks(memory, 65'536), "1"},
                {"one MiB more", four_gpus, asks(memory, 65'537), "65537/65536"},
                {"three quarters of the memory", four_gpus, asks(memory, 196'608), "3"},
                {"all of a node", four_gpus, asks(gpus, 4, cpus, 32, memory, 262'144), "4"},
                {"three nodes of two GPUs", four_gpus, asks(many, 3, gpus, 2), "6"},
                {"a whole node", four_gpus, asks(whole, true), "4"},
                {"whole nodes without GPUs", four_gpus, asks(whole, true, gpus, 0, many, 2), "8"},
                {"nodes that are never shared", with(four_gpus, &Partition::whole_nodes, true),
                 asks(gpus, 0), "4"}});
}

// LUMI-G: a node is billed as 4 GPUs and its scheduler sees 8 halves, so a half costs half a GPU.
TEST(Shapes, BilledGpusOfTwoHalves) {
  const Partition lumi_g = lumi_partition();
  expect_units({{"one half", lumi_g, asks(), "1/2"},
                {"two halves", lumi_g, asks(gpus, 2), "1"},
                {"all eight", lumi_g, asks(gpus, 8), "4"},
                {"three halves on two nodes", lumi_g, asks(gpus, 3, many, 2), "3"},
                {"eight of 64 cores belong to a half", lumi_g, asks(cpus, 8), "1/2"},
                {"sixteen cores", lumi_g, asks(cpus, 16), "1"},
                {"a whole node", lumi_g, asks(whole, true), "4"},
                {"nine halves", lumi_g, asks(gpus, 9), "does_not_fit gpus_per_node"}});
}

TEST(Shapes, BilledByCoreAndByNode) {
  const JobRequest no_gpu = asks(gpus, 0, cpus, 1);
  expect_units({{"one core", cores, no_gpu, "1"},
                {"four cores", cores, with(no_gpu, cpus, 4), "4"},
                {"half the memory is half the cores", cores, with(no_gpu, memory, 131'072), "16"},
                {"two nodes of four cores", cores, with(no_gpu, cpus, 4, many, 2), "8"},
                {"a whole node", cores, with(no_gpu, whole, true), "32"},
                {"a GPU is not there", cores, asks(), "does_not_fit gpus_per_node"},
                {"any job takes its node", by_node, no_gpu, "1"},
                {"however much of it", by_node, with(no_gpu, cpus, 32, memory, 262'144), "1"},
                {"three nodes", by_node, with(no_gpu, many, 3), "3"}});
}

TEST(Shapes, WhatDoesNotFit) {
  const Partition unknown =
      with(four_gpus, &Partition::nodes, 0, &Partition::cores_per_node, 0,
           &Partition::memory_mib_per_node, 0, &Partition::time_limit_ms_max, 0);
  constexpr auto limit = &JobRequest::time_limit;
  expect_units(
      {{"five nodes of four", four_gpus, asks(many, 5), "does_not_fit nodes"},
       {"before anything else", four_gpus, asks(many, 5, cpus, 99, gpus, 99), "does_not_fit nodes"},
       {"a core too many", four_gpus, asks(cpus, 33, gpus, 99), "does_not_fit cpus_per_node"},
       {"a GPU too many", four_gpus, asks(gpus, 5), "does_not_fit gpus_per_node"},
       {"another kind", four_gpus, asks(&JobRequest::gpu_kind, "a100"), "does_not_fit gpu_kind"},
       {"the kind in short", four_gpus, asks(&JobRequest::gpu_kind, "h100"), "1"},
       {"no GPU where GPUs are billed", four_gpus, asks(gpus, 0), "does_not_fit gpus_per_node"},
       {"too much memory", four_gpus, asks(memory, 262'145), "does_not_fit memory"},
       {"as long as it may", four_gpus, asks(limit, days(2)), "1"},
       {"too long", four_gpus, asks(limit, days(2) + milliseconds(1)), "does_not_fit time_limit"},
       {"what is unknown refuses nobody", unknown,
        asks(many, 1'000, cpus, 1'000, memory, 1'000'000, limit, days(300)), "1000"}});
}

// The largest numbers that a partition and a request may have stay within exact fractions of 64
// bits.
TEST(Shapes, TheLargestOnes) {
  Partition large = four_gpus;
  large.nodes = limits::nodes_max;
  large.gpus_per_node_billed = limits::gpus_per_node_max;
  large.gpus_per_node_scheduled = limits::gpus_per_node_max;
  large.cores_per_node = limits::cores_per_node_max;
  large.memory_mib_per_node = limits::memory_mib_per_node_max;
  const JobRequest all = asks(many, limits::nodes_max, memory, limits::memory_mib_per_node_max - 1);
  expect_units({{"GPUs", large, all, "3355443196875/32768"},
                {"cores", with(large, &Partition::unit, Unit::core), all, "3355443196875/2048"}});
}

struct CostCase {
  Rational units;
  Duration duration;
  std::string_view answer;
};

TEST(Shapes, CostIsRoundedUp) {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  for (const CostCase& one :
       {CostCase{{1, 1}, hours(1), "1"}, CostCase{{1, 2}, hours(1), "0h+1800000ms"},
        CostCase{{1, 2}, milliseconds(3), "0h+2ms"}, CostCase{{9, 8}, milliseconds(1), "0h+2ms"},
        CostCase{{1, 3}, milliseconds(3), "0h+1ms"}, CostCase{{0, 1}, hours(1), "0"},
        CostCase{{1, 1}, Duration{}, "0"}, CostCase{{-1, 1}, hours(1), "none"},
        CostCase{{1, 0}, hours(1), "none"}, CostCase{{1, 1}, milliseconds(-1), "none"},
        CostCase{{most, 1}, milliseconds(1), "none"}, CostCase{{most, 1}, {most}, "none"},
        CostCase{{1, 1}, {amount_max.unit_ms() + 1}, "none"},
        CostCase{{1, 1}, {amount_max.unit_ms()}, "277777777h+2800000ms"}}) {
    const auto cost = jobs::cost(one.units, one.duration);
    EXPECT_EQ(cost ? in_hours(*cost) : "none", one.answer)
        << one.units.numerator << "/" << one.units.denominator << " for " << one.duration.ms
        << " ms";
  }
}

}  // namespace
}  // namespace fabrica::test
