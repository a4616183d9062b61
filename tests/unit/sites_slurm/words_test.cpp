#include "sites/slurm/words.h"

#include <gtest/gtest.h>

#include "sites/slurm/tags.h"

namespace fabrica::sites::slurm {
namespace {

using jobs::JobId;

jobs::StartJob asked() {
  jobs::StartJob request;
  request.job = JobId{7};
  request.request.change().name = "train";
  request.request.change().nodes = 2;
  request.request.change().tasks = 8;
  request.request.change().gpus_per_node = 4;
  request.request.change().memory_mib_per_node = 4'096;
  request.request.change().time_limit = hours(2);
  return request;
}

TEST(Words, AJobIsSaidInTheWordsOfItsPartition) {
  const PartitionWords words{"booster", "acc1", "high", "a100", "ai-week", "a100", "ada"};
  jobs::JobDocument document;
  document.working_directory = "/home/ada";
  document.cpus_per_task = 16;
  document.tasks_per_node = 4;
  const Submission job = in_words_of(words, asked(), document, "#!/bin/bash\n");
  EXPECT_EQ(job.partition + " " + job.account + " " + job.qos + " " + job.user,
            "booster acc1 high ada");
  EXPECT_EQ(job.constraint + " " + job.reservation, "a100 ai-week");
  EXPECT_EQ(job.gres, "gpu:a100:4");
  EXPECT_EQ(job.nodes, 2U);
  EXPECT_EQ(job.tasks, 8U);
  EXPECT_EQ(job.cpus_per_task, 16U);
  EXPECT_EQ(job.tasks_per_node, 4U);
  EXPECT_EQ(job.time_limit, hours(2));
  EXPECT_EQ(job.output, "/home/ada/slurm-7.out");
  EXPECT_FALSE(job.environment.empty()) << "slurmrestd wants at least one";
}

TEST(Words, FilesAreNamedAsTheScriptSaysAndNotByTheTaggedName) {
  struct Case {
    std::string_view pattern;
    std::string_view path;
  };
  for (const Case& one :
       {Case{"%x-%j.out", "/w/train-7.out"}, Case{"/logs/%x.out", "/logs/train.out"},
        Case{"%%x", "/w/%%x"}, Case{"%3x", "/w/train"}, Case{"100%", "/w/100%"},
        Case{"logs/%A_%a.%N", "/w/logs/7_%a.%N"}, Case{"%4j%%%J", "/w/0007%%7"},
        Case{"a\\%j", "/w/a\\%j"}}) {
    jobs::JobDocument document;
    document.working_directory = "/w";
    document.output = one.pattern;
    EXPECT_EQ(in_words_of({}, asked(), document, "").output, one.path) << one.pattern;
  }
}

TEST(Words, AnArraySaysItsTasksAndHowManyAtOnce) {
  jobs::StartJob request = asked();
  request.request.change().array = {0, 2, 9};
  request.request.change().array_at_once = 1;
  const Submission job = in_words_of({}, request, {}, "");
  EXPECT_EQ(job.array, "0,2,9%1");
  EXPECT_TRUE(job.output.ends_with("/slurm-7_%a.out")) << job.output;
  EXPECT_EQ(job.gres, "gpu:4");
}

TEST(Tags, AJobIsKnownByCommentOrName) {
  struct Case {
    std::string_view name;
    std::string_view comment;
    std::optional<Tag> tag;
  };
  const Tag tag{JobId{41}, 2};
  for (const Case& one :
       {Case{"x", "fab:abc.41.2", tag}, Case{"x", "fab:abc.41.2 and more", tag},
        Case{"x fab:abc.41.2", "", tag}, Case{"a b fab:abc.41.2", "rewritten", tag},
        Case{"x", "fab:other.41.2", {}}, Case{"x", "fab:abc.41", {}}, Case{"x", "fab:abc.0.2", {}},
        Case{"x", "fab:abc.41.2x", {}}, Case{"x fab:abc.41.2 y", "", {}},
        Case{"fab:abc.41.2", "", {}}, Case{"", "", {}},
        Case{"x", "fab:abc.99999999999999999999.1", {}}}) {
    ClusterJob job;
    job.name = one.name;
    job.comment = one.comment;
    EXPECT_EQ(tag_of(job, "abc"), one.tag) << one.name << " / " << one.comment;
  }
}

TEST(Tags, WhatIsWrittenIsReadBack) {
  const Tag tag{JobId{18'446'744'073'709'551'615U}, 10};
  ClusterJob job;
  job.comment = tag_text("0123456789abcdef", tag);
  EXPECT_EQ(tag_of(job, "0123456789abcdef"), tag);
  job.comment.clear();
  job.name = name_with_tag(std::string(500, 'n'), "0123456789abcdef", tag);
  EXPECT_LE(job.name.size(), 200U);
  EXPECT_EQ(tag_of(job, "0123456789abcdef"), tag);
}

}  // namespace
}  // namespace fabrica::sites::slurm
