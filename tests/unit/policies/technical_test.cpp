#include "policies/technical.h"

#include <gtest/gtest.h>

#include "unit/support/world.h"

namespace fabrica::test {
namespace {

using calls::Application;
using federation::Partition;

struct TechnicalCase {
  std::string_view what;
  Partition partition;
  Application application;
  bool takes_jobs;
  ComputeTime left;
  std::string_view failed;
  std::source_location where = std::source_location::current();
};

Application of_jobs(std::uint32_t nodes_per_job, std::uint32_t gpus_per_job) {
  return with(application(), &Application::nodes_per_job, nodes_per_job, &Application::gpus_per_job,
              gpus_per_job);
}

TEST(Technical, EachRule) {
  const Partition four = partition_of("four-nodes", north, north_system, Unit::gpu);
  const Partition unknown = with(four, &Partition::nodes, 0);
  const Partition cores = partition_of("cores", north, north_system, Unit::core);
  const ComputeTime ten = unit_hours(10);
  const ComputeTime too_little{ten.unit_ms() - 1};
  for (const TechnicalCase& one :
       {TechnicalCase{"all well", four, of_jobs(1, 4), true, ten, ""},
        TechnicalCase{"no jobs there", four, of_jobs(1, 4), false, ten, "site_takes_jobs"},
        TechnicalCase{"an empty pool", four, of_jobs(1, 4), true, ComputeTime{}, "pool_covers"},
        TechnicalCase{"a millisecond short", four, of_jobs(1, 4), true, too_little, "pool_covers"},
        TechnicalCase{"every node and GPU", four, of_jobs(4, 16), true, ten, ""},
        TechnicalCase{"a node too many", four, of_jobs(5, 16), true, ten, "job_fits"},
        TechnicalCase{"a GPU too many", four, of_jobs(4, 17), true, ten, "job_fits"},
        TechnicalCase{"five GPUs on one node", four, of_jobs(1, 5), true, ten, "job_fits"},
        TechnicalCase{"GPUs as the scheduler sees them", lumi_partition(), of_jobs(1, 8), true, ten,
                      ""},
        TechnicalCase{"and no more", lumi_partition(), of_jobs(1, 9), true, ten, "job_fits"},
        TechnicalCase{"unknown many nodes", unknown, of_jobs(5'000, 20'000), true, ten, ""},
        TechnicalCase{"the largest numbers", unknown, of_jobs(4'294'967'295, 4'294'967'295), true,
                      ten, ""},
        TechnicalCase{"no GPUs there", cores, of_jobs(1, 1), true, ten, "job_fits"},
        TechnicalCase{"none asked for", cores, of_jobs(1, 0), true, ten, ""},
        TechnicalCase{"nothing is well", four, of_jobs(5, 99), false, ComputeTime{},
                      "site_takes_jobs pool_covers job_fits"}}) {
    std::string failed;
    std::size_t verdicts = 0;
    for (const calls::Verdict& verdict :
         policies::technical_check({one.partition, one.application, one.takes_jobs, one.left})) {
      verdicts += 1;
      EXPECT_FALSE(verdict.reason.empty()) << one.what;
      if (!verdict.passed) failed += fmt::format("{}{}", failed.empty() ? "" : " ", verdict.rule);
    }
    expect_answer(failed, one.failed, one.what, one.where);
    EXPECT_EQ(verdicts, 3U) << "each rule says its word";
  }
}

}  // namespace
}  // namespace fabrica::test
