#include <gtest/gtest.h>

#include "served.h"

/// The ways of the areas over the wire: what is asked, by whom, in order, and what is said.
namespace fabrica::test {
namespace {

TEST(Areas, AProposalsWay) {
  Served served;
  constexpr std::string_view proposal =
      R"({"project":2,"title":"Rivalry","partition":"north-gpu","hours":"10.5","months":3,)"
      R"("civil_use":true,"open_research":false,"text":"We train a model."})";
  check(
      served,
      {
          {rival, "POST /v1/calls", R"({"mode":"plain","title":"A","partitions":["north-gpu"]})",
           "403 forbidden"},
          {officer, "POST /v1/calls", R"({"mode":"gone","title":"A","partitions":["north-gpu"]})",
           "404 not_found /mode"},
          {officer, "POST /v1/calls",
           R"({"mode":"plain","title":"A","partitions":["north-gpu","gone"]})",
           "404 not_found /partitions/1"},
          {officer, "POST /v1/calls", R"({"mode":"plain","title":"A","partitions":[]})",
           "422 invalid partitions"},
          {officer, "POST /v1/calls", R"({"mode":"plain","title":"A","partitions":["north-gpu"]})",
           "201"},
          {officer, "POST /v1/calls",
           R"({"mode":"plain","title":"A","partitions":["north-gpu"],"closes":"2001-01-01T00:00:00Z"})",
           "422 invalid closes"},
          {rival, "GET /v1/calls/call-5", "", "200"},
          {rival, "GET /v1/calls/6", "", "404 not_found call"},
          {rival, "GET /v1/modes", "", "200"},
          {lead, "POST /v1/calls/5/proposals", proposal, "404 not_found project"},
          {rival, "POST /v1/calls/5/proposals", R"({"project":2})", "422 invalid /title"},
          {rival, "POST /v1/calls/5/proposals", proposal, "201"},
          {rival, "GET /v1/proposals/5", "", "200"},
          {rival, "GET /v1/proposals/5/text", "", "200"},
          {lead, "GET /v1/proposals/5/text", "", "404 not_found proposal"},
          {rival, "POST /v1/proposals/5:assess", R"({"suitable":true})", "403 forbidden"},
          {north_operator, "POST /v1/proposals/5:assess", R"({"suitable":true,"text":"It fits."})",
           "200"},
          {north_operator, "POST /v1/proposals/5:assess", R"({"suitable":true})",
           "409 wrong_phase proposal"},
          {rival, "POST /v1/proposals/5:grant", "", "403 forbidden"},
          {officer, "POST /v1/proposals/5:grant", "", "201"},
          {lead, "POST /v1/awards/5:accept", "", "404 not_found award"},
          {officer, "POST /v1/awards/5:accept", "", "403 forbidden award"},
          {rival, "POST /v1/awards/5:accept", "", "200"},
          {rival, "POST /v1/awards/5:decline", "", "409 wrong_phase award"},
      });
  EXPECT_EQ(served.ask(rival, "GET /v1/proposals/5/text").body, "We train a model.");
  const json::Value award = parsed(served.ask(rival, "GET /v1/awards/5"));
  EXPECT_EQ(award.get("phase").text(), "active");
  EXPECT_EQ(award.get("amount").as_int(), ComputeTime{37'800'000}.unit_ms());
  const json::Value account =
      parsed(served.ask(rival, "GET /v1/accounts/" + award.get("account").text()));
  EXPECT_EQ(account.get("available").as_int(), 37'800'000);
}

TEST(Areas, HoursAreExact) {
  Served served;
  const auto propose = [](std::string_view hours) {
    return fmt::format(
        R"({{"project":2,"title":"A","partition":"north-gpu","hours":"{}","months":3,)"
        R"("civil_use":true,"open_research":true,"text":""}})",
        hours);
  };
  for (const std::string_view hours : {"", "x", "-1", "0", "1e3", "1.", "999999999999"}) {
    EXPECT_EQ(said(served.ask(rival, "POST /v1/calls/1/proposals", propose(hours))),
              "422 invalid /hours")
        << hours;
  }
  EXPECT_EQ(parsed(served.ask(rival, "POST /v1/calls/1/proposals", propose("0.1")))
                .get("amount")
                .as_int(),
            360'000);
}

TEST(Areas, TheLedger) {
  Served served;
  check(
      served,
      {
          {member, "POST /v1/partitions/north-gpu/capacity", R"({"hours":"5"})", "403 forbidden"},
          {admin, "POST /v1/partitions/gone/capacity", R"({"hours":"5"})",
           "404 not_found partition"},
          {admin, "POST /v1/partitions/north-gpu/capacity", R"({"hours":"five"})",
           "422 invalid /hours"},
          {admin, "POST /v1/partitions/north-gpu/capacity", R"({"hours":"500","text":"more"})",
           "200"},
          {admin, "POST /v1/partitions/north-gpu/capacity", R"({"hours":"-100"})", "200"},
          {admin, "POST /v1/partitions/north-gpu/capacity", R"({"hours":"-99999"})",
           "402 insufficient_balance amount"},
          {admin, "POST /v1/partitions/dark-gpu/capacity", R"({"hours":"1"})", "200"},
          {member, "POST /v1/transfers", R"({"from":13,"to":15,"hours":"1"})", "403 forbidden"},
          {rival, "POST /v1/transfers", R"({"from":13,"to":15,"hours":"1"})",
           "404 not_found account"},
          {admin, "POST /v1/transfers", R"({"from":13,"to":15,"hours":"0"})", "422 invalid /hours"},
          {admin, "POST /v1/transfers", R"({"from":13,"to":14,"hours":"1"})",
           "422 unit_mismatch to"},
          {admin, "POST /v1/transfers", R"({"from":13,"to":15,"hours":"1.5","text":"help"})",
           "201"},
          {admin, "POST /v1/exchanges",
           R"({"from":13,"to":14,"hours":"2","rate":{"numerator":32}})",
           "422 invalid /rate/denominator"},
          {admin, "POST /v1/exchanges",
           R"({"from":13,"to":14,"hours":"2","rate":{"numerator":32,"denominator":0}})",
           "422 bad_amount rate"},
          {admin, "POST /v1/exchanges",
           R"({"from":13,"to":14,"hours":"2","rate":{"numerator":32,"denominator":1}})", "201"},
          {south_operator, "POST /v1/accounts/13:correct", R"({"hours":"1"})",
           "404 not_found account"},
          {auditor, "POST /v1/accounts/13:correct", R"({"hours":"1"})", "403 forbidden account"},
          {north_operator, "POST /v1/accounts/13:correct", R"({"hours":"-1","text":"was free"})",
           "200"},
          {north_operator, "POST /v1/accounts/13:correct", R"({"hours":"1"})", "200"},
      });
  const auto available = [&](int account) {
    return to_hours(
        ComputeTime{parsed(served.ask(admin, fmt::format("GET /v1/accounts/{}", account)))
                        .get("available")
                        .as_int()
                        .value_or(0)});
  };
  EXPECT_EQ(available(2), "1300.000");
  EXPECT_EQ(available(13), "96.500");
  EXPECT_EQ(available(14), "164.000");
  EXPECT_EQ(available(15), "101.500");
}

TEST(Areas, AStatementIsReadPageByPage) {
  Served served;
  for (int i = 0; i < 9; ++i) served.submit();
  std::string kinds;
  std::string token;
  std::uint64_t last = 0;
  do {
    const json::Value page =
        parsed(served.ask(member, fmt::format("GET /v1/accounts/14/statement?limit=4{}{}",
                                              token.empty() ? "" : "&page_token=", token)));
    for (const json::Value& line : page.get("items").items()) {
      const auto seq = static_cast<std::uint64_t>(line.get("seq").as_int().value_or(0));
      EXPECT_GT(seq, last);
      last = seq;
      kinds += line.get("kind").text() + " ";
    }
    token = page.get("next_page_token").text();
  } while (!token.empty());
  EXPECT_EQ(kinds, "transfer_in hold hold hold hold hold hold hold hold hold ");
  EXPECT_EQ(
      parsed(served.ask(member, fmt::format("GET /v1/accounts/14/statement?after={}", last - 1)))
          .get("items")
          .items()
          .size(),
      1);
}

TEST(Areas, SitesAreDrained) {
  Served served;
  check(served, {
                    {member, "POST /v1/sites/north:drain", "", "403 forbidden site"},
                    {south_operator, "POST /v1/sites/north:drain", "", "403 forbidden site"},
                    {north_operator, "POST /v1/sites/gone:drain", "", "404 not_found site"},
                    {north_operator, "POST /v1/sites/north:drain", "", "200"},
                    {member, "POST /v1/jobs", job_body(), "422 does_not_fit"},
                    {admin, "POST /v1/sites/north:resume", "", "200"},
                    {member, "POST /v1/jobs", job_body(), "201"},
                    {member, "GET /v1/sites/gone", "", "404 not_found site"},
                    {member, "GET /v1/partitions/gone", "", "404 not_found partition"},
                });
}

TEST(Areas, SitesAreCheckedByTheirOperators) {
  Served served;
  check(served, {
                    {member, "POST /v1/sites/north:check", "", "403 forbidden site"},
                    {auditor, "POST /v1/sites/north:check", "", "403 forbidden site"},
                    {south_operator, "POST /v1/sites/north:check", "", "403 forbidden site"},
                    {north_operator, "POST /v1/sites/gone:check", "", "404 not_found site"},
                    {admin, "POST /v1/sites/south:check", "", "422 invalid site"},
                    {admin, "POST /v1/sites/north:check", "", "200"},
                });
  EXPECT_EQ(served.ask(north_operator, "POST /v1/sites/north:check").body,
            R"({"findings":[{"what":"token","verdict":"wrong","text":"no","mend":"mend"}]})");
}

TEST(Areas, TheBooksOfASiteAreForItsOperators) {
  Served served;
  check(served,
        {
            {member, "POST /v1/sites/north:reconcile", "{}", "403 forbidden site"},
            {south_operator, "POST /v1/sites/north:reconcile", "{}", "403 forbidden site"},
            {admin, "POST /v1/sites/south:reconcile", "{}", "422 invalid site"},
            {admin, "POST /v1/sites/north:reconcile",
             R"({"from":"2026-11-22T00:00:00Z","to":"2026-11-22T00:00:00Z"})", "422 invalid /from"},
            {admin, "POST /v1/sites/north:reconcile",
             R"({"from":"2025-01-01T00:00:00Z","to":"2026-11-22T00:00:00Z"})", "422 invalid /from"},
            {admin, "POST /v1/sites/north:reconcile", "{}", "200"},
        });
  EXPECT_EQ(served
                .ask(north_operator, "POST /v1/sites/north:reconcile",
                     R"({"from":"2026-11-22T00:00:00Z","to":"2026-11-23T00:00:00Z"})")
                .body,
            R"({"from":"2026-11-22T00:00:00.000Z","to":"2026-11-23T00:00:00.000Z",)"
            R"("partitions":[{"partition":"north-gpu","unit":"gpu","runs_charged":0,)"
            R"("runs_recorded":0,"charged":0,"recorded":7,"differences":[]}],"lines":[],)"
            R"("lines_left_out":0})");
}

TEST(Areas, AccountsAtSitesAreMendedByTheirOperators) {
  Served served;
  check(served, {
                    {member, "POST /v1/sites/north:mend", "", "403 forbidden site"},
                    {south_operator, "POST /v1/sites/north:mend", "", "403 forbidden site"},
                    {north_operator, "POST /v1/sites/gone:mend", "", "404 not_found site"},
                    {north_operator, "POST /v1/sites/north:mend", "", "200"},
                });
}

TEST(Areas, WhenSitesWereHeardOfIsKnown) {
  Served served;
  EXPECT_EQ(served.ask(member, "GET /v1/contacts").body,
            R"({"items":[{"site":"north","last":"1970-01-01T00:00:01.000Z","silent":true},)"
            R"({"site":"south","silent":false}]})");
}

TEST(Areas, ProjectsAndTheirMembers) {
  Served served;
  check(served,
        {
            {rival, "POST /v1/organisations", R"({"name":"Acme","country":"XX","kind":"sme"})",
             "201"},
            {rival, "POST /v1/organisations", R"({"name":"Acme","country":"Spain","kind":"sme"})",
             "422 invalid country"},
            {rival, "POST /v1/organisations", R"({"name":"Acme","country":"ES","kind":"club"})",
             "422 invalid /kind"},
            {rival, "POST /v1/projects", R"({"title":"Third","organisation":4})", "201"},
            {rival, "GET /v1/projects/3", "", "200"},
            {member, "POST /v1/projects/1/members", R"({"person":7})", "403 forbidden project"},
            {lead, "POST /v1/projects/1/members", R"({"person":99})", "404 not_found person"},
            {lead, "POST /v1/projects/1/members", R"({"person":7})", "200"},
            {rival, "GET /v1/projects/1", "", "200"},
            {lead, "DELETE /v1/projects/1/members/person-7", "", "200"},
            {rival, "GET /v1/projects/1", "", "404 not_found project"},
            {lead, "DELETE /v1/projects/1/members/5", "", "409 conflict person"},
            {lead, "DELETE /v1/projects/1/members/x", "", "404 not_found person"},
        });
}

}  // namespace
}  // namespace fabrica::test
