#include "sites/slurm/errors.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>

namespace fabrica::sites::slurm {
namespace {

using testing::HasSubstr;

Judgement judgement_of(AskKind kind, std::uint16_t status, std::string_view body) {
  Exchange exchange{.may_have_left = true, .status = status, .reply = {}, .trouble = {}};
  auto reply = kind == AskKind::past ? read_past_reply(body, {}) : read_reply(body);
  if (reply) {
    exchange.reply = *std::move(reply);
  } else {
    exchange.trouble = "cannot be read";
  }
  return judge(kind, exchange);
}

struct Row {
  AskKind kind;
  std::uint16_t status;
  std::string_view body;
  Came came;
};

void check(std::span<const Row> rows) {
  for (const Row& row : rows) {
    EXPECT_EQ(name_of(judgement_of(row.kind, row.status, row.body).came), name_of(row.came))
        << name_of(row.kind) << " " << row.status << " " << row.body;
  }
}

TEST(Errors, OfSubmissions) {
  using enum Came;
  constexpr AskKind kind = AskKind::submit;
  const Row rows[] = {
      {kind, 200, R"({"errors":[],"job_id":4,"step_id":"BATCH"})", done},
      {kind, 200, R"({"errors":[{"error_number":2042,"error":"held"}],"job_id":4})", done},
      {kind, 200, R"({"errors":[{"error_number":0}],"job_id":4})", done},
      {kind, 200, R"({"errors":[{"error_number":2000}],"job_id":4})", unclear},
      {kind, 500, R"({"errors":[],"job_id":4})", unclear},
      {kind, 200, R"({"errors":[]})", unclear},
      {kind, 200, R"({"errors":[{"error_number":2042}]})", unclear},
      {kind, 500, R"({"errors":[{"error_number":2000}],"job_id":null})", refused},
      {kind, 500, R"({"errors":[{"error_number":2045}],"job_id":null})", refused},
      {kind, 500, R"({"errors":[{"error_number":2014}],"job_id":null})", refused},
      {kind, 500, R"({"errors":[{"error_code":2029}]})", refused},
      {kind, 500, R"({"errors":[{"error_number":2000},{"error_number":-1}]})", unclear},
      {kind, 500, R"({"errors":[{"description":"no number"}]})", unclear},
      {kind, 500, R"({"errors":[{"error_number":2019}]})", unclear},
      {kind, 500, R"({"errors":[{"error_number":2027}]})", unsent},
      {kind, 500, R"({"errors":[{"error_number":2017}]})", refused},
      // A slurmctld that is gone, frozen, or does not take our token.
      {kind, 500, R"({"errors":[{"error_number":1800,"error":"connect failure"}]})", unclear},
      {kind, 500, R"({"errors":[{"error_number":5004,"error":"Socket timed out"}]})", unclear},
      {kind, 500, R"({"errors":[{"error_number":5005,"error":"Zero Bytes"}]})", unclear},
      {kind, 500, R"({"errors":[{"error_number":-1,"error":"Unspecified error"}]})", unclear},
      {kind, 500, R"({"errors":[]})", unclear},
      {kind, 500, "", unclear},
      {kind, 502, "<html>Bad Gateway</html>", unclear},
      {kind, 200, "<html></html>", unclear},
      // slurmrestd did not take the body, and asked nobody.
      {kind, 400, R"({"errors":[{"error_code":-1},{"error_number":-1},{"error_code":9001}]})",
       refused},
      {kind, 400, R"({"errors":[{"description":"Unknown key"},{"error_code":9001}]})", refused},
      {kind, 400, "Unable to parse query.", refused},
      {kind, 401, "Authentication failure", unsent},
      {kind, 404, "Unable find requested URL.", unsent},
      {kind, 405, "Requested REST method is not defined at URL.", unsent},
      {kind, 429, "", unsent},
      {kind, 304, "", unclear},
  };
  check(rows);
}

TEST(Errors, OfReleasesAndCancels) {
  using enum Came;
  for (const AskKind kind : {AskKind::release, AskKind::cancel}) {
    const Row rows[] = {
        {kind, 200, R"({"errors":[]})", done},
        {kind, 200, R"({"meta":{},"results":[{"job_id":1,"error_code":0}],"errors":[]})", done},
        {kind, 500, R"({"errors":[{"error_number":2017}]})", unknown},
        {kind, 404, R"({"errors":[{"error_number":2017}]})", unknown},
        {kind, 200, R"({"errors":[{"error_number":2017}]})", unknown},
        {kind, 500, R"({"errors":[{"error_number":2084}]})", done},
        {kind, 500, R"({"errors":[{"error_number":2021}]})", done},
        {kind, 500, R"({"errors":[{"error_number":2010}]})", refused},
        {kind, 500, R"({"errors":[{"error_number":2002}]})", refused},
        {kind, 200, R"({"errors":[{"error_code":9001}]})", refused},
        {kind, 500, R"({"errors":[{"error_number":2042}]})", unclear},
        {kind, 500, R"({"errors":[{"error_number":2020}]})", unclear},
        {kind, 500, R"({"errors":[{"error_number":-1}]})", unclear},
        {kind, 500, R"({"errors":[]})", unclear},
        {kind, 200, "", unclear},
        {kind, 404, "no such path", unsent},
        {kind, 401, "", unsent},
    };
    check(rows);
  }
  // The release of an array by v0.0.38.
  const Row rows[] = {
      {AskKind::release, 200, R"({"errors":[{"description":"job array update failed"}]})", done},
      {AskKind::release, 500, R"({"errors":[{"description":"job array update failed"}]})", unclear},
      {AskKind::cancel, 200, R"({"errors":[{"description":"who knows"}]})", unclear},
  };
  check(rows);
}

TEST(Errors, OfReads) {
  using enum Came;
  const Row rows[] = {
      {AskKind::list, 200, R"({"errors":[],"jobs":[]})", done},
      {AskKind::list, 200, R"({"errors":[],"jobs":[{"job_id":1}]})", done},
      {AskKind::list, 304, "", unchanged},
      {AskKind::list, 200, R"({"errors":[{"error_number":1900}],"jobs":[]})", unchanged},
      {AskKind::list, 200, R"({"errors":[{"errno":-1}],"jobs":[]})", unclear},
      {AskKind::list, 200, R"({"errors":[]})", unclear},
      {AskKind::list, 500, R"({"errors":[{"errno":-1}]})", unclear},
      {AskKind::list, 500, R"({"errors":[],"jobs":[]})", unclear},
      {AskKind::list, 200, "{", unclear},
      {AskKind::show, 200, R"({"errors":[],"jobs":[{"job_id":1}]})", done},
      {AskKind::show, 500, R"({"errors":[{"error_number":2017}],"jobs":[]})", unknown},
      {AskKind::show, 200, R"({"errors":[],"jobs":[]})", unclear},
      {AskKind::show, 304, "", unclear},
      {AskKind::past, 200, R"({"errors":[],"jobs":[]})", done},
      {AskKind::past, 200, R"({"errors":[{"error_number":9003}],"jobs":[]})", done},
      {AskKind::past, 200, R"({"errors":[{"error_number":7000}],"jobs":[]})", unclear},
      {AskKind::past, 200, R"({"errors":[{"error_number":9003},{"errno":7000}],"jobs":[]})",
       unclear},
      {AskKind::past, 500, R"({"errors":[]})", unclear},
      {AskKind::ping, 200, R"({"errors":[],"pings":[{"ping":"UP"}]})", done},
      {AskKind::ping, 200, R"({"errors":[],"pings":[{"ping":"DOWN"}]})", unclear},
      {AskKind::ping, 200, R"({"errors":[]})", unclear},
      {AskKind::ping, 500, "", unclear},
  };
  check(rows);
}

TEST(Errors, SilenceIsUnclearOnceARequestHasLeft) {
  for (const AskKind kind : {AskKind::submit, AskKind::cancel, AskKind::list, AskKind::past}) {
    Exchange exchange{.may_have_left = true, .status = 0, .reply = {}, .trouble = "gone"};
    EXPECT_EQ(judge(kind, exchange).came, Came::unclear);
    exchange.may_have_left = false;
    EXPECT_EQ(judge(kind, exchange).came, Came::unsent);
    EXPECT_EQ(judge(kind, exchange).text, "gone");
  }
}

TEST(Errors, TextsSayTheNumbers) {
  EXPECT_EQ(judgement_of(AskKind::submit, 500,
                         R"({"errors":[{"error_number":2000,"error":"Invalid partition"},
                            {"error_number":2001,"description":"x"}]})")
                .text,
            "slurmrestd answers 500: Invalid partition (2000); x (2001). The site has no partition "
            "of the name that its settings give it.");
  EXPECT_THAT(judgement_of(AskKind::submit, 500, R"({"errors":[{"error_number":2045}]})").text,
              HasSubstr("does not let the user of its settings use their account"));
  EXPECT_EQ(judgement_of(AskKind::submit, 200, R"({"errors":[],"job_id":4})").text, "");
  EXPECT_THAT(judgement_of(AskKind::submit, 200, "{}").text, HasSubstr("says nothing"));
}

TEST(Errors, ATokenIsSuspectWhereItsRefusalLooksLikeThat) {
  EXPECT_TRUE(
      judgement_of(AskKind::submit, 500, R"({"errors":[{"error_number":5005}]})").token_suspect);
  EXPECT_TRUE(judgement_of(AskKind::list, 500, R"({"errors":[{"errno":-1}]})").token_suspect);
  EXPECT_FALSE(judgement_of(AskKind::submit, 500, R"({"errors":[{"errno":5004}]})").token_suspect);
  EXPECT_FALSE(judgement_of(AskKind::submit, 500, R"({"errors":[{"errno":2000}]})").token_suspect);
  EXPECT_FALSE(judgement_of(AskKind::past, 200, R"({"errors":[{"errno":7000}]})").token_suspect);
  EXPECT_TRUE(judgement_of(AskKind::past, 200, R"({"errors":[{"errno":1007}]})").token_suspect);
}

}  // namespace
}  // namespace fabrica::sites::slurm
