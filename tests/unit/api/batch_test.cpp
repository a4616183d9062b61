#include <gtest/gtest.h>

#include "base/limits.h"
#include "served.h"

/// Many jobs in one request.
namespace fabrica::test::batch {
namespace {

using net::Headers;

std::string one(std::string_view name, std::string_view directive = "-t 5", int of_project = 1) {
  return fmt::format(
      R"({{"project":{},"script":"#!/bin/bash\n#SBATCH {}\ntrue\n","name":"{}","working_directory":"/tmp"}})",
      of_project, directive, name);
}

template <class... Jobs>
std::string body_of(const Jobs&... jobs) {
  std::string list;
  ((list += fmt::format("{}{}", list.empty() ? "" : ",", jobs)), ...);
  return fmt::format(R"({{"jobs":[{}]}})", list);
}

// "1 bad_script 2": of each job its number or why it was refused.
std::string in_order(const net::Response& response) {
  std::string text;
  for (const json::Value& job : parsed(response).get("jobs").items()) {
    const auto id = job.get("job").as_int();
    text += fmt::format("{}{}", text.empty() ? "" : " ",
                        id ? std::to_string(*id) : job.at("/problem/code").text());
  }
  return text;
}

TEST(Batch, EachIsTakenOrRefusedByItself) {
  Served served;
  const net::Response response =
      served.ask(member, "POST /v1/jobs:batch",
                 body_of(one("a"), one("b", "--no-such-option"), one("c", "-t 5", 77), one("d"),
                         one("e", "-q nobody"), one("f", "-t 5 -N 900")));
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(in_order(response), "1 bad_script not_found 2 bad_script does_not_fit");
  EXPECT_EQ(parsed(served.ask(member, "GET /v1/jobs/2")).get("name").text(), "d");
  EXPECT_EQ(parsed(response).at("/jobs/1/problem/errors/0/line").as_int(), 2);
  EXPECT_EQ(parsed(response).at("/jobs/5/problem/status").as_int(), 422);
}

TEST(Batch, TheSameRequestAgainMakesNoneTwice) {
  Served served;
  const Headers key{{"Idempotency-Key", "sweep-1"}};
  const std::string body = body_of(one("a"), one("a"), one("b"));
  EXPECT_EQ(in_order(served.ask(member, "POST /v1/jobs:batch", body, key)), "1 2 3");
  EXPECT_EQ(in_order(served.ask(member, "POST /v1/jobs:batch", body, key)), "1 2 3");
  EXPECT_EQ(in_order(served.ask(member, "POST /v1/jobs:batch", body)), "4 5 6");
  EXPECT_EQ(in_order(served.ask(member, "POST /v1/jobs:batch", body_of(one("other")), key)),
            "command_id_reused");
}

TEST(Batch, IsBounded) {
  Served served;
  EXPECT_EQ(said(served.ask(member, "POST /v1/jobs:batch", R"({"jobs":[]})")), "422 invalid jobs");
  std::string many = one("a");
  for (std::size_t i = 0; i < limits::batch_jobs_max; ++i) many += "," + one("a");
  EXPECT_EQ(said(served.ask(member, "POST /v1/jobs:batch", body_of(many))), "422 invalid jobs");
  EXPECT_EQ(said(served.ask(member, "POST /v1/jobs:batch", R"({"jobs":7})")), "422 invalid /jobs");
}

}  // namespace
}  // namespace fabrica::test::batch
