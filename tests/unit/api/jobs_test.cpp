#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <set>
#include <thread>

#include "served.h"

namespace fabrica::test {
namespace {

using net::Headers;

TEST(Jobs, AScriptBecomesAJob) {
  Served served;
  const net::Response response = served.ask(
      member, "POST /v1/jobs",
      R"({"project":1,"script":"#!/bin/bash\n#SBATCH --time=0:30:00 -c 4 -p north-cpu\ntrue\n",)"
      R"("name":"jobs/train.sh","working_directory":"/home/ada"})");
  ASSERT_EQ(response.status, 201) << response.body;
  const json::Value job = parsed(response).get("job");
  EXPECT_EQ(job.get("id").as_int(), 1);
  EXPECT_EQ(job.get("name").text(), "train.sh");
  EXPECT_EQ(job.get("owner").as_int(), 6);
  EXPECT_EQ(job.get("phase").text(), "placed");
  EXPECT_EQ(job.get("cpus_per_node").as_int(), 4);
  EXPECT_EQ(job.get("time_limit").as_int(), minutes(30).ms);
  EXPECT_GT(job.get("hold").as_int(), 0);
  EXPECT_EQ(served.ask(member, "GET /v1/jobs/1/script").body,
            "#!/bin/bash\n#SBATCH --time=0:30:00 -c 4 -p north-cpu\ntrue\n");
  EXPECT_EQ(parsed(served.ask(member, "GET /v1/jobs/job-1")).get("id").as_int(), 1);
}

TEST(Jobs, OneIsShownWithWhatTheSubmissionSays) {
  Served served;
  const net::Response response = served.ask(
      member, "POST /v1/jobs",
      R"({"project":1,"script":"#!/bin/bash\n#SBATCH -t 5 -a 2,7 -o a.out -M auto\ntrue\n",)"
      R"("working_directory":"/home/ada","user":"ada"})");
  ASSERT_EQ(response.status, 201) << response.body;
  const json::Value job = parsed(served.ask(member, "GET /v1/jobs/1"));
  EXPECT_EQ(job.get("user").text(), "ada");
  EXPECT_EQ(job.get("working_directory").text(), "/home/ada");
  EXPECT_EQ(job.get("output").text(), "a.out");
  EXPECT_FALSE(job.get("error").as_string().has_value());
  EXPECT_EQ(job.at("/task_list/0/array_task").as_int(), 2);
  EXPECT_EQ(job.at("/task_list/1/array_task").as_int(), 7);
}

TEST(Jobs, ListsThoseThatHadNotEndedBeforeATime) {
  Served served;
  const JobId done = served.submit("done");
  const JobId live = served.submit("live");
  const auto listed = [&](std::string_view since) {
    const std::string target = fmt::format("GET /v1/jobs?since={}", since);
    return parsed(served.ask(member, target)).get("items").items().size();
  };
  EXPECT_EQ(listed("2999-01-01T00:00:00Z"), 2);
  served.must(the_system, ended(done, Time{}, live::now(), jobs::Outcome::cancelled));
  EXPECT_EQ(listed("2999-01-01T00:00:00Z"), 1) << to_string(live);
  EXPECT_EQ(listed("1970-01-01T00:00:00Z"), 2);
  EXPECT_EQ(said(served.ask(member, "GET /v1/jobs?since=yesterday")), "422 invalid since");
}

TEST(Jobs, WhatCannotBeSubmitted) {
  Served served;
  const auto with_script = [](std::string_view directives, std::string_view more = "") {
    return fmt::format(
        R"({{"project":1,"script":"#!/bin/bash\n{}\ntrue\n","working_directory":"/home/ada"{}}})",
        directives, more);
  };
  const std::string hour = "#SBATCH --time=1:00:00";
  check(
      served,
      {
          {member, "POST /v1/jobs", with_script("echo"), "422 bad_script /script"},
          {member, "POST /v1/jobs", with_script("#SBATCH --tme=1"), "422 bad_script /script"},
          {member, "POST /v1/jobs", with_script(hour + " --qos=high"), "422 bad_script /script"},
          {member, "POST /v1/jobs", with_script(hour, R"(,"options":["--partition=gone"])"),
           "422 bad_script /script"},
          {member, "POST /v1/jobs", with_script(hour + " --clusters=gone"),
           "422 bad_script /script"},
          {member, "POST /v1/jobs", with_script(hour, R"(,"partition":"gone")"),
           "404 not_found /partition"},
          {member, "POST /v1/jobs", with_script(hour, R"(,"site":"gone")"), "404 not_found /site"},
          {member, "POST /v1/jobs", with_script(hour, R"(,"site":"dark")"), "422 does_not_fit"},
          {member, "POST /v1/jobs", with_script(hour, R"(,"site":"south","partition":"north-cpu")"),
           "422 does_not_fit"},
          {member, "POST /v1/jobs", with_script(hour + " -c 999"), "422 does_not_fit"},
          {member, "POST /v1/jobs",
           with_script("#SBATCH --time=2-00:00:00 -N4 --exclusive -p north-cpu"),
           "422 does_not_fit"},
          {rival, "POST /v1/jobs", with_script(hour), "404 not_found project"},
          {officer, "POST /v1/jobs", with_script(hour), "403 forbidden project"},
          {anonymous, "POST /v1/jobs", with_script(hour), "401 unauthenticated Authorization"},
          {member, "POST /v1/jobs", R"({"project":1,"script":"#!/bin/sh\n#SBATCH -t 1\n"})",
           "422 invalid /working_directory"},
          {member, "POST /v1/jobs", R"({"project":1})", "422 invalid /script"},
          {member, "POST /v1/jobs", R"({"project":1,"script":["a"]})", "422 invalid /script"},
          {member, "POST /v1/jobs", with_script(hour, R"(,"arguments":[1])"),
           "422 invalid /arguments/0"},
          {member, "POST /v1/jobs", with_script(hour, R"(,"environment":{"A":1})"),
           "422 invalid /environment/A"},
      });
  EXPECT_EQ(parsed(served.ask(member, "GET /v1/jobs")).get("items").items().size(), 0);
}

TEST(Jobs, EachMistakeHasItsLineAndColumn) {
  Served served;
  const net::Response response = served.ask(
      member, "POST /v1/jobs",
      R"({"project":1,"script":"#!/bin/bash\n#SBATCH --nodes=two\n#SBATCH --begin=noon --time=1:00\ntrue\n",)"
      R"("options":["--licenses=x"],"working_directory":"/home/ada"})");
  EXPECT_EQ(said(response), "422 bad_script /script");
  std::string all;
  for (const json::Value& error : parsed(response).get("errors").items()) {
    EXPECT_FALSE(error.get("text").text().empty());
    if (error.get("severity").text() != "error") continue;
    EXPECT_FALSE(error.get("hint").text().empty());
    all += fmt::format("{} {}:{} {}; ", error.get("origin").text(), error.get("line").text(),
                       error.get("column").text(), error.get("option").text());
  }
  EXPECT_EQ(all, "directive 2:17 --nodes; directive 3:9 --begin; command_line 0:1 --licenses; ");
}

TEST(Jobs, WarningsComeWithTheJob) {
  Served served;
  const json::Value answer = parsed(served.ask(
      member, "POST /v1/jobs",
      R"({"project":1,"script":"#!/bin/bash\n#SBATCH --time=1:00:00 --account=p9 -p north-cpu\ntrue\n",)"
      R"("working_directory":"/home/ada"})"));
  EXPECT_EQ(answer.at("/job/partition").text(), "north-cpu");
  EXPECT_EQ(answer.at("/diagnostics/0/option").text(), "--account");
  EXPECT_EQ(answer.at("/diagnostics/0/severity").text(), "warning");
}

TEST(Jobs, TheSameKeyMakesOneJob) {
  Served served;
  const Headers key{{"Idempotency-Key", "b7f1"}};
  const net::Response first = served.ask(member, "POST /v1/jobs", job_body(), key);
  const net::Response again = served.ask(member, "POST /v1/jobs", job_body(), key);
  const net::Response other = served.ask(member, "POST /v1/jobs", job_body("other"), key);
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_FALSE(first.headers.find("Idempotency-Replayed"));
  EXPECT_EQ(again.headers.find("Idempotency-Replayed"), "true");
  EXPECT_EQ(said(other), "422 command_id_reused Idempotency-Key");
  EXPECT_EQ(said(served.ask(lead, "POST /v1/jobs", job_body(), key)), "201")
      << "a key is one person's own";
  EXPECT_EQ(parsed(served.ask(member, "GET /v1/jobs")).get("items").items().size(), 2);
  EXPECT_EQ(said(served.ask(member, "POST /v1/jobs", job_body(), {{"Idempotency-Key", "a b"}})),
            "422 invalid Idempotency-Key");
  EXPECT_EQ(said(served.ask(member, "POST /v1/jobs", job_body(),
                            {{"Idempotency-Key", std::string(201, 'k')}})),
            "422 invalid Idempotency-Key");
}

TEST(Jobs, AClientMayNameItsJob) {
  Served served;
  const std::string name = "PUT /v1/jobs/0123456789abcdef0123456789abcdef";
  const net::Response first = served.ask(member, name, job_body());
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(served.ask(member, name, job_body()).body, first.body);
  EXPECT_EQ(said(served.ask(member, name, job_body("other"))),
            "422 command_id_reused Idempotency-Key");
  EXPECT_EQ(said(served.ask(lead, name, job_body())), "422 command_id_reused Idempotency-Key")
      << "nobody gets the reply to another's request";
  EXPECT_EQ(said(served.ask(member, "PUT /v1/jobs/7", job_body())), "422 invalid job");
  EXPECT_EQ(said(served.ask(member, "PUT /v1/jobs/" + std::string(32, '0'), job_body())),
            "422 invalid job");
  EXPECT_EQ(parsed(served.ask(member, "GET /v1/jobs")).get("items").items().size(), 1);
}

TEST(Jobs, APlanSaysWhereAndForHowMuch) {
  Served served;
  const json::Value plan = parsed(served.ask(
      member, "POST /v1/jobs:plan",
      R"({"project":1,"script":"#!/bin/bash\n#SBATCH --time=2:00:00 --gpus-per-node=1 -c 4\ntrue\n",)"
      R"("working_directory":"/home/ada"})"));
  std::string rows;
  for (const json::Value& row : plan.get("rows").items()) {
    rows += fmt::format("{} {} {} {}{}; ", row.get("partition").text(),
                        row.get("possible").as_bool().value_or(false) ? "yes" : "no",
                        row.get("units").text(), row.get("cost_hours").text(),
                        row.get("chosen").as_bool().value_or(false) ? " chosen" : "");
  }
  EXPECT_EQ(rows,
            "north-gpu yes 1/1 2.000; north-cpu no  ; south-lumi yes 1/2 1.000 chosen; south-nodes "
            "no  ; dark-gpu no  ; ");
  EXPECT_EQ(plan.get("chosen").text(), "south-lumi");
  EXPECT_EQ(plan.at("/rows/0/balance_after_hours").text(), "98.000");
  EXPECT_FALSE(plan.at("/rows/1/reason").text().empty());
  EXPECT_EQ(parsed(served.ask(member, "GET /v1/jobs")).get("items").items().size(), 0)
      << "nothing was submitted";
  check(served, {
                    {rival, "POST /v1/jobs:plan", job_body(), "404 not_found project"},
                    {member, "POST /v1/jobs:plan",
                     job_body("train", R"(,"options":["--test-only"])"), "200"},
                    {member, "POST /v1/jobs", job_body("train", R"(,"options":["--test-only"])"),
                     "422 bad_script /script"},
                    {member, "POST /v1/jobs:plan",
                     job_body("train", R"(,"options":["--time=399-0"])"), "200"},
                    {member, "POST /v1/jobs:plan", job_body("train", R"(,"options":["--bad"])"),
                     "422 bad_script /script"},
                    {officer, "POST /v1/jobs:plan", job_body(), "403 forbidden project"},
                });
  const json::Value none = parsed(
      served.ask(member, "POST /v1/jobs:plan", job_body("train", R"(,"options":["-c 999"])")));
  EXPECT_FALSE(none.get("chosen").exists());
  EXPECT_FALSE(none.get("refusal").text().empty());
}

TEST(Jobs, TheOutlookOfOneThatWaitsSaysWhyAndUntilWhen) {
  Served served;
  const auto all_of_it = [&] {
    const std::string script =
        R"(#!/bin/bash\n#SBATCH -t 60 -p north-gpu -N 4 --gpus-per-node=4\ntrue\n)";
    const net::Response response = served.ask(
        member, "POST /v1/jobs",
        fmt::format(R"({{"project":1,"script":"{}","working_directory":"/home/ada"}})", script));
    return fmt::format("/v1/jobs/{}", parsed(response).at("/job/id").as_int().value_or(0));
  };
  const std::string first = all_of_it();
  const std::string second = all_of_it();
  const json::Value runs = parsed(served.ask(member, "GET " + first + "/outlook"));
  EXPECT_EQ(runs.get("why").text(),
            "Its site has been told, and as far as is known there is room for it.");
  EXPECT_FALSE(runs.get("start").exists());
  const json::Value waits = parsed(served.ask(member, "GET " + second + "/outlook"));
  EXPECT_EQ(waits.get("phase").text(), "placed");
  EXPECT_EQ(waits.get("why").text(), "It waits in the queue of its site.");
  EXPECT_EQ(waits.get("partition").text(), "north-gpu");
  const auto start = parse_time(waits.get("start").text());
  ASSERT_TRUE(start.has_value());
  EXPECT_GT(*start, live::now());
  EXPECT_LT(*start, live::now() + hours(2));
  check(served, {{rival, "GET " + second + "/outlook", "", "404 not_found job"},
                 {member, "GET /v1/jobs/99/outlook", "", "404 not_found job"},
                 {member, "GET /v1/jobs/x/outlook", "", "404 not_found job"}});
}

TEST(Jobs, ACancelledJobEnds) {
  Served served;
  const JobId job = served.submit();
  const std::string path = "/v1/jobs/" + to_string(job);
  check(served, {{rival, "DELETE " + path, "", "404 not_found job"},
                 {auditor, "DELETE " + path, "", "403 forbidden job"},
                 {member, "DELETE " + path, "", "202"},
                 {north_operator, "DELETE " + path, "", "202"}});
  EXPECT_EQ(parsed(served.ask(member, "GET " + path)).get("cancel_requested").as_bool(), true);
  served.must(the_system, ended(job, Time{}, live::now(), jobs::Outcome::cancelled));
  EXPECT_EQ(said(served.ask(member, "DELETE " + path)), "202");
  EXPECT_EQ(parsed(served.ask(member, "GET " + path)).get("outcome").text(), "cancelled");
}

TEST(Jobs, PagesHoldEachJobOnce) {
  Served served;
  for (int i = 0; i < 25; ++i) served.submit(i % 2 == 0 ? "even" : "odd");
  for (const std::string_view filter : {"", "&name=odd"}) {
    std::vector<std::int64_t> seen;
    std::string token;
    int pages = 0;
    do {
      const json::Value page =
          parsed(served.ask(member, fmt::format("GET /v1/jobs?limit=4{}{}{}", filter,
                                                token.empty() ? "" : "&page_token=", token)));
      for (const json::Value& job : page.get("items").items())
        seen.push_back(job.get("id").as_int().value_or(0));
      token = page.get("next_page_token").text();
      ASSERT_LT(++pages, 20);
    } while (!token.empty());
    EXPECT_EQ(seen.size(), filter.empty() ? 25 : 12);
    EXPECT_TRUE(std::ranges::is_sorted(seen, std::greater{}));
    EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), seen.size());
  }
  const std::string token =
      parsed(served.ask(member, "GET /v1/jobs?limit=4")).get("next_page_token").text();
  EXPECT_EQ(said(served.ask(member, "GET /v1/jobs?name=odd&page_token=" + token)),
            "422 invalid page_token")
      << "of another list";
  EXPECT_EQ(said(served.ask(member, "GET /v1/jobs?limit=9&page_token=" + token)), "200");
}

TEST(Jobs, ALongPollAnswersWhenThePhaseHasCome) {
  Served served;
  const JobId job = served.submit();
  served.must(the_system, queued(job));
  EXPECT_EQ(parsed(served.ask(member, "GET /v1/jobs/1?wait=50&phase=queued")).get("phase").text(),
            "queued")
      << "it is there already";
  net::Response response;
  std::thread waiting([&] { response = served.ask(member, "GET /v1/jobs/1?wait=50"); });
  while (served.ask_bare("GET /metrics").body.find("fabrica_streams_waiting 1\n") ==
         std::string::npos) {
    std::this_thread::yield();
  }
  served.must(the_system, started(job, live::now()));
  served.must(the_system, ended(job, live::now(), live::now()));
  waiting.join();
  EXPECT_EQ(parsed(response).get("phase").text(), "ended");
  EXPECT_EQ(parsed(response).at("/task_list/0/outcome").text(), "completed");
  EXPECT_EQ(said(served.ask(member, "GET /v1/jobs/1?wait=61")), "422 invalid wait");
}

TEST(Jobs, ALongPollEndsWithItsTime) {
  Served served;
  served.submit();
  const Time before = live::now();
  EXPECT_EQ(parsed(served.ask(member, "GET /v1/jobs/1?wait=1")).get("phase").text(), "placed");
  EXPECT_GE(live::now() - before, milliseconds(1'000));
}

TEST(Jobs, ManyAtOnceAreAllDifferent) {
  Served served;
  constexpr int clients = 20;
  constexpr int each = 10;
  std::mutex mutex;
  std::set<std::int64_t> ids;
  std::vector<std::thread> threads;
  served.token(member);
  for (int i = 0; i < clients; ++i) {
    threads.emplace_back([&, i] {
      net::Client client = served.client();
      for (int j = 0; j < each; ++j) {
        const net::Response response =
            Served::send(client, "POST /v1/jobs", job_body(fmt::format("job-{}-{}", i, j)),
                         {{"Authorization", "Bearer " + served.token(member)}});
        const std::lock_guard lock(mutex);
        EXPECT_EQ(response.status, 201) << response.body;
        ids.insert(parsed(response).at("/job/id").as_int().value_or(0));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ids.size(), clients * each);
  served.writer().ask_and_wait([&](const State& state) {
    EXPECT_EQ(state.jobs.live, clients * each);
    EXPECT_EQ(broken_invariant(state), "");
  });
}

}  // namespace
}  // namespace fabrica::test
