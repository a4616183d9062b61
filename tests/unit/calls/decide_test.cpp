#include "calls/decide.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "unit/support/world.h"

namespace fabrica::test {
namespace {

using namespace calls;

const std::string too_long(limits::name_bytes_max + 1, 'x');
constexpr ComputeTime above{amount_max.unit_ms() + 1};

TEST(Decide, RegisterMode) {
  World world = consortium();
  const AccessMode mode = playground();
  const auto set = [&](auto member, auto value) { return RegisterMode{with(mode, member, value)}; };
  const auto size = [&](Unit unit, ComputeTime min, ComputeTime max) {
    return RegisterMode{
        with(mode, &AccessMode::sizes, std::vector{SizeRange{unit, min, max, false}})};
  };
  const RuleUse unknown{"good_looks", {}, "No."};
  check(world,
        {{"needs the administrator", officer, RegisterMode{mode}, "forbidden"},
         {"a slug", admin, set(&AccessMode::slug, ""), "invalid slug"},
         {"a name", admin, set(&AccessMode::name, too_long), "invalid name"},
         {"short texts", admin,
          set(&AccessMode::source, std::string(limits::text_bytes_max + 1, 'x')), "invalid source"},
         {"in UTF-8, in the rules too", admin,
          set(&AccessMode::eligibility, std::vector{RuleUse{"seat", {"\xff"}, "No."}}),
          "invalid any_of"},
         {"not too many rules", admin,
          set(&AccessMode::eligibility, std::vector(limits::eligibility_rules_max + 1, unknown)),
          "too_many eligibility"},
         {"known rules", admin,
          set(&AccessMode::eligibility, std::vector{mode.eligibility[0], unknown}),
          "unknown_rule eligibility"},
         {"a size that can be met", admin, size(Unit::gpu, unit_hours(11), unit_hours(10)),
          "invalid sizes"},
         {"above zero", admin, size(Unit::gpu, unit_hours(0), unit_hours(0)), "invalid sizes"},
         {"within bounds", admin, size(Unit::gpu, unit_hours(1), above), "invalid sizes"},
         {"no debts", admin, size(Unit::gpu, unit_hours(-1), unit_hours(1)), "invalid sizes"},
         {"one a unit", admin, set(&AccessMode::sizes, std::vector(2, mode.sizes.front())),
          "invalid sizes"},
         {"a duration", admin, set(&AccessMode::months, std::vector<std::uint32_t>{}),
          "invalid months"},
         {"of some months", admin, set(&AccessMode::months, std::vector<std::uint32_t>{1, 0}),
          "invalid months"},
         {"and not for ever", admin,
          set(&AccessMode::months, std::vector<std::uint32_t>{4'000'000'000}), "invalid months"},
         {"time to accept", admin, set(&AccessMode::days_to_accept, 0), "invalid days_to_accept"},
         {"some time", admin, set(&AccessMode::days_to_accept, 4'000'000'000),
          "invalid days_to_accept"},
         {"steps in order", admin,
          set(&AccessMode::steps, std::vector{Step::technical_check, Step::eligibility}),
          "invalid steps"},
         {"", admin, RegisterMode{mode}, "ModeRegistered"},
         {"the same again", admin, RegisterMode{mode}, "nothing"},
         {"other facts", admin, set(&AccessMode::days_to_accept, 7), "ModeRegistered"},
         {"no rules and no sizes is a mode too", admin, RegisterMode{plain_mode()},
          "ModeRegistered"}});
  EXPECT_EQ(world.state.calls.modes.at(playground_mode).days_to_accept, 7U);
  EXPECT_EQ(world.state.calls.last_mode, 2U);
}

TEST(Decide, OpenCall) {
  World world = with_capacity();
  world.must(admin, RegisterMode{playground()});
  world.must(admin, RegisterMode{with(playground(), &AccessMode::slug, "ranked",
                                      &AccessMode::selection, Selection::cut_off)});
  world.must(admin,
             RegisterMode{with(playground(), &AccessMode::slug, "reviewed", &AccessMode::steps,
                               std::vector{Step::eligibility, Step::peer_review})});
  const auto call = [](ModeId mode, std::vector<PartitionId> partitions, Time closes = never) {
    return OpenCall{mode, "A call", std::move(partitions), closes};
  };
  check(world,
        {{"needs a call officer", lead, call(playground_mode, {gpu}), "forbidden"},
         {"a known mode", officer, call(ModeId{99}, {gpu}), "not_found mode"},
         {"a title", officer, OpenCall{playground_mode, "", {gpu}}, "invalid title"},
         {"no ranking yet", officer, call(ModeId{2}, {gpu}), "invalid mode"},
         {"no review yet", officer, call(ModeId{3}, {gpu}), "invalid mode"},
         {"known partitions", officer, call(playground_mode, {gpu, PartitionId{99}}),
          "not_found partitions"},
         {"with capacity", officer, call(playground_mode, {gpu, dark_gpu}), "conflict partitions"},
         {"billed in a unit of the mode", officer, call(playground_mode, {gpu, cpu}),
          "invalid partitions"},
         {"at least one", officer, call(playground_mode, {}), "invalid partitions"},
         {"each once", officer, call(playground_mode, {gpu, lumi, gpu}), "invalid partitions"},
         {"closing later", officer, call(playground_mode, {gpu}, day_one), "invalid closes"},
         {"at a time that can be written", officer,
          call(playground_mode, {gpu}, never - milliseconds(1)), "invalid closes"},
         {"", officer, call(playground_mode, {lumi, gpu}, day_one + milliseconds(1)), "CallOpened"},
         {"or never", admin, call(playground_mode, {gpu}), "CallOpened"}});
  EXPECT_EQ(world.state.calls.calls.at(CallId{1}).partitions, (std::vector{gpu, lumi}))
      << "ascending";
  EXPECT_EQ(world.state.calls.calls.at(CallId{1}).opens, day_one);
}

TEST(Decide, SubmitProposal) {
  World world = with_call();
  world.must(officer, OpenCall{playground_mode, "Short", {gpu}, day_one + hours(1)});
  const auto propose = [](auto member, auto value) {
    return SubmitProposal{playground_call, project, with(application(), member, value)};
  };
  check(
      world,
      {{"to a known call", lead, SubmitProposal{CallId{99}, project, application()},
        "not_found call"},
       {"of a known project", lead, SubmitProposal{playground_call, ProjectId{99}, application()},
        "not_found project"},
       {"by its lead", member, SubmitProposal{playground_call, project, application()},
        "forbidden project"},
       {"not by an administrator", admin, SubmitProposal{playground_call, project, application()},
        "forbidden project"},
       {"a title", lead, propose(&Application::title, ""), "invalid application/title"},
       {"a partition", lead, propose(&Application::partition, PartitionId{99}),
        "not_found application/partition"},
       {"an amount", lead, propose(&Application::amount, unit_hours(0)),
        "invalid application/amount"},
       {"within bounds", lead, propose(&Application::amount, above), "invalid application/amount"},
       {"some months", lead, propose(&Application::months, 0), "invalid application/months"},
       {"and not for ever", lead, propose(&Application::months, 4'000'000'000),
        "invalid application/months"},
       {"", lead, SubmitProposal{playground_call, project, application()},
        "ProposalSubmitted EligibilityChecked"}});
  EXPECT_EQ(world.state.calls.proposals.at(ProposalId{1}).phase, ProposalPhase::eligible);
  const SubmitProposal late{CallId{2}, project, application()};
  world.now = day_one + hours(1) - milliseconds(1);
  check(world, {{"the last moment", lead, late, "ProposalSubmitted EligibilityChecked"}});
  world.now = day_one + hours(1);
  check(world, {{"closed", lead, late, "call_closed call"}});
}

struct EligibilityCase {
  std::string_view what;
  PersonId actor;
  ProjectId project;
  Application application;
  std::string_view failed;
  std::source_location where = std::source_location::current();
};

// An ineligible proposal is kept with each rule's verdict, in the mode's order, and goes no
// further.
TEST(Decide, EveryReasonIsKept) {
  World world = with_call();
  world.must(rival, federation::OpenProject{"From afar", far_company});
  const ProjectId from_afar{3};
  const auto but = [](auto member, auto value) { return with(application(), member, value); };
  const Application all_wrong =
      with(application(), &Application::amount, unit_hours(9), &Application::months, 12,
           &Application::partition, cpu, &Application::civil_use, false,
           &Application::open_research, false);
  for (const EligibilityCase& one :
       {EligibilityCase{"eligible", lead, project, application(), ""},
        EligibilityCase{"too small", lead, project, but(&Application::amount, unit_hours(9)),
                        "size_within"},
        EligibilityCase{"too large", lead, project, but(&Application::amount, unit_hours(11)),
                        "size_within"},
        EligibilityCase{"too long", lead, project, but(&Application::months, 4),
                        "duration_allowed"},
        EligibilityCase{"elsewhere", lead, project, but(&Application::partition, dark_gpu),
                        "partition_offered"},
        EligibilityCase{"not civil", lead, project, but(&Application::civil_use, false),
                        "civil_use"},
        EligibilityCase{"secret", lead, project, but(&Application::open_research, false),
                        "open_research"},
        EligibilityCase{"a university", rival, other_project, application(), "organisation_kind"},
        EligibilityCase{"a seat elsewhere", rival, from_afar, application(), "seat"},
        EligibilityCase{
            "most of it", rival, from_afar, all_wrong,
            "seat size_within duration_allowed partition_offered civil_use open_research"}}) {
    expect_answer(
        world.ask(one.actor, SubmitProposal{playground_call, one.project, one.application}),
        "ProposalSubmitted EligibilityChecked", one.what, one.where);
    const Proposal& kept =
        world.state.calls.proposals.at(ProposalId{world.state.calls.last_proposal});
    std::string failed;
    ASSERT_EQ(kept.eligibility.size(), playground().eligibility.size());
    for (std::size_t i = 0; i < kept.eligibility.size(); ++i) {
      const Verdict& verdict = kept.eligibility[i];
      EXPECT_EQ(verdict.rule, playground().eligibility[i].rule);
      EXPECT_FALSE(verdict.reason.empty());
      if (verdict.passed) continue;
      failed += fmt::format("{}{}", failed.empty() ? "" : " ", verdict.rule);
      EXPECT_EQ(verdict.reason, playground().eligibility[i].reason);
    }
    expect_answer(failed, one.failed, one.what, one.where);
    EXPECT_EQ(kept.phase, failed.empty() ? ProposalPhase::eligible : ProposalPhase::ineligible);
  }
  check(world, {{"it goes no further", officer, AssessProposal{ProposalId{2}, true, ""},
                 "wrong_phase proposal"},
                {"not at all", officer, GrantAward{ProposalId{2}}, "wrong_phase proposal"}});
  EXPECT_EQ(world.state.calls.waiting.at(playground_call), std::vector{ProposalId{1}});
}

TEST(Decide, OneLiveAward) {
  World world = with_call();
  const SubmitProposal again{playground_call, project, application()};
  const auto eligible_now = [&] {
    EXPECT_EQ(world.ask(lead, again), "ProposalSubmitted EligibilityChecked");
    return world.state.calls.proposals.at(ProposalId{world.state.calls.last_proposal}).phase ==
           ProposalPhase::eligible;
  };
  EXPECT_TRUE(eligible_now());
  world.must(officer, AssessProposal{ProposalId{1}, true, ""});
  world.must(officer, GrantAward{ProposalId{1}});
  EXPECT_FALSE(eligible_now()) << "offered";
  world.must(lead, AnswerAward{AwardId{1}, true});
  EXPECT_FALSE(eligible_now()) << "active";
  world.now = add_months(day_one, 1);
  world.must(the_system, PassTime{});
  EXPECT_TRUE(eligible_now()) << "expired";
}

// A mode whose rules do not ask for an offered partition: hours still come from the call's alone.
TEST(Decide, OnlyOfferedPartitions) {
  World world = with_capacity();
  world.must(admin, RegisterMode{plain_mode()});
  world.must(officer, OpenCall{ModeId{1}, "A call", {gpu}});
  for (const PartitionId elsewhere : {lumi, dark_gpu, cpu}) {
    check(world, {{"kept", lead,
                   SubmitProposal{CallId{1}, project,
                                  with(application(), &Application::partition, elsewhere)},
                   "ProposalSubmitted EligibilityChecked"}});
    const ProposalId id{world.state.calls.last_proposal};
    EXPECT_EQ(world.state.calls.proposals.at(id).phase, ProposalPhase::ineligible);
    EXPECT_EQ(world.state.calls.proposals.at(id).eligibility.back().rule, "partition_offered");
  }
}

TEST(Decide, WaitingProposalsAreBounded) {
  World world = with_call();
  world.must(lead, SubmitProposal{playground_call, project, application()});
  world.state.calls.waiting[playground_call].assign(limits::proposals_per_call_max, ProposalId{1});
  check(world, {{"one too many", lead, SubmitProposal{playground_call, project, application()},
                 "too_many call"}});
  world.state.calls.waiting[playground_call].pop_back();
  check(world, {{"room for one", lead, SubmitProposal{playground_call, project, application()},
                 "ProposalSubmitted EligibilityChecked"}});
}

TEST(Decide, AssessProposal) {
  World world = with_call();
  for (const auto partition : {gpu, gpu, lumi, gpu}) {
    world.must(lead, SubmitProposal{playground_call, project,
                                    with(application(), &Application::partition, partition)});
  }
  check(world,
        {{"a known proposal", officer, AssessProposal{ProposalId{99}, true, ""},
          "not_found proposal"},
         {"not by the applicant", lead, AssessProposal{ProposalId{1}, true, ""}, "forbidden"},
         {"not by another site's operator", south_operator, AssessProposal{ProposalId{1}, true, ""},
          "forbidden"},
         {"a no needs a reason", north_operator, AssessProposal{ProposalId{1}, false, ""},
          "invalid text"},
         {"not too long a one", north_operator,
          AssessProposal{ProposalId{1}, false, std::string(limits::text_bytes_max + 1, 'x')},
          "invalid text"},
         {"the site's operator", north_operator, AssessProposal{ProposalId{1}, true, ""},
          "ProposalAssessed"},
         {"once", north_operator, AssessProposal{ProposalId{1}, true, ""}, "wrong_phase proposal"},
         {"with the assessor's word", north_operator,
          AssessProposal{ProposalId{2}, false, "It never ends."}, "ProposalAssessed"},
         {"or a call officer", officer, AssessProposal{ProposalId{3}, true, "Well done."},
          "ProposalAssessed"}});
  const auto& proposals = world.state.calls.proposals;
  EXPECT_EQ(proposals.at(ProposalId{1}).phase, ProposalPhase::suitable);
  EXPECT_EQ(proposals.at(ProposalId{1}).technical.size(), 3U);
  EXPECT_EQ(proposals.at(ProposalId{2}).phase, ProposalPhase::unsuitable);
  EXPECT_EQ(proposals.at(ProposalId{2}).technical.back().rule, "assessor");
  EXPECT_EQ(proposals.at(ProposalId{3}).phase, ProposalPhase::suitable);
  EXPECT_EQ(proposals.at(ProposalId{3}).technical.back().reason, "Well done.");
  EXPECT_EQ(world.state.calls.waiting.at(playground_call),
            (std::vector{ProposalId{1}, ProposalId{3}, ProposalId{4}}));
  // The machine's rules cannot be overruled: the site takes no jobs now.
  world.must(north_operator, federation::DrainSite{north, true});
  check(world, {{"drained", officer, AssessProposal{ProposalId{4}, true, "Take it."},
                 "ProposalAssessed"}});
  EXPECT_EQ(proposals.at(ProposalId{4}).phase, ProposalPhase::unsuitable);
}

// Proposals 1, 2 and 4 are for one partition, 3 for another; each is granted in its turn.
TEST(Decide, GrantAwardInTurn) {
  World world = with_call();
  for (const auto partition : {gpu, gpu, lumi, gpu}) {
    world.must(lead, SubmitProposal{playground_call, project,
                                    with(application(), &Application::partition, partition)});
  }
  check(
      world,
      {{"needs a call officer", north_operator, GrantAward{ProposalId{1}}, "forbidden"},
       {"a known proposal", officer, GrantAward{ProposalId{99}}, "not_found proposal"},
       {"that was assessed", officer, GrantAward{ProposalId{1}}, "wrong_phase proposal"},
       {"", officer, AssessProposal{ProposalId{2}, true, ""}, "ProposalAssessed"},
       {"", officer, AssessProposal{ProposalId{3}, true, ""}, "ProposalAssessed"},
       {"", officer, AssessProposal{ProposalId{4}, true, ""}, "ProposalAssessed"},
       {"2 is ready and came earlier", officer, GrantAward{ProposalId{4}}, "out_of_turn proposal"},
       {"3 asks for another partition", officer, GrantAward{ProposalId{3}},
        "AwardGranted AccountOpened Transferred"},
       {"1 is not ready", officer, GrantAward{ProposalId{2}},
        "AwardGranted AccountOpened Transferred"},
       {"once", officer, GrantAward{ProposalId{2}}, "wrong_phase proposal"},
       {"now 1 is ready", officer, AssessProposal{ProposalId{1}, true, ""}, "ProposalAssessed"},
       {"and came earlier", officer, GrantAward{ProposalId{4}}, "out_of_turn proposal"},
       {"", officer, GrantAward{ProposalId{1}}, "AwardGranted AccountOpened Transferred"},
       {"", officer, GrantAward{ProposalId{4}}, "AwardGranted AccountOpened Transferred"}});
  EXPECT_FALSE(world.state.calls.waiting.contains(playground_call));
  const Award& award = world.state.calls.awards.at(AwardId{2});
  EXPECT_EQ(award.proposal, ProposalId{2});
  EXPECT_EQ(award.amount, unit_hours(10));
  EXPECT_EQ(award.accept_until, day_one + days(14));
  EXPECT_TRUE(world.state.ledger.accounts.at(award.account).locked);
  EXPECT_EQ(world.balances(gpu_pool, lumi_pool, award.account), "970 990 10");
}

TEST(Decide, GrantAwardNeedsThePool) {
  World world = with_call();
  world.must(lead, SubmitProposal{playground_call, project, application()});
  world.must(officer, AssessProposal{ProposalId{1}, true, ""});
  world.must(admin, ledger::AddCapacity{gpu, unit_hours(-991), ""});
  check(world,
        {{"9 of 10 are left", officer, GrantAward{ProposalId{1}}, "insufficient_balance amount"},
         {"", admin, ledger::AddCapacity{gpu, unit_hours(1), ""}, "Transferred"},
         {"", officer, GrantAward{ProposalId{1}}, "AwardGranted AccountOpened Transferred"}});
  EXPECT_EQ(world.balances(gpu_pool), "0");
}

TEST(Decide, AnswerAward) {
  World world = with_call();
  for (int i = 1; i <= 4; ++i)
    world.must(lead, SubmitProposal{playground_call, project, application()});
  for (std::uint64_t i = 1; i <= 4; ++i) {
    world.must(officer, AssessProposal{ProposalId{i}, true, ""});
    world.must(officer, GrantAward{ProposalId{i}});
  }
  check(world, {{"a known award", lead, AnswerAward{AwardId{99}, true}, "not_found award"},
                {"only the lead", member, AnswerAward{AwardId{1}, true}, "forbidden award"},
                {"not an administrator", admin, AnswerAward{AwardId{1}, true}, "forbidden award"},
                {"not the system", the_system, AnswerAward{AwardId{1}, false}, "forbidden award"},
                {"not another's lead", rival, AnswerAward{AwardId{1}, true}, "forbidden award"},
                {"accept", lead, AnswerAward{AwardId{1}, true}, "AwardAccepted AccountUnlocked"},
                {"once", lead, AnswerAward{AwardId{1}, true}, "wrong_phase award"},
                {"no way back", lead, AnswerAward{AwardId{1}, false}, "wrong_phase award"},
                {"decline", lead, AnswerAward{AwardId{2}, false},
                 "AwardDeclined Transferred AccountClosed"},
                {"for good", lead, AnswerAward{AwardId{2}, true}, "wrong_phase award"}});
  EXPECT_EQ(world.balances(gpu_pool, AccountId{13}, AccountId{14}), "970 10 0");
  const Award& accepted = world.state.calls.awards.at(AwardId{1});
  EXPECT_EQ(accepted.starts, day_one);
  EXPECT_EQ(accepted.ends, add_months(day_one, 1));
  // The offer lapses at its moment, whether or not the clock's command has come by then.
  world.now = day_one + days(14) - milliseconds(1);
  check(world, {{"the last moment", lead, AnswerAward{AwardId{3}, true},
                 "AwardAccepted AccountUnlocked"}});
  world.now = day_one + days(14);
  check(world, {{"too late", lead, AnswerAward{AwardId{4}, true}, "offer_lapsed award"},
                {"to decline too", lead, AnswerAward{AwardId{4}, false}, "offer_lapsed award"},
                {"the clock", the_system, PassTime{}, "AwardLapsed Transferred AccountClosed"},
                {"still too late", lead, AnswerAward{AwardId{4}, true}, "offer_lapsed award"}});
}

// The administrator may take an offer's hours back by a transfer; then there is nothing to return.
TEST(Decide, AnswerAwardOfAnEmptiedOffer) {
  World world = with_capacity();
  const AwardId award = offer_award(world, lead, project, gpu, unit_hours(10));
  world.must(admin, ledger::Transfer{gpu_award, gpu_pool, unit_hours(10), ""});
  check(world, {{"decline", lead, AnswerAward{award, false}, "AwardDeclined AccountClosed"}});
  EXPECT_EQ(world.balances(gpu_pool, gpu_award), "1000 0");
}

}  // namespace
}  // namespace fabrica::test
