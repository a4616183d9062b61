#include "sites/slurm/others.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sites/slurm/shapes.h"
#include "sites/slurm/tags.h"

/// Whom else a cluster carries, in its replies as slurmrestd 22.05 and later ones write them.
namespace fabrica::sites::slurm {
namespace {

TEST(SlurmOthers, WhatAJobHasIsReadFromItsTres) {
  const struct {
    std::string_view tres;
    std::string_view read;  // nodes cpus gpus MiB
  } cases[] = {
      {"cpu=4,mem=1500M,node=2,billing=4,gres/gpu=2,gres/gpu:h100=2", "2 4 2 1500"},
      {"cpu=1,mem=2G,node=1", "1 1 0 2048"},
      {"mem=2.50G", "0 0 0 2560"},
      {"mem=0.5T", "0 0 0 524288"},
      {"mem=1000K", "0 0 0 1"},
      {"", "0 0 0 0"},
      {"cpu", "0 0 0 0"},
      {"cpu=,node=x", "0 0 0 0"},
      {"cpu=-4", "0 0 0 0"},
      {"cpu=99999999999999999999", "0 1000000000 0 0"},
  };
  for (const auto& one : cases) {
    const jobs::Allocation all = allocation_in(one.tres);
    EXPECT_EQ(fmt::format("{} {} {} {}", all.nodes, all.cpus, all.gpus, all.memory_mib), one.read)
        << one.tres;
  }
}

TEST(SlurmOthers, WhoHasRoomOrWaitsForItAndIsNotOurs) {
  const std::string ours = tag_text("home", {jobs::JobId{7}, 1});
  const auto reply = read_reply(fmt::format(
      R"({{"errors":[],"jobs":[
      {{"job_id":1,"job_state":"RUNNING","partition":"gpu","time_limit":10,"end_time":1795352600,
        "start_time":1795352000,"tres_alloc_str":"cpu=4,node=1,gres/gpu=2","tres_req_str":"cpu=1",
        "nodes":"n1","priority":5}},
      {{"job_id":2,"job_state":["PENDING"],"partition":"gpu,cpu","tres_req_str":"cpu=8,node=2",
        "tres_alloc_str":"","time_limit":{{"set":true,"infinite":false,"number":20}},"priority":5}},
      {{"job_id":3,"job_state":"PENDING","partition":"gpu","tres_req_str":"cpu=8","priority":0}},
      {{"job_id":4,"job_state":"COMPLETED","partition":"gpu","tres_alloc_str":"cpu=8"}},
      {{"job_id":5,"job_state":"RUNNING","partition":"gpu","comment":"{}","end_time":1795352600}},
      {{"job_id":6,"job_state":"PENDING","partition":"gpu","priority":5,
        "time_limit":{{"set":false,"infinite":true,"number":0}}}}]}})",
      ours));
  ASSERT_TRUE(reply && reply->jobs);
  std::string text;
  for (const OtherJob& one : others_in(*reply->jobs, "home")) {
    text += fmt::format("{} {} {} cpus {} gpus until {} for {} min\n", one.id, one.partition,
                        one.allocation.cpus, one.allocation.gpus, one.ends.ms / 1'000,
                        one.limit.ms / minutes(1).ms);
  }
  EXPECT_EQ(text,
            "1 gpu 4 cpus 2 gpus until 1795352600 for 10 min\n"
            "2 gpu 8 cpus 0 gpus until 0 for 20 min\n"
            "6 gpu 0 cpus 0 gpus until 0 for 525600 min\n");
}

}  // namespace
}  // namespace fabrica::sites::slurm
