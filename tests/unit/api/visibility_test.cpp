#include <gtest/gtest.h>

#include "served.h"

namespace fabrica::test {
namespace {

// Each row: a thing, and what these say to it: member, rival (of another project), operator of its
// site, operator of another site, administrator, call officer, auditor.
TEST(Visibility, WhoSeesWhat) {
  Served served;
  const JobId job = served.submit();
  served.must(lead, calls::SubmitProposal{CallId{1}, project,
                                          with(calls::Application{}, &calls::Application::title,
                                               "More", &calls::Application::partition, gpu,
                                               &calls::Application::amount, unit_hours(1))});
  const struct {
    std::string what;
    std::array<int, 7> statuses;
    std::source_location where = std::source_location::current();
  } cases[] = {
      {"/v1/jobs/" + to_string(job), {200, 404, 200, 404, 200, 200, 200}},
      {"/v1/jobs/" + to_string(job) + "/script", {200, 404, 200, 404, 200, 200, 200}},
      {"/v1/jobs/" + to_string(job) + "/logs/stdout", {200, 404, 200, 404, 200, 200, 200}},
      {"/v1/projects/1", {200, 404, 404, 404, 200, 200, 200}},
      {"/v1/projects/1/accounts", {200, 404, 404, 404, 200, 200, 200}},
      {"/v1/accounts/14", {200, 404, 404, 404, 200, 200, 200}},
      {"/v1/accounts/14/statement", {200, 404, 404, 404, 200, 200, 200}},
      {"/v1/accounts/5", {404, 404, 404, 404, 200, 200, 200}},
      {"/v1/proposals/5", {200, 404, 200, 404, 200, 200, 200}},
      {"/v1/awards/1", {200, 404, 200, 404, 200, 200, 200}},
      {"/v1/sites/north", {200, 200, 200, 200, 200, 200, 200}},
      {"/v1/partitions/north-gpu", {200, 200, 200, 200, 200, 200, 200}},
      {"/v1/calls/1", {200, 200, 200, 200, 200, 200, 200}},
      {"/v1/events", {403, 403, 403, 403, 200, 403, 200}},
      {"/v1/log", {403, 403, 403, 403, 200, 403, 200}},
  };
  const std::array<PersonId, 7> people{member, rival,   north_operator, south_operator,
                                       admin,  officer, auditor};
  for (const auto& [what, statuses, where] : cases) {
    for (std::size_t i = 0; i < people.size(); ++i) {
      const net::Response response = served.ask(people[i], "GET " + what);
      expect_answer(response.status, statuses[i],
                    fmt::format("{} by person-{}", what, people[i].value), where);
    }
  }
}

// What a stranger is told of a thing of others is what they are told of nothing.
TEST(Visibility, AForeignThingLooksLikeNone) {
  Served served;
  const JobId job = served.submit();
  const auto told = [&](std::string_view what, std::string_view number,
                        std::string_view body = "") {
    std::string text = served.ask(rival, what, body, {{"X-Request-Id", "a"}}).body;
    for (const char before : {'-', '/', ' '}) {
      const std::string there = before + std::string(number);
      for (std::size_t at = text.find(there); at != std::string::npos; at = text.find(there)) {
        text.replace(at + 1, number.size(), "N");
      }
    }
    return text;
  };
  EXPECT_EQ(told("GET /v1/jobs/1", "1"), told("GET /v1/jobs/77", "77"));
  EXPECT_EQ(told("DELETE /v1/jobs/1", "1"), told("DELETE /v1/jobs/77", "77"));
  EXPECT_EQ(told("GET /v1/projects/1", "1"), told("GET /v1/projects/77", "77"));
  EXPECT_EQ(told("GET /v1/accounts/14", "14"), told("GET /v1/accounts/77", "77"));
  EXPECT_EQ(told("POST /v1/accounts/14:correct", "14", R"({"hours":"1"})"),
            told("POST /v1/accounts/77:correct", "77", R"({"hours":"1"})"));
  EXPECT_EQ(told("GET /v1/awards/1", "1"), told("GET /v1/awards/77", "77"));
  EXPECT_EQ(told("POST /v1/awards/1:accept", "1"), told("POST /v1/awards/77:accept", "77"));
  EXPECT_EQ(told("POST /v1/projects/1/members", "1", R"({"person":9})"),
            told("POST /v1/projects/77/members", "77", R"({"person":9})"));
  EXPECT_EQ(job, JobId{1});
}

TEST(Visibility, ListsHoldOnlyWhatMayBeSeen) {
  Served served;
  served.submit("one");
  served.submit("two");
  served.must(rival, calls::SubmitProposal{CallId{1}, other_project,
                                           with(calls::Application{}, &calls::Application::title,
                                                "Theirs", &calls::Application::partition, gpu,
                                                &calls::Application::amount, unit_hours(1))});
  const auto count = [&](PersonId who, std::string_view what) {
    return parsed(served.ask(who, what)).get("items").items().size();
  };
  const struct {
    std::string_view what;
    std::array<std::size_t, 6>
        counts;  // member, rival, north's operator, south's, administrator, auditor
    std::source_location where = std::source_location::current();
  } cases[] = {
      {"GET /v1/jobs", {2, 0, 2, 0, 2, 2}},
      {"GET /v1/jobs?project=1", {2, 0, 2, 0, 2, 2}},
      {"GET /v1/jobs?name=two", {1, 0, 1, 0, 1, 1}},
      {"GET /v1/jobs?site=south", {0, 0, 0, 0, 0, 0}},
      {"GET /v1/jobs?phase=ended", {0, 0, 0, 0, 0, 0}},
      {"GET /v1/projects", {1, 1, 0, 0, 2, 2}},
      {"GET /v1/organisations", {1, 1, 0, 0, 3, 3}},
      {"GET /v1/proposals", {4, 1, 0, 0, 5, 5}},
      {"GET /v1/awards", {4, 0, 0, 0, 4, 4}},
      {"GET /v1/sites", {3, 3, 3, 3, 3, 3}},
      {"GET /v1/partitions", {5, 5, 5, 5, 5, 5}},
  };
  const std::array<PersonId, 6> people{member,         rival, north_operator,
                                       south_operator, admin, auditor};
  for (const auto& [what, counts, where] : cases) {
    for (std::size_t i = 0; i < people.size(); ++i) {
      expect_answer(count(people[i], what), counts[i],
                    fmt::format("{} by person-{}", what, people[i].value), where);
    }
  }
}

}  // namespace
}  // namespace fabrica::test
