#include "config/access_modes.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "config/own_sites.h"
#include "unit/config/support.h"

namespace fabrica::test {
namespace {

using namespace config;
using calls::AccessMode;
using calls::Step;
using federation::PersonId;

constexpr ComputeTime unit_hours(std::int64_t n) { return ComputeTime{n * 3'600'000}; }

std::vector<ModeEntry> shipped_modes() {
  auto modes = read_access_modes(shipped_data(), shipped());
  CHECK(modes.has_value(), modes ? "" : modes.error().text);
  return *std::move(modes);
}

const AccessMode& mode_in(const std::vector<ModeEntry>& modes, std::string_view slug) {
  const auto found =
      std::ranges::find(modes, slug, [](const ModeEntry& one) { return one.mode.slug; });
  CHECK(found != modes.end(), "a mode of this name is shipped");
  return found->mode;
}

std::string shown(const std::vector<calls::SizeRange>& sizes) {
  std::string text;
  for (const calls::SizeRange& size : sizes) {
    text +=
        fmt::format("{}{}{} {} to {}", text.empty() ? "" : ", ", size.approximate ? "about " : "",
                    name_of(size.unit), to_hours(size.min), to_hours(size.max));
  }
  return text;
}

TEST(AccessModes, EveryShippedModeRegisters) {
  const std::vector<ModeEntry> modes = shipped_modes();
  EXPECT_EQ(modes.size(), 8U);
  Desk desk;
  const auto registered = register_modes(modes, desk.execute());
  ASSERT_TRUE(registered) << registered.error().text;
  EXPECT_EQ(desk.log.records().size(), 8U);
  ASSERT_TRUE(register_modes(shipped_modes(), desk.execute()));
  EXPECT_EQ(desk.log.records().size(), 8U) << "the same modes again change nothing";
  EXPECT_EQ(desk.engine.state().calls.modes.size(), 8U);
}

TEST(AccessModes, SizesAndDurations) {
  struct Case {
    std::string_view slug;
    std::string_view sizes;
    std::vector<std::uint32_t> months;
    std::uint32_t working_days_to_access = 0;
  };
  const std::vector<ModeEntry> modes = shipped_modes();
  for (const Case& one : {
           Case{"playground",
                "gpu 500.000 to 500.000, core 500.000 to 500.000, node 100.000 to 100.000",
                {1, 2, 3},
                2},
           Case{"fast-lane", "gpu 10000.000 to 50000.000", {1, 2, 3}, 4},
           Case{"large-scale", "gpu 50000.000 to 2400000.000", {3, 6, 12}, 10},
           Case{"ai-for-science", "about node 20000.000 to 90000.000", {6}},
           Case{"benchmark", "about node 200.000 to 2500.000", {2, 3}},
           Case{"development", "about node 800.000 to 4500.000", {6, 12}},
           Case{"regular", "about node 20000.000 to 1800000.000", {12}},
           Case{"extreme-scale", "about node 100000.000 to 3000000.000", {12}},
       }) {
    const AccessMode& mode = mode_in(modes, one.slug);
    EXPECT_EQ(shown(mode.sizes), one.sizes) << one.slug;
    EXPECT_EQ(mode.months, one.months) << one.slug;
    EXPECT_EQ(mode.working_days_to_access, one.working_days_to_access) << one.slug;
    EXPECT_EQ(mode.days_to_accept, 14U) << one.slug;
    EXPECT_FALSE(mode.source.empty()) << one.slug;
    EXPECT_FALSE(mode.date.empty()) << one.slug;
  }
}

TEST(AccessModes, RulesAndSteps) {
  const std::vector<ModeEntry> modes = shipped_modes();
  const AccessMode& playground = mode_in(modes, "playground");
  EXPECT_EQ(playground.selection, calls::Selection::fifo);
  EXPECT_EQ(playground.steps, (std::vector{Step::eligibility, Step::technical_check}));
  std::string rules;
  for (const calls::RuleUse& use : playground.eligibility) rules += use.rule + " ";
  EXPECT_EQ(rules,
            "organisation_kind seat size_within duration_allowed partition_offered civil_use "
            "open_research ");
  EXPECT_EQ(playground.eligibility[0].any_of,
            (std::vector<std::string>{"start_up", "sme", "large_company"}));
  const std::vector<std::string>& seats = playground.eligibility[1].any_of;
  EXPECT_EQ(seats.size(), 27U + 2U);
  EXPECT_TRUE(std::ranges::is_sorted(seats));
  for (const std::string code : {"PT", "FR", "NO", "TR"})
    EXPECT_TRUE(std::ranges::binary_search(seats, code)) << code;
  EXPECT_FALSE(std::ranges::binary_search(seats, "US"));
  EXPECT_EQ(mode_in(modes, "large-scale").selection, calls::Selection::cut_off);
  EXPECT_EQ(mode_in(modes, "large-scale").steps.size(), 4U);
}

/// The shipped data, this machine as a site with capacity, and a start-up with a project.
struct OpenHouse : Desk {
  PersonId lead;
  federation::ProjectId project;
  federation::PartitionId local_cpu;

  OpenHouse() {
    Consortium consortium = shipped();
    add_local_site(consortium, {}, {2, 4'096, {}});
    CHECK(load(consortium, execute(), look()).has_value(), "the consortium loads");
    CHECK(register_modes(shipped_modes(), execute()).has_value(), "the modes register");
    local_cpu = partition("local-cpu");
    must({}, ledger::Command{ledger::AddCapacity{local_cpu, unit_hours(10'000), "a year"}});
    must({},
         ledger::Command{ledger::AddCapacity{partition("lumi-g"), unit_hours(10'000), "a year"}});
    const federation::OrganisationId start_up{
        must({}, federation::Command{federation::RegisterOrganisation{
                     {"Start-up", "PT", federation::OrganisationKind::start_up}}})};
    lead = PersonId{must({}, federation::Command{federation::RegisterPerson{start_up, {}, {}}})};
    project = federation::ProjectId{
        must(lead, federation::Command{federation::OpenProject{"A project", start_up}})};
  }

  federation::PartitionId partition(const std::string& slug) const {
    return engine.state().federation.partition_by_slug.at(slug);
  }

  std::uint64_t must(PersonId actor, Command command) {
    const auto reply = ask(actor, std::move(command));
    CHECK(reply.has_value(), reply ? "" : reply.error().text);
    return reply->id;
  }

  Result<Reply> open(const std::string& mode, federation::PartitionId partition) {
    return ask({}, calls::Command{calls::OpenCall{
                       engine.state().calls.mode_by_slug.at(mode), "A call", {partition}}});
  }

  /// What the rules said no to.
  std::string failures(calls::CallId call, ComputeTime amount, std::uint32_t months) {
    calls::Application application;
    application.title = "Some work";
    application.partition = local_cpu;
    application.amount = amount;
    application.months = months;
    application.civil_use = true;
    application.open_research = true;
    const calls::ProposalId id{
        must(lead, calls::Command{calls::SubmitProposal{call, project, application}})};
    std::string failed;
    for (const calls::Verdict& verdict : engine.state().calls.proposals.at(id).eligibility) {
      if (!verdict.passed) failed += verdict.rule + " ";
    }
    return failed;
  }
};

TEST(AccessModes, ThePlaygroundOpensForThisMachine) {
  OpenHouse house;
  const auto call = house.open("playground", house.local_cpu);
  ASSERT_TRUE(call) << call.error().text;
  const calls::CallId id{call->id};
  EXPECT_EQ(house.failures(id, unit_hours(500), 1), "");
  EXPECT_EQ(house.failures(id, unit_hours(499), 1), "size_within ");
  EXPECT_EQ(house.failures(id, unit_hours(500), 4), "duration_allowed ");
}

TEST(AccessModes, CallsThatCannotRunAreRefused) {
  OpenHouse house;
  const federation::PartitionId lumi = house.partition("lumi-g");
  expect_refused(house.open("large-scale", lumi), {"large-scale", "peer review"}, "peer review");
  expect_refused(house.open("fast-lane", house.local_cpu), {"local-cpu", "core-hours", "fast-lane"},
                 "another unit");
  EXPECT_TRUE(house.open("fast-lane", lumi));
  EXPECT_TRUE(house.open("playground", lumi));
}

TEST(AccessModes, AMistakeIsToldWithItsLine) {
  struct Case {
    std::string_view what;
    std::string_view old_part;
    std::string_view part;
    std::initializer_list<std::string_view> parts;
    std::source_location where = std::source_location::current();
  };
  for (const Case& one : std::initializer_list<Case>{
           {"an unknown rule",
            "rule = \"civil_use\"",
            "rule = \"civil_usage\"",
            {"playground.toml:",
             "eligibility.rule: There is no rule \"civil_usage\". Did you mean \"civil_use\"?"}},
           {"an unknown group",
            "\"eu_member_state\"",
            "\"eu_member_states\"",
            {"eligibility.any_of_groups: There is no group of countries \"eu_member_states\". Did "
             "you mean \"eu_member_state\"?"}},
           {"a group without countries",
            "\"eu_member_state\", \"eurohpc_participating_state\", ",
            "",
            {"eligibility.any_of_groups: Name a group that has countries"}},
           {"an unknown source",
            "source = \"S1 S2\"",
            "source = \"S1 S200\"",
            {"Mode \"playground\" names the source \"S200\""}},
           {"the source of a rule",
            "source = \"S3\"",
            "source = \"S300\"",
            {"Rule \"civil_use\" names the source \"S300\""}},
           {"no reason",
            "reason = \"Choose a duration of 1, 2 or 3 months.\"",
            "reason = \"\"",
            {"eligibility.reason: Say what an applicant should do"}},
           {"no size",
            "[size]\nunit = \"gpu\"\nfixed = true",
            "",
            {"eligibility.rule: Add [size]"}},
           {"an empty size",
            "fixed = true",
            "",
            {"size: Give min_hours, max_hours or both, or fixed = true"}},
           {"a size upside down",
            "fixed = true",
            "min_hours = 2\nmax_hours = 1.5",
            {"size.min_hours: Make min_hours at most max_hours"}},
           {"hours that are none",
            "fixed = true",
            "min_hours = -2",
            {"size.min_hours: \"-2\" is no number of hours"}},
           {"hours as text",
            "fixed = true",
            "min_hours = \"2\"",
            {"size.min_hours:", "is no number of hours"}},
           {"two packages of a unit",
            "unit = \"core\"",
            "unit = \"gpu\"",
            {"package.unit: Keep one package in GPU-hours"}},
           {"a package of a partition",
            "unit = \"core\"",
            "unit = \"core\"\npartition = \"local-cpu\"",
            {"package.partition: Leave out partition"}},
           {"an unknown step",
            "\"technical_check\"",
            "\"technical_review\"",
            {"steps: Give one of \"eligibility\", \"technical_check\", \"peer_review\" or "
             "\"ranking\""}},
           {"an unknown selection",
            "selection = \"fifo\"",
            "selection = \"lottery\"",
            {"selection: Give one of \"fifo\" or \"cut_off\": found \"lottery\"."}},
           {"the id of another",
            "id = \"playground\"",
            "id = \"fast-lane\"",
            {"playground.toml:",
             "id: Give this mode another id: \"fast-lane\" is there already at ",
             "fast-lane.toml:3"}}}) {
    const DataCopy data;
    data.edit("access-modes/playground.toml", one.old_part, one.part);
    expect_refused(read_access_modes(data.path(), shipped()), one.parts, one.what, one.where);
  }
}

TEST(AccessModes, WhatTheEngineRefusesIsToldWithItsLine) {
  const DataCopy data;
  data.edit("access-modes/playground.toml", "months = [1, 2, 3]", "months = []");
  const auto modes = read_access_modes(data.path(), shipped());
  ASSERT_TRUE(modes) << modes.error().text;
  Desk desk;
  expect_refused(
      register_modes(*modes, desk.execute()),
      {"playground.toml:3: Mode \"playground\": A mode offers at least one duration in months."},
      "months");
}

TEST(AccessModes, HistoryIsNoSize) {
  const DataCopy data;
  data.edit("access-modes/playground.toml", "hours = 500\ntemplate = true",
            "hours = 0.25\nyear = 2024");
  data.edit("access-modes/playground.toml", "hours = 500\n", "hours = 0.25\n");
  const auto modes = read_access_modes(data.path(), shipped());
  ASSERT_TRUE(modes) << modes.error().text;
  EXPECT_EQ(shown(mode_in(*modes, "playground").sizes),
            "core 0.250 to 0.250, node 100.000 to 100.000");
}

}  // namespace
}  // namespace fabrica::test
