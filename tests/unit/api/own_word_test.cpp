#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

#include "served.h"
#include "store/job_key.h"
#include "store/sent_output.h"

/// Jobs that speak for themselves over HTTP: with a token of their own, in single lines.
namespace fabrica::test {
namespace {

using jobs::JobId;

struct Said {
  std::string_view what;
  std::string_view body;
  std::string_view answer;  // the line, or status and code
  std::uint32_t with = 1;   // the attempt whose token is sent
  std::source_location where = std::source_location::current();
};

class OwnWordRoutes : public testing::Test {
 protected:
  OwnWordRoutes() : job_(served_.submit()) {}

  void say(std::initializer_list<Said> lines) {
    const store::JobKey key = *store::JobKey::open(served_.directory());
    for (const Said& line : lines) {
      const net::Response answer = served_.ask_bare(
          line.what, line.body, {{"Authorization", "Bearer " + key.token(job_, line.with)}});
      const std::string got =
          answer.status == 200 ? answer.body.substr(0, answer.body.find('\n')) : said(answer);
      expect_answer(got, line.answer, line.what, line.where);
    }
  }

  void bind() {
    served_.must(the_system,
                 jobs::ReportFromSite{north, jobs::SiteBound{job_, 1, "c1", {17, day_one}}});
  }

  Served served_;
  JobId job_;
};

TEST_F(OwnWordRoutes, ATaskAsksBeginsAndReturns) {
  say({{"POST /v1/jobs/1/own/begin?attempt=1&binding=17", "",
        "again job-1 is not yet known to be at its site; ask again."}});
  bind();
  say({{"POST /v1/jobs/1/own/begin?attempt=1&binding=18", "",
        "never job-1 is 17 at its site; 18 is a copy."},
       {"POST /v1/jobs/1/own/begin?attempt=1&binding=17", "", "go"},
       {"POST /v1/jobs/1/own/begin?attempt=1&binding=17", "", "go"},
       {"POST /v1/jobs/1/own/begin?attempt=2&binding=17", "",
        "never Attempt 1 of job-1 counts, not 2.", 2},
       {"POST /v1/jobs/1/own/return?attempt=1&binding=17&exit_code=3", "", "noted"},
       {"POST /v1/jobs/1/own/begin?attempt=1&binding=17", "", "finished 3"},
       {"POST /v1/jobs/1/own/return?attempt=1&binding=17&exit_code=256", "",
        "422 invalid exit_code"},
       {"POST /v1/jobs/1/own/return?attempt=1&binding=17&number=4", "",
        "never job-1 has no task 4."}});
}

TEST_F(OwnWordRoutes, OnlyTheJobItselfSpeaks) {
  bind();
  say({{"POST /v1/jobs/1/own/begin?attempt=1&binding=17", "", "401 unauthenticated Authorization",
        2},
       {"POST /v1/jobs/1/own/begin?attempt=2&binding=17", "", "401 unauthenticated Authorization"},
       {"POST /v1/jobs/2/own/begin?attempt=1&binding=17", "", "401 unauthenticated Authorization"},
       {"PUT /v1/jobs/2/own/output/stdout?attempt=1", "x", "401 unauthenticated Authorization"},
       {"GET /v1/jobs/1", "", "401 unauthenticated Authorization"},
       {"POST /v1/jobs/own/own/begin", "", "404 not_found job"}});
  EXPECT_EQ(said(served_.ask(admin, "POST /v1/jobs/1/own/begin?attempt=1&binding=17")),
            "401 unauthenticated Authorization");
}

TEST_F(OwnWordRoutes, WhatItPrintsIsKeptByOffset) {
  bind();
  say({{"PUT /v1/jobs/1/own/output/stdout?attempt=1&offset=0", "hello", "5"},
       {"PUT /v1/jobs/1/own/output/stdout?attempt=1&offset=3", "lo you", "9"},
       {"PUT /v1/jobs/1/own/output/stdout?attempt=1&offset=20", "gap", "9"},
       {"PUT /v1/jobs/1/own/output/stderr?attempt=1&offset=0", "oh", "2"},
       {"PUT /v1/jobs/1/own/output/stdout?attempt=1&run=1&offset=0", "again", "5"},
       {"PUT /v1/jobs/1/own/output/stdlog?attempt=1&offset=0", "x", "404 not_found log"},
       {"PUT /v1/jobs/1/own/output/stdout?attempt=2&offset=0", "x", "never", 2}});
  const store::SentOutput sent(served_.directory() / "output");
  const auto read = [](const std::filesystem::path& file) {
    std::ifstream in(file);
    return std::string{std::istreambuf_iterator<char>(in), {}};
  };
  EXPECT_EQ(read(sent.file(job_, 0, false)), "hello youagain");
  EXPECT_EQ(read(sent.file(job_, 0, true)), "oh");
}

}  // namespace
}  // namespace fabrica::test
