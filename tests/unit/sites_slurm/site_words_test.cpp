#include "sites/slurm/site_words.h"

#include <gtest/gtest.h>

#include "sbatch/parse.h"

namespace fabrica::sites::slurm {
namespace {

// A cluster with two partitions; this is the one with GPUs.
PartitionDictionary dictionary() {
  PartitionDictionary gpu;
  gpu.slurm = true;
  gpu.slug = "north-gpu";
  gpu.gpu_kind = "a100-64";
  gpu.own = {"booster", "fab", "normal", "nvlink", "", "custom", "ada"};
  gpu.known = {{WordKind::constraint, "a100_80", "gpu80"},
               {WordKind::constraint, "[rack1|rack2]", "rack"},
               {WordKind::constraint, "ib", ""},
               {WordKind::qos, "boost_qos_dbg", "debug"},
               {WordKind::reservation, "s_tra_school", "school"},
               {WordKind::gpu_type, "tesla", "custom"},
               {WordKind::gpu_type, "v100", "other"}};
  gpu.partitions = {{"north-gpu", "booster"}, {"north-cpu", "dcgp"}};
  return gpu;
}

sbatch::Parsed read_script(std::string_view script) { return sbatch::parse({script, {}, {}}); }

std::string script_of(std::string_view directives) {
  return fmt::format("#!/bin/bash\n#SBATCH {}\nhostname\n", directives);
}

sbatch::AskedWords asked_by(std::string_view directives) {
  const sbatch::Parsed parsed = read_script(script_of(directives));
  EXPECT_TRUE(parsed.ok()) << directives;
  return {parsed.options.words, parsed.shape.gpu_type};
}

// "fab booster normal nvlink - custom", or "no qos; no reservation"; "!" behind a remark.
std::string said(const sbatch::SiteAnswer& answer) {
  std::string text;
  for (const sbatch::RefusedWord& one : answer.refused)
    text += fmt::format("{}no {}", text.empty() ? "" : "; ", one.option);
  if (!text.empty()) return text;
  const sbatch::WordsThere& there = answer.there;
  for (const std::string& word : {there.account, there.partition, there.qos, there.constraint,
                                  there.reservation, there.gpu_type}) {
    text += fmt::format("{}{}", text.empty() ? "" : " ", word.empty() ? "-" : word);
  }
  if (answer.knows_gpu_type) text += " known";
  return text + std::string(answer.remarks.size(), '!');
}

TEST(SiteWords, WhatBecomesOfAScriptsOwnWords) {
  constexpr struct {
    std::string_view directives;
    std::string_view answer;
  } cases[] = {
      {"-N1", "fab booster normal nvlink - custom"},
      {"-A p9", "fab booster normal nvlink - custom"},
      {"-p booster", "fab booster normal nvlink - custom"},
      {"-p boost_usr_prod", "fab booster normal nvlink - custom"},
      {"-p elsewhere,booster", "fab booster normal nvlink - custom"},
      {"-p dcgp", "no partition"},
      {"-q normal", "fab booster normal nvlink - custom"},
      {"-q boost_qos_dbg", "fab booster debug nvlink - custom"},
      {"-q debug", "no qos"},
      {"--reservation=s_tra_school", "fab booster normal nvlink school custom"},
      {"--reservation=x", "no reservation"},
      {"-C nvlink", "fab booster normal nvlink - custom"},
      {"-C a100_80", "fab booster normal nvlink&gpu80 - custom"},
      {"-C a100_80&nvlink", "fab booster normal nvlink&gpu80 - custom"},
      {"-C ib", "fab booster normal nvlink - custom"},
      {"-C a100", "fab booster normal nvlink - custom!"},
      {"-C custom", "fab booster normal nvlink - custom!"},
      {"-C tesla", "fab booster normal nvlink - custom!"},
      {"-C v100", "no constraint"},
      {"-C a10", "no constraint"},
      {"-C a100&fast", "no constraint"},
      {"-C a100|nvlink", "no constraint"},
      {"-C [rack1|rack2]", "fab booster normal nvlink&rack - custom"},
      {"-w n1", "no nodelist"},
      {"-x n1", "no exclude"},
      {"-q x -C y -x n1", "no qos; no constraint; no exclude"},
      {"--gres=gpu:custom:1", "fab booster normal nvlink - custom known"},
      {"--gres=gpu:a100:1", "fab booster normal nvlink - custom known"},
      {"--gres=gpu:tesla:1", "fab booster normal nvlink - custom known"},
      {"--gres=gpu:v100:1", "fab booster normal nvlink - custom"},
  };
  for (const auto& [directives, answer] : cases)
    EXPECT_EQ(said(answer_of(dictionary(), asked_by(directives))), answer) << directives;
}

TEST(SiteWords, AHintListsWhatWouldBeTaken) {
  const auto hint = [](const PartitionDictionary& known, std::string_view directives) {
    const sbatch::SiteAnswer answer = answer_of(known, asked_by(directives));
    return answer.refused.empty() ? "" : answer.refused[0].text + " " + answer.refused[0].hint;
  };
  EXPECT_EQ(hint(dictionary(), "-q long"),
            "This site knows no qos \"long\". Leave it out, or take one that is known there: "
            "normal, boost_qos_dbg.");
  EXPECT_EQ(hint(dictionary(), "-C fast"),
            "This site knows no constraint \"fast\". Leave it out, or take one that is known "
            "there: nvlink, a100_80, [rack1|rack2], ib.");
  EXPECT_EQ(hint(dictionary(), "-p dcgp"),
            "At this site --partition=dcgp is north-cpu. Leave it out to let the partition be "
            "chosen.");
  EXPECT_EQ(hint({}, "-q long"), "This site knows no qos \"long\". Leave it out.");
  PartitionDictionary odd = dictionary();
  odd.own.constraint = "[rack1|rack2]";
  EXPECT_EQ(hint(odd, "-C a100_80"),
            "This partition has a constraint of its own already. Leave it out.");
}

TEST(SiteWords, ASiteWithoutSlurmHasNone) {
  PartitionDictionary local;
  local.gpu_kind = "h100-64";
  constexpr struct {
    std::string_view directives;
    std::string_view answer;
  } cases[] = {
      {"-A p9 -p boost", "- - - - - -"},     {"-q long", "no qos"},
      {"-C h100", "- - - - - -!"},           {"-C a100", "no constraint"},
      {"--reservation=x", "no reservation"},
  };
  for (const auto& [directives, answer] : cases)
    EXPECT_EQ(said(answer_of(local, asked_by(directives))), answer) << directives;
  EXPECT_FALSE(answer_of(local, {}).rewrites);
}

// What a person is shown and what the cluster is sent are the same.
TEST(SiteWords, TheRewrittenScriptMeansWhatIsSubmitted) {
  constexpr std::string_view scripts[] = {
      "-N2 --ntasks-per-node=4 --gres=gpu:4",
      "-A p9 -p boost_usr_prod --gres=gpu:a100:4 -q boost_qos_dbg",
      "-C a100_80 --gpus-per-node=2 --reservation=s_tra_school",
      "-N2 -G 8 -C a100 --account=p9 --wckey=w",
      "-n2 --gpus-per-task=tesla:1",
      "-n4 -p booster",
  };
  for (const std::string_view directives : scripts) {
    const std::string script = script_of(directives);
    const sbatch::Parsed parsed = read_script(script);
    ASSERT_TRUE(parsed.ok()) << directives;
    jobs::JobDocument document;
    for (const sbatch::Given& given : parsed.options.given)
      document.options.push_back(given.name + "=" + given.value);
    jobs::StartJob request;
    request.request.change().nodes = parsed.shape.nodes_min;
    request.request.change().gpus_per_node = parsed.shape.gpus_per_node;
    const Result<PartitionWords> words = words_for_job(dictionary(), document);
    ASSERT_TRUE(words.has_value()) << directives;
    const Submission submitted = in_words_of(*words, request, document, script);

    const sbatch::SiteAnswer answer = answer_of(dictionary(), asked_by(directives));
    const sbatch::Parsed there = read_script(text_of(rewrite(script, answer.there).value()));
    ASSERT_TRUE(there.ok()) << directives;
    const sbatch::SiteWords& meant = there.options.words;
    EXPECT_EQ(meant.account.value_or(""), submitted.account) << directives;
    EXPECT_EQ(meant.partition.value_or(""), submitted.partition) << directives;
    EXPECT_EQ(meant.qos.value_or(""), submitted.qos) << directives;
    EXPECT_EQ(meant.constraint.value_or(""), submitted.constraint) << directives;
    EXPECT_EQ(meant.reservation.value_or(""), submitted.reservation) << directives;
    EXPECT_FALSE(meant.wckey || meant.nodelist || meant.exclude || meant.clusters) << directives;
    const std::string gres =
        there.shape.gpus_per_node == 0
            ? ""
            : fmt::format("gpu:{}:{}", there.shape.gpu_type, there.shape.gpus_per_node);
    EXPECT_EQ(gres, submitted.gres) << directives;
  }
}

TEST(SiteWords, AWordThatTheSettingsNoLongerKnowIsRefusedAtTheSite) {
  jobs::JobDocument document;
  document.options = {"qos=gone", "time=60"};
  const Result<PartitionWords> words = words_for_job(dictionary(), document);
  ASSERT_FALSE(words.has_value());
  EXPECT_EQ(words.error().field, "qos");
}

}  // namespace
}  // namespace fabrica::sites::slurm
