#include <gtest/gtest.h>

#include "served.h"

/// Scripts written for another cluster: north-gpu is a Slurm partition called "booster" there, with
/// GPUs called "custom", that knows the qualities of service "normal" and "long"; see words_at().
namespace fabrica::test {
namespace {

std::string body_of(std::string_view directives, std::string_view more = "") {
  return fmt::format(
      R"({{"project":1,"script":"#!/bin/bash\n#SBATCH --time=0:30:00 {}\ntrue\n","name":"t.sh",)"
      R"("working_directory":"/home/ada"{}}})",
      directives, more);
}

// "north-gpu! north-cpu": those that could take it, "!" behind the one it would go to.
std::string possible(const json::Value& plan) {
  std::string all;
  for (const json::Value& row : plan.get("rows").items()) {
    if (row.get("possible").as_bool() != true) continue;
    all += fmt::format("{}{}{}", all.empty() ? "" : " ", row.get("partition").text(),
                       row.get("chosen").as_bool() == true ? "!" : "");
  }
  return all;
}

json::Value row_of(const json::Value& plan, std::string_view partition) {
  for (const json::Value& row : plan.get("rows").items()) {
    if (row.get("partition").text() == partition) return row;
  }
  return {};
}

// "remark --qos; error --constraint".
std::string complaints(const json::Value& diagnostics) {
  std::string all;
  for (const json::Value& one : diagnostics.items()) {
    all += fmt::format("{}{} {}", all.empty() ? "" : "; ", one.get("severity").text(),
                       one.get("option").text());
  }
  return all;
}

TEST(SiteWords, WhereAScriptCanGo) {
  Served served;
  const struct {
    std::string_view what;
    std::string body;
    std::string_view answer;  // those that could take it, and the warnings
    std::source_location where = std::source_location::current();
  } cases[] = {
      {"any GPU", body_of("--gres=gpu:1"), "north-gpu south-lumi! | "},
      {"a kind of the federation", body_of("--gres=gpu:h100:1"), "north-gpu! | "},
      {"the site's own name for its GPUs", body_of("--gres=gpu:custom:1"),
       "north-gpu! | remark --gres"},
      {"a quality of service of one site", body_of("--gpus-per-node=1 --qos=normal"),
       "north-gpu! | remark --qos"},
      {"one that is translated", body_of("--gpus-per-node=1 -q long"), "north-gpu! | remark --qos"},
      {"a constraint that names GPUs", body_of("--gpus-per-node=1 -C h100"),
       "north-gpu! | remark --constraint"},
      {"Slurm's name of a partition", body_of("--gpus-per-node=1 -p booster"),
       "north-gpu south-lumi! | "},
      {"another site's partition and account", body_of("--gpus-per-node=1 -p boost -A p9"),
       "north-gpu south-lumi! | warning --partition; warning --account"},
      {"a partition of ours", body_of("--gpus-per-node=1 -p north-gpu"), "north-gpu! | "},
      {"some partitions of ours", body_of("-p north-gpu,north-cpu"), "north-cpu! | "},
      {"from the command line",
       body_of("--gpus-per-node=1", R"(,"options":["--partition=booster"])"),
       "north-gpu south-lumi! | "},
  };
  for (const auto& [what, body, answer, where] : cases) {
    const net::Response response = served.ask(member, "POST /v1/jobs:plan", body);
    const json::Value plan = parsed(response);
    expect_answer(fmt::format("{} | {}", possible(plan), complaints(plan.get("diagnostics"))),
                  answer, fmt::format("{}: {}", what, response.body), where);
  }
}

TEST(SiteWords, WhatNobodyKnowsIsRefusedWithItsPlace) {
  Served served;
  const struct {
    std::string body;
    std::string_view answer;
    std::source_location where = std::source_location::current();
  } cases[] = {
      {body_of("--gpus-per-node=1 --qos=high"), "error --qos; error --qos"},
      {body_of("--gpus-per-node=1 -C fast"), "error --constraint"},
      {body_of("-w n1 -x n2"), "error --nodelist; error --exclude"},
      {body_of("--reservation=x"), "error --reservation"},
      {body_of("-p south-lumi --gpus-per-node=1 -q long"), "error --qos"},
      {body_of("", R"(,"options":["--partition=gone"])"), "error --partition"},
  };
  for (const auto& [body, answer, where] : cases) {
    for (const std::string_view what : {"POST /v1/jobs:plan", "POST /v1/jobs"}) {
      const net::Response response = served.ask(member, what, body);
      EXPECT_EQ(said(response), "422 bad_script /script");
      expect_answer(complaints(parsed(response).get("errors")), answer, response.body, where);
    }
  }
  const json::Value problem = parsed(served.ask(member, "POST /v1/jobs", cases[0].body));
  EXPECT_EQ(problem.at("/errors/1/text").text(),
            "Not on north-gpu: This site knows no qos \"high\".");
  EXPECT_EQ(problem.at("/errors/1/hint").text(),
            "Leave it out, or take one that is known there: normal, long.");
  EXPECT_EQ(problem.at("/errors/1/line").as_int(), 2);
  EXPECT_EQ(problem.at("/errors/1/column").as_int(), 42);
}

TEST(SiteWords, ThePlanShowsTheRewrittenScript) {
  Served served;
  const json::Value plan = parsed(served.ask(
      member, "POST /v1/jobs:plan",
      body_of(R"(-o logs/%j.out\n#SBATCH -A p9 -p boost -q long --gres=gpu:h100:1 -N1 # mine)")));
  const json::Value gpu_row = row_of(plan, "north-gpu");
  EXPECT_EQ(gpu_row.get("diff").text(),
            "--- t.sh\n+++ t.sh on north-gpu\n@@ -1,4 +1,4 @@\n #!/bin/bash\n #SBATCH "
            "--time=0:30:00 -o logs/%j.out\n-#SBATCH -A p9 -p boost -q long --gres=gpu:h100:1 -N1 "
            "# mine\n+#SBATCH --account=fab --partition=booster --qos=prio --gres=gpu:custom:1 -N1 "
            "# mine\n true\n");
  const json::Value other = row_of(plan, "south-lumi");
  EXPECT_EQ(other.get("diff").text(), "");
  EXPECT_EQ(other.get("reason").text(), "This site knows no qos \"long\". Leave it out.");
}

TEST(SiteWords, AConstraintThatThePartitionMeetsIsTold) {
  Served served;
  const json::Value plan = parsed(
      served.ask(member, "POST /v1/jobs:plan", body_of("--gpus-per-node=1 --constraint=h100")));
  EXPECT_EQ(row_of(plan, "north-gpu").at("/remarks/0").text(),
            "--constraint=h100 is met by the partition's GPUs.");
}

TEST(SiteWords, ADirectoryOfOutputMatters) {
  Served served;
  const auto remarks = [&](std::string_view directives) {
    const json::Value answer =
        parsed(served.ask(member, "POST /v1/jobs:plan", body_of(directives)));
    return answer.get("diagnostics").items().size();
  };
  EXPECT_EQ(remarks("-p north-cpu -o logs/%j.out"), 0) << "the local site makes it";
  EXPECT_EQ(remarks("-p north-gpu --gpus-per-node=1 -o logs/%j.out"), 1);
}

TEST(SiteWords, AJobGoesOnlyWhereItsWordsAreKnown) {
  Served served;
  const json::Value answer =
      parsed(served.ask(member, "POST /v1/jobs", body_of("--gpus-per-node=1 -q long -p boost")));
  EXPECT_EQ(answer.at("/job/partition").text(), "north-gpu");
  EXPECT_EQ(complaints(answer.get("diagnostics")), "remark --qos; warning --partition");
}

TEST(SiteWords, APlanSaysWhatItWaitsFor) {
  Served served;
  const JobId first = served.submit();
  const json::Value plan =
      parsed(served.ask(member, "POST /v1/jobs:plan",
                        body_of(fmt::format("-p north-cpu -d afterok:{}", first.value))));
  EXPECT_EQ(plan.get("chosen").text(), "north-cpu");
  EXPECT_EQ(plan.at("/waits_for/0").as_int(), static_cast<std::int64_t>(first.value));
  const json::Value never =
      parsed(served.ask(member, "POST /v1/jobs:plan", body_of("-p north-cpu -d afterok:99")));
  EXPECT_FALSE(never.get("refusal").text().empty());
}

}  // namespace
}  // namespace fabrica::test
