#include "sites/slurm/shapes.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "json/write.h"
#include "sites/slurm/job_states.h"
#include "sites/slurm/reply_pieces.h"

namespace fabrica::sites::slurm {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string shown(const ClusterJob& job) { return json::to_json(job); }

ClusterJob only_job(const std::string& job) {
  const auto reply = read_reply(fmt::format(R"({{"errors":[],"jobs":[{}]}})", job));
  if (!reply || !reply->jobs || reply->jobs->size() != 1) return {};
  return reply->jobs->front();
}

TEST(Shapes, OneJobIsTheSameInEveryVersion) {
  // As 22.05 says it: v0.0.38.
  const ClusterJob old = only_job(R"({"job_id":14,"array_job_id":12,"array_task_id":2,"name":"n",
    "cluster":"c1","comment":"k=1","user_name":"bob","account":"acc1","partition":"batch",
    "job_state":"FAILED","state_reason":"NonZeroExitCode","exit_code":1792,"priority":1,"submit_time":1795352083,
    "start_time":1795352152,"end_time":1795352158,"restart_cnt":1,"nodes":"c1n1"})");
  // v0.0.39: a word, and number objects.
  const ClusterJob middle = only_job(R"({"job_id":14,"array_job_id":{"set":true,"number":12},
    "array_task_id":{"set":true,"infinite":false,"number":2},"cluster":"c1","name":"n","comment":"k=1",
    "user_name":"bob","account":"acc1","partition":"batch","job_state":"FAILED",
    "state_reason":"NonZeroExitCode",
    "exit_code":{"status":"ERROR","return_code":7,"signal":{"signal_id":0,"name":"NONE"}},
    "priority":{"set":true,"infinite":false,"number":1},"submit_time":1795352083,
    "start_time":1795352152,"end_time":1795352158,"restart_cnt":1,"nodes":"c1n1"})");
  // v0.0.40 and later: a list of words, times as number objects.
  const ClusterJob newer = only_job(R"({"job_id":14,
    "array_job_id":{"set":true,"infinite":false,"number":12},
    "array_task_id":{"set":true,"infinite":false,"number":2},"cluster":"c1","name":"n","comment":"k=1",
    "user_name":"bob","account":"acc1","partition":"batch","job_state":["FAILED"],
    "state_reason":"NonZeroExitCode","exit_code":{"status":["ERROR"],
      "return_code":{"set":true,"infinite":false,"number":7},
      "signal":{"id":{"set":false,"infinite":false,"number":0},"name":""}},
    "priority":{"set":true,"infinite":false,"number":1},"hold":false,
    "submit_time":{"set":true,"infinite":false,"number":1795352083},
    "start_time":{"set":true,"infinite":false,"number":1795352152},
    "end_time":{"set":true,"infinite":false,"number":1795352158},"restart_cnt":1,"nodes":"c1n1"})");
  EXPECT_EQ(
      shown(old),
      R"({"id":14,"array_id":12,"array_task":2,"cluster":"c1","name":"n","comment":"k=1","user":"bob",)"
      R"("account":"acc1","partition":"batch","state":"failed","held":false,)"
      R"("reason":"NonZeroExitCode","submitted":"2026-11-22T12:54:43.000Z",)"
      R"("started":"2026-11-22T12:55:52.000Z","estimated_start":"1970-01-01T00:00:00.000Z",)"
      R"("ended":"2026-11-22T12:55:58.000Z","restarts":1,"exit_code":7,"signal":0,)"
      R"("nodes":"c1n1","tres":"","time_limit":0,"limit_at":"1970-01-01T00:00:00.000Z"})");
  EXPECT_EQ(shown(middle), shown(old));
  EXPECT_EQ(shown(newer), shown(old));
}

TEST(Shapes, TimesMeanWhatTheStateSays) {
  const std::string_view form = R"({{"job_id":1,"job_state":"{}","nodes":"{}","start_time":20,
    "end_time":30}})";
  const ClusterJob pending = only_job(fmt::format(fmt::runtime(form), "PENDING", ""));
  EXPECT_EQ(pending.estimated_start, Time{20'000});
  EXPECT_EQ(pending.started, Time{});
  EXPECT_EQ(pending.ended, Time{});
  const ClusterJob running = only_job(fmt::format(fmt::runtime(form), "RUNNING", "n1"));
  EXPECT_EQ(running.estimated_start, Time{});
  EXPECT_EQ(running.started, Time{20'000});
  EXPECT_EQ(running.ended, Time{});
  const ClusterJob ended = only_job(fmt::format(fmt::runtime(form), "TIMEOUT", "n1"));
  EXPECT_EQ(ended.started, Time{20'000});
  EXPECT_EQ(ended.ended, Time{30'000});
  const ClusterJob never_ran = only_job(fmt::format(fmt::runtime(form), "CANCELLED", ""));
  EXPECT_EQ(never_ran.started, Time{});
  EXPECT_EQ(never_ran.ended, Time{30'000});
}

TEST(Shapes, StatesAndTheirFlags) {
  struct Row {
    std::vector<std::string_view> words;
    ClusterState state;
    bool held = false;
  };
  const Row rows[] = {
      {{"PENDING"}, ClusterState::pending},
      {{"RUNNING"}, ClusterState::running},
      {{"SUSPENDED"}, ClusterState::running},
      {{"COMPLETED"}, ClusterState::completed},
      {{"CANCELLED"}, ClusterState::cancelled},
      {{"CANCELLED by 1000"}, ClusterState::cancelled},
      {{"FAILED"}, ClusterState::failed},
      {{"TIMEOUT"}, ClusterState::timeout},
      {{"NODE_FAIL"}, ClusterState::node_failed},
      {{"BOOT_FAIL"}, ClusterState::node_failed},
      {{"PREEMPTED"}, ClusterState::preempted},
      {{"DEADLINE"}, ClusterState::deadline},
      {{"OUT_OF_MEMORY"}, ClusterState::out_of_memory},
      {{"COMPLETING"}, ClusterState::running},
      {{"CONFIGURING"}, ClusterState::running},
      {{"STAGE_OUT"}, ClusterState::running},
      {{"REQUEUED"}, ClusterState::pending},
      {{"REQUEUE_HOLD"}, ClusterState::pending, true},
      {{"SPECIAL_EXIT"}, ClusterState::pending, true},
      {{"RUNNING", "CONFIGURING"}, ClusterState::running},
      {{"COMPLETED", "COMPLETING"}, ClusterState::running},
      {{"COMPLETING", "FAILED"}, ClusterState::running},
      {{"PENDING", "REQUEUED"}, ClusterState::pending},
      {{"NODE_FAIL", "REQUEUED"}, ClusterState::pending},
      {{"PENDING", "SPECIAL_EXIT"}, ClusterState::pending, true},
      {{"RUNNING", "A_NEW_FLAG"}, ClusterState::running},
      {{"PENDING", "LAUNCH_FAILED"}, ClusterState::pending},
      {{"RUNNING", "FAILED"}, ClusterState::strange},
      {{"REVOKED"}, ClusterState::strange},
      {{"A_NEW_STATE"}, ClusterState::strange},
      {{"pending"}, ClusterState::strange},
      {{""}, ClusterState::strange},
      {{}, ClusterState::strange},
  };
  for (const Row& row : rows) {
    const StateSeen seen = state_of(row.words);
    EXPECT_EQ(name_of(seen.state), name_of(row.state))
        << fmt::format("{}", fmt::join(row.words, " "));
    EXPECT_EQ(seen.held, row.held) << fmt::format("{}", fmt::join(row.words, " "));
  }
}

TEST(Shapes, AJobIsHeldByItsReasonOrItsPriority) {
  struct Row {
    std::string_view members;
    bool held;
  };
  const Row rows[] = {
      {R"("job_state":"PENDING","state_reason":"JobHeldUser","priority":0)", true},
      {R"("job_state":"PENDING","state_reason":"JobHeldAdmin")", true},
      {R"("job_state":["PENDING"],"priority":{"set":true,"infinite":false,"number":0})", true},
      {R"("job_state":["PENDING"],"priority":{"set":false,"infinite":false,"number":0})", false},
      {R"("job_state":"PENDING","state_reason":"Resources","priority":4)", false},
      {R"("job_state":"CANCELLED","state_reason":"JobHeldUser","priority":0)", false},
      {R"("job_state":"RUNNING","priority":0)", false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(only_job(fmt::format(R"({{"job_id":1,{}}})", row.members)).held, row.held)
        << row.members;
  }
}

TEST(Shapes, ExitCodes) {
  struct Row {
    std::string_view exit;
    int code;
    int signal;
  };
  const Row rows[] = {
      {"0", 0, 0},
      {"1792", 7, 0},
      {"9", 0, 9},
      {"15", 0, 15},
      {"139", 0, 11},  // with a core file
      {R"({"set":true,"infinite":false,"number":256})", 1, 0},
      {R"({"status":"SIGNALED","return_code":null,"signal":{"signal_id":53,"name":"x"}})", 0, 53},
      {R"({"status":["SIGNALED"],"return_code":{"set":false,"infinite":false,"number":0},
          "signal":{"id":{"set":true,"infinite":false,"number":9},"name":"KILL"}})",
       0, 9},
      {"null", 0, 0},
      {"-1", 0, 0},
      {R"("x")", 0, 0},
      {"[]", 0, 0},
      {R"({"return_code":99999,"signal":{"id":4000000000}})", 0, 0},
  };
  for (const Row& row : rows) {
    const ClusterJob job = only_job(fmt::format(R"({{"job_id":1,"exit_code":{}}})", row.exit));
    EXPECT_EQ(job.exit_code, row.code) << row.exit;
    EXPECT_EQ(job.signal, row.signal) << row.exit;
  }
}

TEST(Shapes, ArraysAndIds) {
  EXPECT_EQ(only_job(R"({"job_id":67108868})").id, 67'108'868U);
  const ClusterJob together = only_job(R"({"job_id":2,"array_job_id":2,"array_task_id":null})");
  EXPECT_EQ(together.array_id, 2U);
  EXPECT_FALSE(together.array_task.has_value());
  const ClusterJob unset = only_job(
      R"({"job_id":2,"array_job_id":{"set":true,"number":2},"array_task_id":{"set":false,"number":0}})");
  EXPECT_FALSE(unset.array_task.has_value());
  const ClusterJob first = only_job(R"({"job_id":9,"array_job_id":2,"array_task_id":0})");
  EXPECT_EQ(first.array_task, 0U);
  const ClusterJob alone = only_job(R"({"job_id":9,"array_job_id":0,"array_task_id":0})");
  EXPECT_EQ(alone.array_id, 0U);
  EXPECT_FALSE(alone.array_task.has_value());
  const ClusterJob no_value =
      only_job(R"({"job_id":9,"array_job_id":2,"array_task_id":4294967294})");
  EXPECT_FALSE(no_value.array_task.has_value());
}

TEST(Shapes, StrangeMembersAreNoValuesAndStrangeRepliesAreRefused) {
  const ClusterJob job = only_job(R"({"job_id":1,"name":7,"job_state":{"a":1},"submit_time":"x",
    "start_time":-5,"end_time":9223372036854775807,"restart_cnt":-1,"nodes":["a"],"comment":null})");
  EXPECT_EQ(job.id, 1U);
  EXPECT_EQ(job.state, ClusterState::strange);
  EXPECT_EQ(job.submitted, Time{});
  EXPECT_EQ(job.name, "");
  EXPECT_EQ(
      only_job(fmt::format(R"({{"job_id":1,"name":"{}"}})", std::string(9'000, 'x'))).name.size(),
      4'000U);
  for (const std::string_view body :
       {"", "null", "[]", "7", "Authentication failure", "<html></html>", "{", R"({"jobs":[})",
        R"({"jobs":[{"job_id":1},]})", R"({"jobs":[{"job_id":1} {"job_id":2}]})",
        R"({"jobs":[{}]})", R"({"jobs":[{"job_id":0}]})", R"({"jobs":[1]})",
        R"({"jobs":[{"job_id":1}]}x)", R"({"jobs":[{"job_id":1])", R"({"jobs")",
        R"({"errors":[],})", "{\"a\":\"\\"}) {
    EXPECT_FALSE(read_reply(body).has_value()) << body;
  }
}

TEST(Shapes, ErrorsInTheirForms) {
  const auto errors_of = [](std::string_view errors) {
    return read_reply(fmt::format(R"({{"errors":{}}})", errors)).value().errors;
  };
  EXPECT_THAT(errors_of(R"([{"error_code":2000,"error":"a"}])"),
              ElementsAre(ReplyError{2000, "a"}));
  EXPECT_THAT(errors_of(R"([{"errno":-1,"error":"a","description":"b"}])"),
              ElementsAre(ReplyError{-1, "a: b"}));
  EXPECT_THAT(errors_of(R"([{"error_number":2017,"description":"b","source":"s"}])"),
              ElementsAre(ReplyError{2017, "b"}));
  EXPECT_THAT(errors_of(R"([{"description":"b"}])"), ElementsAre(ReplyError{std::nullopt, "b"}));
  EXPECT_THAT(errors_of(R"([{"error_number":0,"error":"No error"}])"), IsEmpty());
  EXPECT_THAT(errors_of(R"("none")"), IsEmpty());
  std::string many = "[{\"errno\":1}";
  for (int i = 0; i < 100; ++i) many += ",{\"errno\":1}";
  EXPECT_EQ(errors_of(many + "]").size(), 16U);
  const auto update = read_reply(R"({"results":[{"job_id":1,"error_code":0,"error":"No error"},
    {"job_id":2,"error_code":2017,"error":"x","why":""}],"errors":[]})");
  EXPECT_THAT(update->errors, ElementsAre(ReplyError{2017, "x"}));
}

TEST(Shapes, RepliesOfASubmission) {
  const auto id_of = [](std::string_view body) { return read_reply(body).value().job_id; };
  EXPECT_EQ(id_of(R"({"errors":[],"job_id":4,"step_id":"BATCH","job_submit_user_msg":""})"), 4U);
  EXPECT_EQ(id_of(R"({"errors":[],"result":{"job_id":5,"step_id":"batch"},"job_id":5})"), 5U);
  EXPECT_EQ(id_of(R"({"errors":[],"result":{"job_id":6}})"), 6U);
  EXPECT_EQ(id_of(R"({"errors":[{"error_code":2000}],"job_id":null})"), std::nullopt);
  EXPECT_EQ(id_of(R"({"errors":[],"job_id":0})"), std::nullopt);
  EXPECT_EQ(id_of(R"({"errors":[],"job_id":4294967294})"), std::nullopt);
}

TEST(Shapes, Pings) {
  const auto up = [](std::string_view pings) {
    return read_reply(fmt::format(R"({{"pings":{}}})", pings)).value().controller_up;
  };
  EXPECT_EQ(up(R"([{"hostname":"a","ping":"UP","status":0,"mode":"primary"}])"), true);
  EXPECT_EQ(up(R"([{"ping":"DOWN"},{"ping":"UP"}])"), true);
  EXPECT_EQ(up(R"([{"hostname":"a","pinged":"UP","latency":7,"mode":"primary"}])"), true);
  EXPECT_EQ(up(R"([{"hostname":"a","responding":true,"primary":true}])"), true);
  EXPECT_EQ(up(R"([{"ping":"DOWN","status":-1}])"), false);
  EXPECT_EQ(up("[]"), false);
  EXPECT_EQ(up("{}"), std::nullopt);
}

TEST(Shapes, LastUpdate) {
  EXPECT_EQ(read_reply(R"({"jobs":[],"last_update":{"set":true,"infinite":false,"number":5}})")
                .value()
                .last_update,
            Time{5'000});
  EXPECT_EQ(read_reply(R"({"jobs":[]})").value().last_update, Time{});
}

std::string past_job(std::string_view name, std::string_view cluster, int submitted) {
  return fmt::format(R"({{"job_id":7,"name":"{}","cluster":"{}","user":"alice","account":"acc1",
    "association":{{"account":"acc1","cluster":"{}","partition":null,"user":"alice"}},
    "comment":{{"administrator":null,"job":"k=7","system":null}},
    "array":{{"job_id":0,"limits":{{}},"task":null,"task_id":null}},
    "time":{{"elapsed":2,"eligible":10,"start":12,"end":14,"submission":{}}},
    "state":{{"current":"FAILED","reason":"None"}},"nodes":"c1n1","partition":"batch",
    "exit_code":{{"status":"SUCCESS","return_code":0}}}})",
                     name, cluster, cluster, submitted);
}

TEST(Shapes, JobsOfTheDatabase) {
  const std::string body = fmt::format(R"({{"errors":[],"jobs":[{},{},{},{}]}})",
                                       past_job("a.f1", "c1", 10), past_job("a.f1", "c2", 10),
                                       past_job("a.f1", "c1", 9), past_job("a.f2", "c1", 10));
  const auto reply =
      read_past_reply(body, {.cluster = "c1", .from = Time{10'000}, .name_end = ".f1"});
  ASSERT_EQ(reply->jobs->size(), 1U);
  const ClusterJob& job = reply->jobs->front();
  EXPECT_EQ(job.user, "alice");
  EXPECT_EQ(job.comment, "k=7");
  EXPECT_EQ(job.state, ClusterState::failed);
  EXPECT_EQ(job.submitted, Time{10'000});
  EXPECT_EQ(job.started, Time{12'000});
  EXPECT_EQ(job.ended, Time{14'000});
  EXPECT_EQ(job.exit_code, 0);  // not known
  EXPECT_EQ(read_past_reply(body, {})->jobs->size(), 4U);

  const auto newer = read_past_reply(
      R"({"jobs":[{"job_id":8,"array":{"job_id":8,"task_id":{"set":true,"number":3}},
      "state":{"current":["CANCELLED"],"reason":"JobHeldUser"},"nodes":"None assigned",
      "exit_code":{"signal":{"id":{"set":true,"infinite":false,"number":9}}},
      "time":{"submission":10,"start":11,"end":11}}]})",
      {});
  EXPECT_EQ(newer->jobs->front().array_task, 3U);
  EXPECT_EQ(newer->jobs->front().signal, 9);
  EXPECT_EQ(newer->jobs->front().nodes, "");
  EXPECT_EQ(newer->jobs->front().started, Time{});
  EXPECT_FALSE(newer->jobs->front().held);
}

// As Slurm 22.05 has a job that was put back into the queue: a record for each run.
TEST(Shapes, RunsOfTheDatabase) {
  const auto record = [](std::string_view state, int submitted, int started, int ended,
                         std::string_view nodes) {
    return fmt::format(R"({{"job_id":7,"state":{{"current":"{}","reason":"None"}},"nodes":"{}",
      "time":{{"submission":{},"start":{},"end":{}}}}})",
                       state, nodes, submitted, started, ended);
  };
  const auto reply = read_past_reply(
      fmt::format(R"({{"errors":[],"jobs":[{},{},{}]}})", record("REQUEUED", 10, 11, 20, "c1n1"),
                  record("NODE_FAIL", 20, 30, 40, "c1n1"),
                  record("PENDING", 40, 0, 0, "None assigned")),
      {});
  std::string seen;
  for (const ClusterJob& run : *reply->jobs)
    seen += fmt::format("{} {}-{}, ", name_of(run.state), run.started.ms, run.ended.ms);
  EXPECT_EQ(seen, "requeued 11000-20000, node_failed 30000-40000, pending 0-0, ");
}

TEST(ReplyPieces, AreWhatStandsBetweenTheCommas) {
  const auto pieces = take_apart(R"( {"a": [1,{"jobs":[0]}], "jobs" : [ {"x":"],}\""} , [2] ,3],
    "b":"}"} )",
                                 10);
  ASSERT_TRUE(pieces.has_value());
  EXPECT_THAT(pieces->jobs, ElementsAre(R"({"x":"],}\""} )", "[2] ", "3"));
  EXPECT_EQ(pieces->envelope, " {\"a\": [1,{\"jobs\":[0]}], \"jobs\" : [],\n    \"b\":\"}\"} ");
  EXPECT_FALSE(take_apart(R"({"jobs":[1,2,3]})", 2).has_value());
  EXPECT_EQ(take_apart(R"({"jobs":[1,2]})", 2)->jobs.size(), 2U);
  EXPECT_TRUE(take_apart(R"({"jobs":[]})", 2)->has_jobs);
  EXPECT_FALSE(take_apart(R"({"jobs":null})", 2)->has_jobs);
  EXPECT_FALSE(take_apart("{}", 2)->has_jobs);
}

TEST(Shapes, ManyJobsAreReadPieceByPiece) {
  // More than one JSON document may have.
  const std::string job = R"({"job_id":1,"name":"n","job_state":"PENDING","filler":")" +
                          std::string(3'000, 'x') + "\"}";
  std::string body = R"({"jobs":[)" + job;
  for (int i = 0; i < 6'999; ++i) body += "," + job;
  body += "]}";
  ASSERT_GT(body.size(), std::size_t{20} * 1024 * 1024);
  EXPECT_EQ(read_reply(body)->jobs->size(), 7'000U);
}

}  // namespace
}  // namespace fabrica::sites::slurm
