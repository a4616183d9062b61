#include "sites/slurm/rest_api.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/limits.h"
#include "net/url.h"
#include "sites/slurm/submit_body.h"

namespace fabrica::sites::slurm {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string line_of(const Ask& ask, ApiVersion version = api_oldest) {
  const auto request = request_of(ask, version, "c1,x");
  if (!request) return request.error().text;
  return fmt::format("{} {}", net::to_string(request->method),
                     net::to_string(net::Target{.path = request->path, .query = request->query}));
}

TEST(RestApi, RequestLines) {
  EXPECT_EQ(line_of(ask::Release{.user = "a", .id = 7}), "POST /slurm/v0.0.38/job/7");
  EXPECT_EQ(line_of(ask::Cancel{.user = "a", .id = 4'000'000'000}),
            "DELETE /slurm/v0.0.38/job/4000000000");
  EXPECT_EQ(line_of(ask::Show{.id = 7}, {43}), "GET /slurm/v0.0.43/job/7");
  EXPECT_EQ(line_of(ask::List{}), "GET /slurm/v0.0.38/jobs");
  EXPECT_EQ(line_of(ask::List{.since = Time{5'999}}), "GET /slurm/v0.0.38/jobs?update_time=5");
  EXPECT_EQ(line_of(ask::Ping{}), "GET /slurm/v0.0.38/ping");
  // A literal comma would be refused.
  EXPECT_EQ(line_of(ask::Past{.from = Time{1'795'352'083'000}, .name_end = ".f"}),
            "GET /slurmdb/v0.0.38/jobs?submit_time=uts1795352083&skip_steps=true&cluster=c1%2Cx");
  EXPECT_EQ(line_of(ask::Past{.from = Time{1'795'352'083'000}, .name_end = {}}, {40}),
            "GET /slurmdb/v0.0.40/jobs?start_time=uts1795352083&usage_time_as_submit_time=true"
            "&show_duplicates=true&skip_steps=true&cluster=c1%2Cx");
  EXPECT_EQ(request_of(ask::Release{.user = "a", .id = 7}, api_newest, "")->body,
            R"({"hold":false})");
}

TEST(RestApi, Versions) {
  EXPECT_EQ(parse_api_version("v0.0.38")->number, 38U);
  EXPECT_EQ(to_string(parse_api_version("v0.0.43").value()), "v0.0.43");
  for (const std::string_view text :
       {"", "38", "v0.0.37", "v0.0.44", "v0.0.38 ", "v0.0.x", "v0.0."}) {
    EXPECT_FALSE(parse_api_version(text).has_value()) << text;
  }
}

TEST(RestApi, TheNewestVersionThatBothKnow) {
  const auto newest = [](std::string_view text) {
    const auto version = newest_version_in(text);
    return version ? to_string(*version) : "none";
  };
  EXPECT_EQ(newest(R"("\/slurm\/v0.0.36\/jobs" "\/slurm\/v0.0.38\/jobs")"), "v0.0.38");
  EXPECT_EQ(newest(R"("/slurm/v0.0.41/jobs/" "/slurm/v0.0.40/jobs/" "/slurm/v0.0.44/x")"),
            "v0.0.41");
  EXPECT_EQ(newest(R"("/slurmdb/v0.0.41/jobs/" "/slurm/v0.0.40/jobs/")"), "v0.0.40");
  EXPECT_EQ(newest(R"("v0.0.42_job" "/slurm/v0.0.37/jobs")"), "none");
  EXPECT_EQ(newest("/slurm/v0.0.99999999999999999999"), "none");
  EXPECT_EQ(newest("v0.0."), "none");
  EXPECT_EQ(newest("/slurm/v0.0."), "none");
  EXPECT_EQ(newest(""), "none");
}

TEST(RestApi, HttpDates) {
  EXPECT_EQ(to_string(parse_http_date("Sun, 22 Nov 2026 14:48:07 GMT").value()),
            "2026-11-22T14:48:07.000Z");
  for (const std::string_view text :
       {"", "Sun, 22 Nov 2026 14:48:07 CET", "Sun, 31 Feb 2026 14:48:07 GMT",
        "Sun, 22 Xxx 2026 14:48:07 GMT", "Sun, 22 Nov 2026 24:48:07 GMT",
        "Sun, -2 Nov 2026 14:48:07 GMT", "2026-11-22T14:48:07.000000000"}) {
    EXPECT_FALSE(parse_http_date(text).has_value()) << text;
  }
}

Submission small_job() {
  Submission job;
  job.name = "train.f1";
  job.user = "alice";
  job.script = "#!/bin/bash\necho \"$1\"\n";
  job.environment = {"PATH=/usr/bin:/bin"};
  job.working_directory = "/home/alice";
  job.time_limit = minutes(5);
  return job;
}

Submission full_job() {
  Submission job = small_job();
  job.comment = "k=1";
  job.account = "acc1";
  job.partition = "batch";
  job.qos = "high";
  job.constraint = "a100";
  job.reservation = "r";
  job.environment = {"PATH=/usr/bin:/bin", "A=b=c", "E="};
  job.output = "/o";
  job.error = "/e";
  job.input = "/i";
  job.append = true;
  job.exclusive = true;
  job.nodes = 2;
  job.tasks = 8;
  job.tasks_per_node = 4;
  job.cpus_per_task = 3;
  job.memory_mib_per_node = 2048;
  job.gres = "gpu:a100:4,shard:1";
  job.array = "0-3%2";
  job.dependency = "afterok:1";
  job.signal = "USR1@120";
  job.time_limit = minutes(5) + milliseconds(1);
  return job;
}

TEST(SubmitBody, OfVersion38) {
  EXPECT_EQ(submit_body(small_job(), {38}).value(),
            R"({"script":"#!/bin/bash\necho \"$1\"\n","job":{"name":"train.f1",)"
            R"("current_working_directory":"/home/alice","tasks":1,"cpus_per_task":1,"hold":true,)"
            R"("environment":{"PATH":"/usr/bin:/bin"},"nodes":1,"time_limit":5}})");
  EXPECT_EQ(
      submit_body(full_job(), {38}).value(),
      R"({"script":"#!/bin/bash\necho \"$1\"\n","job":{"name":"train.f1","comment":"k=1",)"
      R"("account":"acc1","partition":"batch","qos":"high","constraints":"a100",)"
      R"("reservation":"r","array":"0-3%2","dependency":"afterok:1",)"
      R"("current_working_directory":"/home/alice","standard_output":"/o",)"
      R"("standard_error":"/e","standard_input":"/i","tasks":8,"tasks_per_node":4,)"
      R"("cpus_per_task":3,"hold":true,"environment":{"A":"b=c","E":"","PATH":"/usr/bin:/bin"},)"
      R"("nodes":2,"memory_per_node":2048,"time_limit":6,"gres":"gpu:a100:4,shard:1",)"
      R"("signal":"USR1@120","open_mode":"append","exclusive":"exclusive"}})");
}

TEST(SubmitBody, OfNewerVersions) {
  Submission job = full_job();
  job.arguments = {"a b"};
  job.signal = "B:USR1@120";
  EXPECT_EQ(submit_body(job, {43}).value(),
            R"({"job":{"name":"train.f1","comment":"k=1","account":"acc1","partition":"batch",)"
            R"("qos":"high","constraints":"a100","reservation":"r","array":"0-3%2",)"
            R"("dependency":"afterok:1","current_working_directory":"/home/alice",)"
            R"("standard_output":"/o","standard_error":"/e","standard_input":"/i","tasks":8,)"
            R"("tasks_per_node":4,"cpus_per_task":3,"hold":true,)"
            R"("script":"#!/bin/bash\necho \"$1\"\n",)"
            R"("environment":["PATH=/usr/bin:/bin","A=b=c","E="],"argv":["script","a b"],)"
            R"("nodes":"2","memory_per_node":{"number":2048,"set":true,"infinite":false},)"
            R"("time_limit":{"number":6,"set":true,"infinite":false},)"
            R"("tres_per_node":"gres/gpu:a100:4,gres/shard:1","kill_warning_signal":"USR1",)"
            R"("kill_warning_delay":{"number":120,"set":true,"infinite":false},)"
            R"("kill_warning_flags":["BATCH_JOB"],"open_mode":["APPEND"],"shared":["none"]}})");
  const std::string v40 = submit_body(job, {40}).value();
  EXPECT_THAT(v40, testing::StartsWith(R"({"script":"#!/bin/bash)"));
  EXPECT_THAT(v40, HasSubstr(R"("shared":["none"])"));
  const std::string v39 = submit_body(job, {39}).value();
  EXPECT_THAT(v39, HasSubstr(R"("tres_per_node":"gres:gpu:a100:4,gres:shard:1")"));
  EXPECT_THAT(v39, HasSubstr(R"("exclusive":"true")"));
  EXPECT_THAT(v39, Not(HasSubstr("shared")));
}

TEST(SubmitBody, ArgumentsOfVersion38GoIntoTheScript) {
  Submission job = small_job();
  job.arguments = {"a b", "it's", "$x", ""};
  EXPECT_THAT(submit_body(job, {38}).value(),
              HasSubstr(R"(#!/bin/bash\nset -- 'a b' 'it'\\''s' '$x' ''\necho)"));
  for (const std::string first : {"#!/bin/sh", "#! /usr/bin/env bash", "#!/bin/bash -l"}) {
    job.script = first + "\nx\n";
    EXPECT_THAT(submit_body(job, {38}).value(), HasSubstr("set -- 'a b'")) << first;
  }
  job.script = "#!/bin/sh";
  EXPECT_THAT(submit_body(job, {38}).value(), HasSubstr(R"(#!/bin/sh\nset -- 'a b')"));
  for (const std::string first : {"#!/usr/bin/env python3", "#!/usr/bin/python3", "echo", "#!"}) {
    job.script = first + "\nx\n";
    EXPECT_EQ(submit_body(job, {38}).error().field, "arguments") << first;
    EXPECT_TRUE(submit_body(job, {43}).has_value()) << first;
  }
}

TEST(SubmitBody, WhatCannotBeIsRefusedByItsName) {
  struct Row {
    std::string_view field;
    void (*spoil)(Submission&);
  };
  const Row rows[] = {
      {"name", [](Submission& job) { job.name = std::string(4'001, 'x'); }},
      {"comment", [](Submission& job) { job.comment = "\xff"; }},
      {"comment", [](Submission& job) { job.comment = std::string("a\0b", 3); }},
      {"script", [](Submission& job) { job.script.clear(); }},
      {"script", [](Submission& job) { job.script.resize(limits::script_bytes_max + 1, 'x'); }},
      {"environment", [](Submission& job) { job.environment.clear(); }},
      {"environment", [](Submission& job) { job.environment = {"NOTHING"}; }},
      {"environment", [](Submission& job) { job.environment.assign(10'001, "A=b"); }},
      {"arguments", [](Submission& job) { job.arguments.assign(1'001, "a"); }},
      {"working_directory", [](Submission& job) { job.working_directory = "home"; }},
      {"nodes", [](Submission& job) { job.nodes = 0; }},
      {"nodes", [](Submission& job) { job.nodes = limits::nodes_max + 1; }},
      {"time_limit", [](Submission& job) { job.time_limit = days(401); }},
      {"time_limit", [](Submission& job) { job.time_limit = milliseconds(-1); }},
      {"signal", [](Submission& job) { job.signal = "B:USR1"; }},
  };
  for (const Row& row : rows) {
    Submission job = small_job();
    row.spoil(job);
    const auto body = submit_body(job, {38});
    ASSERT_FALSE(body.has_value()) << row.field;
    EXPECT_EQ(body.error().field, row.field);
  }
  Submission job = small_job();
  for (const std::string signal : {"X:USR1", "USR1@", "USR1@70000", "USR1@x"}) {
    job.signal = signal;
    EXPECT_EQ(submit_body(job, {43}).error().field, "signal") << signal;
  }
  job.signal = "10";
  EXPECT_THAT(submit_body(job, {43}).value(), HasSubstr(R"("kill_warning_delay":{"number":60)"));
}

}  // namespace
}  // namespace fabrica::sites::slurm
