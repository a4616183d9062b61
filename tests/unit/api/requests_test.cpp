#include <gtest/gtest.h>

#include <set>

#include "served.h"

/// What is the same for all routes: problems, methods, ids of requests, bounds.
namespace fabrica::test {
namespace {

TEST(Requests, ProblemsSayWhatIsWrongAndWhere) {
  Served served;
  check(served,
        {
            {member, "GET /", "", "404 not_found"},
            {member, "GET /v1", "", "404 not_found"},
            {member, "GET /v1/nothing", "", "404 not_found"},
            {member, "GET /v1/jobs/", "", "404 not_found"},
            {member, "GET /v1/jobs/1/2/3/4/5/6/7", "", "404 not_found"},
            {anonymous, "GET /v1/nothing", "", "404 not_found"},
            {anonymous, "GET /v1/jobs", "", "401 unauthenticated Authorization"},
            {member, "DELETE /v1/jobs", "", "405 method_not_allowed"},
            {member, "PATCH /v1/jobs/1", "", "405 method_not_allowed"},
            {member, "GET /v1/sites/north:drain", "", "405 method_not_allowed"},
            {member, "OPTIONS /v1/jobs", "", "405 method_not_allowed"},
            {member, "GET /v1/jobs/0", "", "404 not_found job"},
            {member, "GET /v1/jobs/-1", "", "404 not_found job"},
            {member, "GET /v1/jobs/site-1", "", "404 not_found job"},
            {member, "GET /v1/jobs/99999999999999999999", "", "404 not_found job"},
            {member, "GET /v1/jobs/18446744073709551615", "", "404 not_found job"},
            {member, "GET /v1/jobs?limit=x", "", "422 invalid limit"},
            {member, "GET /v1/jobs?limit=0", "", "422 invalid limit"},
            {member, "GET /v1/jobs?limit=1001", "", "422 invalid limit"},
            {member, "GET /v1/jobs?phase=sleeping", "", "422 invalid phase"},
            {member, "GET /v1/jobs?project=one", "", "422 invalid project"},
            {member, "GET /v1/jobs?live=maybe", "", "422 invalid live"},
            {member, "GET /v1/jobs?page_token=zzz", "", "422 invalid page_token"},
            {member, "POST /v1/projects", "", "400 malformed"},
            {member, "POST /v1/projects", "{", "400 malformed"},
            {member, "POST /v1/projects", "{} x", "400 malformed"},
            {member, "POST /v1/projects", "[]", "422 invalid"},
            {member, "POST /v1/projects", R"({"title":7,"organisation":1})", "422 invalid /title"},
            {member, "POST /v1/projects", R"({"title":"A"})", "422 invalid /organisation"},
            {member, "POST /v1/projects", R"({"title":"A","organisation":-1})",
             "422 invalid /organisation"},
            {member, "POST /v1/projects", R"({"title":"A","organisation":77})",
             "404 not_found organisation"},
            {member, "POST /v1/projects", R"({"title":"","organisation":1})", "422 invalid title"},
            {member, "POST /v1/projects", R"({"title":"A","title":"B","organisation":1})",
             "422 invalid /title"},
            {member, "POST /v1/projects", R"({"title":"A","organisation":1,"unknown":{"a":[1]}})",
             "201"},
        });
}

TEST(Requests, AProblemIsWhatTheStandardSays) {
  Served served;
  const net::Response response =
      served.ask(member, "GET /v1/jobs/job-7", "", {{"X-Request-Id", "mine-1"}});
  EXPECT_EQ(response.content_type, "application/problem+json");
  const json::Value problem = parsed(response);
  EXPECT_EQ(problem.get("type").text(), "about:blank");
  EXPECT_EQ(problem.get("title").text(), "Not Found");
  EXPECT_EQ(problem.get("status").as_int(), 404);
  EXPECT_EQ(problem.get("detail").text(), "There is no job job-7 that you may see.");
  EXPECT_EQ(problem.get("instance").text(), "/v1/jobs/job-7");
  EXPECT_EQ(problem.get("request_id").text(), "mine-1");
  EXPECT_EQ(response.headers.find("X-Request-Id"), "mine-1");
}

TEST(Requests, EachHasAnIdOfItsOwn) {
  Served served;
  std::set<std::string> ids;
  for (int i = 0; i < 20; ++i)
    ids.emplace(served.ask_bare("GET /healthz").headers.find("X-Request-Id").value_or(""));
  EXPECT_EQ(ids.size(), 20);
  for (const std::string& theirs :
       {std::string("a\"b"), std::string(65, 'x'), std::string("a b")}) {
    const net::Response response = served.ask_bare("GET /healthz", "", {{"X-Request-Id", theirs}});
    EXPECT_NE(response.headers.find("X-Request-Id"), theirs);
  }
}

TEST(Requests, MethodsThatThereAreAreNamed) {
  Served served;
  EXPECT_EQ(served.ask(member, "PATCH /v1/jobs").headers.find("Allow"), "POST, GET, HEAD");
  EXPECT_EQ(served.ask(member, "GET /v1/sites/north:drain").headers.find("Allow"), "POST");
}

TEST(Requests, HeadIsGetWithoutItsBody) {
  Served served;
  const net::Response head = served.ask(member, "HEAD /v1/me");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.content_type, "application/json");
  EXPECT_EQ(served.ask(member, "HEAD /v1/jobs/7").status, 404);
  EXPECT_EQ(served.ask(admin, "HEAD /v1/events", "", {{"Accept", "text/event-stream"}}).status,
            200);
}

TEST(Requests, ABodyBeyondTheBoundIsRefused) {
  Served served;
  const std::string body = job_body("train", R"(,"name":")" + std::string(1024 * 1024, 'x') + "\"");
  EXPECT_EQ(served.ask(member, "POST /v1/jobs", body).status, 413);
  EXPECT_EQ(parsed(served.ask(member, "GET /v1/jobs")).get("items").items().size(), 0);
}

TEST(Requests, TheServerTellsHowItIs) {
  Served served;
  EXPECT_EQ(parsed(served.ask_bare("GET /healthz")).get("status").text(), "alive");
  EXPECT_EQ(parsed(served.ask_bare("GET /readyz")).get("status").text(), "ready");
  EXPECT_EQ(parsed(served.ask_bare("GET /v1/version")).get("version").text(), "0.0.0-test");
  served.submit();
  served.ask(member, "GET /v1/jobs/99");
  // The count of live jobs is told to those who watch after a reply is out.
  std::string metrics = served.ask_bare("GET /metrics").body;
  while (metrics.contains("fabrica_jobs_live 0\n")) metrics = served.ask_bare("GET /metrics").body;
  for (const std::string_view line :
       {"fabrica_http_requests_total{method=\"POST\",route=\"/v1/jobs\",status=\"201\"} 1\n",
        "fabrica_http_requests_total{method=\"GET\",route=\"/v1/jobs/{job}\",status=\"404\"} 1\n",
        "fabrica_http_request_seconds_count{method=\"POST\",route=\"/v1/jobs\"} 1\n",
        "fabrica_jobs_live 1\n", "fabrica_commands_accepted_total 1\n"}) {
    EXPECT_NE(metrics.find(line), std::string::npos) << line << "\n" << metrics;
  }
  EXPECT_EQ(metrics.find("/v1/jobs/99"), std::string::npos) << "no series for each id";
  EXPECT_EQ(said(served.ask_bare("GET /metrics", "", {{"X-Forwarded-For", "192.0.2.7"}})),
            "403 forbidden");
}

TEST(Requests, AStoppedWriterIsNotReady) {
  Served served;
  served.writer().stop();
  EXPECT_EQ(said(served.ask_bare("GET /readyz")), "503 unavailable");
  EXPECT_EQ(said(served.ask_bare("GET /healthz")), "200");
  EXPECT_EQ(said(served.ask(member, "POST /v1/jobs", job_body())), "503 unavailable");
  EXPECT_EQ(said(served.ask(member, "POST /v1/jobs:plan", job_body())), "503 unavailable");
  EXPECT_EQ(said(served.ask(admin, "GET /v1/log")), "503 unavailable");
  EXPECT_EQ(said(served.ask(member, "GET /v1/jobs")), "200");
}

}  // namespace
}  // namespace fabrica::test
