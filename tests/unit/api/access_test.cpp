#include <gtest/gtest.h>

#include "served.h"

namespace fabrica::test {
namespace {

using net::Headers;

TEST(Access, OnlyATokenInForceOpensTheDoor) {
  Served served;
  const Time now = live::now();
  const std::string good = served.token(member);
  const std::string expired =
      served.secrets().mint_token(member, "old", false, now - days(2), now - days(1));
  std::string wrong = good;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  const struct {
    std::string header;
    int status;
  } cases[] = {
      {"Bearer " + good, 200},
      {"Bearer " + wrong, 401},
      {"Bearer " + expired, 401},
      {"Bearer " + good + "0", 401},
      {"Bearer fab_", 401},
      {"Bearer ", 401},
      {"Basic " + good, 401},
      {good, 401},
      {"Bearer " + std::string(4000, 'x'), 401},
  };
  std::string first_refusal;
  for (const auto& [header, status] : cases) {
    const net::Response response = served.ask_bare(
        "GET /v1/me", "", Headers{{"Authorization", header}, {"X-Request-Id", "a"}});
    EXPECT_EQ(response.status, status) << header;
    if (status != 401) continue;
    EXPECT_EQ(response.headers.find("WWW-Authenticate"), "Bearer realm=\"fabrica\"");
    if (first_refusal.empty()) first_refusal = response.body;
    EXPECT_EQ(response.body, first_refusal) << "all failures look alike";
  }
  EXPECT_EQ(served.ask_bare("GET /v1/me").status, 401);
}

TEST(Access, MeIsWhoseTokenItIs) {
  Served served;
  served.secrets().put_person(member, {"Ada", "ada@example.org"});
  const json::Value me = parsed(served.ask(member, "GET /v1/me"));
  EXPECT_EQ(me.at("/person/id").as_int(), 6);
  EXPECT_EQ(me.at("/person/name").text(), "Ada");
  EXPECT_EQ(me.at("/person/email").text(), "ada@example.org");
  EXPECT_EQ(me.at("/projects/0/title").text(), "A project");
  EXPECT_EQ(me.at("/token/label").text(), "test");
  const json::Value them = parsed(served.ask(north_operator, "GET /v1/me"));
  EXPECT_EQ(them.at("/person/operates/0").text(), "north");
  EXPECT_FALSE(them.at("/person/name").exists());
}

TEST(Access, TokensAreMadeListedAndRevoked) {
  Served served;
  check(served,
        {
            {member, "POST /v1/tokens", R"({"label":"laptop"})", "201"},
            {member, "POST /v1/tokens", R"({"label":""})", "422 invalid /label"},
            {member, "POST /v1/tokens", R"({"label":"a","days":0})", "422 invalid /days"},
            {member, "POST /v1/tokens", R"({"label":"a","days":9999})", "422 invalid /days"},
            {member, "POST /v1/tokens", R"({"label":"a","person":5})", "403 forbidden /person"},
            {member, "POST /v1/tokens", R"({"label":"a","person":6})", "201"},
            {admin, "POST /v1/tokens", R"({"label":"a","person":5})", "201"},
            {admin, "POST /v1/tokens", R"({"label":"a","person":99})", "404 not_found /person"},
            {member, "GET /v1/tokens?person=5", "", "403 forbidden person"},
            {admin, "GET /v1/tokens?person=5", "", "200"},
            {member, "GET /v1/tokens?person=x", "", "422 invalid person"},
            {member, "DELETE /v1/tokens/999", "", "404 not_found token"},
            {member, "DELETE /v1/tokens/laptop", "", "404 not_found token"},
        });
  const json::Value made = parsed(served.ask(member, "POST /v1/tokens", R"({"label":"one"})"));
  const std::string header = "Bearer " + made.get("token").text();
  EXPECT_EQ(served.ask_bare("GET /v1/me", "", {{"Authorization", header}}).status, 200);
  EXPECT_EQ(served.ask(lead, "DELETE /v1/tokens/" + made.get("id").text()).status, 404)
      << "another's token";
  EXPECT_EQ(served.ask(member, "DELETE /v1/tokens/" + made.get("id").text()).status, 204);
  EXPECT_EQ(served.ask_bare("GET /v1/me", "", {{"Authorization", header}}).status, 401)
      << "at once";
  for (const json::Value& token :
       parsed(served.ask(member, "GET /v1/tokens")).get("items").items()) {
    EXPECT_NE(token.get("id").text(), made.get("id").text());
    EXPECT_FALSE(token.get("token").exists());
  }
}

TEST(Access, AReadOnlyTokenReads) {
  Served served;
  const std::string token =
      served.secrets().mint_token(member, "reader", true, live::now(), live::now() + days(1));
  const Headers header{{"Authorization", "Bearer " + token}};
  EXPECT_EQ(said(served.ask_bare("GET /v1/jobs", "", header)), "200");
  EXPECT_EQ(said(served.ask_bare("HEAD /v1/jobs", "", header)), "200");
  EXPECT_EQ(said(served.ask_bare("POST /v1/jobs", job_body(), header)),
            "403 forbidden Authorization");
  EXPECT_EQ(said(served.ask_bare("POST /v1/tokens", R"({"label":"a"})", header)),
            "403 forbidden Authorization");
  EXPECT_EQ(said(served.ask_bare("DELETE /v1/jobs/1", "", header)), "403 forbidden Authorization");
  EXPECT_EQ(parsed(served.ask(member, "GET /v1/jobs")).get("items").items().size(), 0);
}

TEST(Access, PeopleAreRegisteredAndErased) {
  Served served;
  check(served,
        {
            {member, "POST /v1/people", R"({"name":"Bea","email":"b@x.org"})", "403 forbidden"},
            {admin, "POST /v1/people", R"({"name":"Bea"})", "422 invalid /email"},
            {admin, "POST /v1/people", R"({"name":"Bea","email":"b@x.org","roles":["king"]})",
             "422 invalid /roles/0"},
            {admin, "POST /v1/people", R"({"name":"Bea","email":"b@x.org","operates":["nowhere"]})",
             "404 not_found /operates/0"},
            {admin, "POST /v1/people", R"({"name":"Bea","email":"b@x.org","organisation":9})",
             "404 not_found organisation"},
            {admin, "POST /v1/people",
             R"({"name":"Bea","email":"b@x.org","roles":["site_operator"],"operates":["north"]})",
             "201"},
            {admin, "GET /v1/people/person-9", "", "200"},
            {officer, "GET /v1/people/9", "", "200"},
            {member, "GET /v1/people/9", "", "404 not_found person"},
            {member, "GET /v1/people/6", "", "200"},
            {member, "GET /v1/people/999", "", "404 not_found person"},
            {member, "PUT /v1/people/6/roles", R"({"roles":["administrator"]})", "403 forbidden"},
            {member, "PUT /v1/people/5/roles", R"({"roles":[]})", "404 not_found person"},
            {admin, "PUT /v1/people/9/roles", R"({"roles":["auditor"]})", "200"},
            {member, "DELETE /v1/people/9/personal-data", "", "404 not_found person"},
            {officer, "DELETE /v1/people/9/personal-data", "", "404 not_found person"},
        });
  EXPECT_EQ(parsed(served.ask(admin, "GET /v1/people/9")).get("name").text(), "Bea");
  EXPECT_EQ(parsed(served.ask(admin, "GET /v1/people/9")).at("/roles/0").text(), "auditor");
  EXPECT_EQ(said(served.ask(admin, "DELETE /v1/people/9/personal-data")), "204");
  EXPECT_FALSE(parsed(served.ask(admin, "GET /v1/people/9")).get("name").exists());
  const net::Response log = served.ask(admin, "GET /v1/events?limit=1000");
  EXPECT_EQ(log.body.find("Bea"), std::string::npos) << "no name ever stood in the log";
}

}  // namespace
}  // namespace fabrica::test
