#include <gtest/gtest.h>

#include "jobs/offers.h"
#include "unit/support/world.h"

namespace fabrica::test {
namespace {

using jobs::PlanRow;

/// A row in words: the cost and what is left, or why not.
std::string in_words(const PlanRow& row) {
  if (!row.offer) return row.reason;
  return fmt::format("{} of {}", in_hours(row.offer->cost),
                     in_hours(row.offer->cost + row.offer->balance_after));
}

struct PlanCase {
  std::string_view what;
  ProjectId project;
  JobRequest request;
  std::vector<std::string_view> rows;
  std::source_location where = std::source_location::current();
};

TEST(Plan, EveryPartitionAnswers) {
  World world = with_awards();
  offer_award(world, rival, other_project, gpu, unit_hours(5));
  constexpr std::string_view no_award = "The project has no open award here.";
  constexpr std::string_view elsewhere = "The job asks for another place.";
  constexpr std::string_view unknown_word = "The script asks by name for what is not known there.";
  constexpr std::string_view dark_site = "The site is not connected.";
  constexpr std::string_view no_gpus = "1 GPUs per node asked for, 0 there.";
  const JobRequest no_gpu = with(train(), &JobRequest::gpus_per_node, 0);
  for (const PlanCase& one : std::vector<PlanCase>{
           {"one GPU for an hour",
            project,
            train(),
            {"1 of 100", no_gpus, "0h+1800000ms of 100", no_gpus, dark_site}},
           {"four cores",
            project,
            no_gpu,
            {"This partition is billed in GPU-hours; ask for at least one GPU or for whole nodes.",
             "4 of 100",
             "This partition is billed in GPU-hours; ask for at least one GPU or for whole nodes.",
             "1 of 100",
             "This partition is billed in GPU-hours; ask for at least one GPU or for whole "
             "nodes."}},
           {"a partition of its own",
            project,
            with(train(), &JobRequest::partition, lumi),
            {elsewhere, elsewhere, "0h+1800000ms of 100", elsewhere, elsewhere}},
           {"words that two partitions do not know",
            project,
            with(train(), &JobRequest::unsuitable, std::vector{gpu, lumi}),
            {unknown_word, no_gpus, unknown_word, no_gpus, dark_site}},
           {"a site of its own",
            project,
            with(train(), &JobRequest::site, north),
            {"1 of 100", no_gpus, elsewhere, elsewhere, elsewhere}},
           {"too long for all",
            project,
            with(train(), &JobRequest::time_limit, days(3)),
            {"A time limit of 3-00:00:00 asked for, at most 2-00:00:00 there.", no_gpus,
             "A time limit of 3-00:00:00 asked for, at most 2-00:00:00 there.", no_gpus,
             "A time limit of 3-00:00:00 asked for, at most 2-00:00:00 there."}},
           {"too dear",
            project,
            with(train(), &JobRequest::nodes, 4, &JobRequest::time_limit, hours(40)),
            {"160.000 GPU-hours are needed and 100.000 are left in account-13.", no_gpus,
             "80 of 100", no_gpus, dark_site}},
           {"an offer that is not accepted",
            other_project,
            train(),
            {no_award, no_gpus, no_award, no_gpus, dark_site}},
           {"nobody's project",
            ProjectId{99},
            train(),
            {no_award, no_gpus, no_award, no_gpus, dark_site}}}) {
    const std::vector<PlanRow> rows = jobs::plan(
        {world.state.jobs, world.state.federation, world.state.ledger}, one.project, one.request);
    ASSERT_EQ(rows.size(), 5U);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(rows[i].partition, PartitionId{i + 1});
      expect_answer(in_words(rows[i]), one.rows[i], fmt::format("{}, row {}", one.what, i + 1),
                    one.where);
    }
  }
}

TEST(Plan, DrainedSitesSaySo) {
  World world = with_awards();
  world.must(admin, federation::DrainSite{north, true});
  const auto rows =
      jobs::plan({world.state.jobs, world.state.federation, world.state.ledger}, project, train());
  EXPECT_EQ(in_words(rows[0]), "The site is drained.");
  EXPECT_EQ(in_words(rows[2]), "0h+1800000ms of 100");
}

struct OfferCase {
  std::string_view what;
  ProjectId project;
  JobRequest request;
  std::string_view answer;
  std::source_location where = std::source_location::current();
};

std::string offers_in_words(const World& world, ProjectId for_project, const JobRequest& request) {
  const auto offers = jobs::offers_for(
      {world.state.jobs, world.state.federation, world.state.ledger}, for_project, request);
  if (!offers) return answer_of(offers.error());
  std::string text;
  for (const jobs::Offer& offer : *offers) {
    text += fmt::format("{}{}", text.empty() ? "" : " ", to_string(offer.partition));
  }
  return text;
}

TEST(Offers, WhereItCouldGo) {
  World world = with_awards();
  give_award(world, rival, other_project, gpu, unit_hours(1));
  const JobRequest no_gpu = with(train(), &JobRequest::gpus_per_node, 0);
  for (const OfferCase& one :
       {OfferCase{"two bill by GPU", project, train(), "partition-1 partition-3"},
        OfferCase{"two do not", project, no_gpu, "partition-2 partition-4"},
        OfferCase{"one that is named", project, with(train(), &JobRequest::partition, gpu),
                  "partition-1"},
        OfferCase{"none: each says why", project, with(train(), &JobRequest::nodes, 5),
                  "does_not_fit"},
        OfferCase{"the only award says it itself", other_project,
                  with(train(), &JobRequest::nodes, 5), "does_not_fit nodes"},
        OfferCase{"so that the code is exact", other_project,
                  with(train(), &JobRequest::time_limit, hours(2)), "insufficient_balance amount"},
        OfferCase{"no project", ProjectId{99}, train(), "no_award project"}}) {
    expect_answer(offers_in_words(world, one.project, one.request), one.answer, one.what,
                  one.where);
  }
}

// The only partition of several awards, some of them over, still answers with its own reason.
TEST(Offers, OneOfSeveralAwards) {
  World world = with_capacity();
  const AwardId declined = offer_award(world, lead, project, gpu, unit_hours(5));
  world.must(lead, calls::AnswerAward{declined, false});
  EXPECT_EQ(offers_in_words(world, project, train()), "no_award project");
  offer_award(world, lead, project, gpu, unit_hours(5));
  EXPECT_EQ(offers_in_words(world, project, train()), "no_award project") << "not accepted yet";
  const AccountId small = give_award(world, lead, project, gpu, unit_hours(1));
  const AccountId large = give_award(world, lead, project, gpu, unit_hours(3));
  const auto pays = [&](std::int64_t limit_hours) {
    const auto offers =
        jobs::offers_for({world.state.jobs, world.state.federation, world.state.ledger}, project,
                         with(train(), &JobRequest::time_limit, hours(limit_hours)));
    return offers ? to_string(offers->front().account) : answer_of(offers.error());
  };
  EXPECT_EQ(pays(1), to_string(small)) << "the oldest that covers it";
  EXPECT_EQ(pays(2), to_string(large));
  EXPECT_EQ(pays(4), "insufficient_balance amount") << "awards are not added up";
  world.must(admin, federation::DrainSite{north, true});
  EXPECT_EQ(pays(1), "site_takes_no_jobs site");
}

struct PlacedCase {
  std::string_view what;
  JobRequest request;
  PartitionId placed;
};

// Each job goes where the work for the size is least; see placement_test for the rule itself.
TEST(Offers, JobsSpread) {
  World world = with_awards();
  std::uint64_t id = 0;
  for (const PlacedCase& one :
       {PlacedCase{"both idle, one costs less and leaves more", train(), lumi},
        PlacedCase{"the other is idle", train(), gpu},
        PlacedCase{"half a GPU-hour of work against one", train(), lumi},
        PlacedCase{"equal work, equal size: the larger balance", train(), lumi},
        PlacedCase{"now there is less", train(), gpu},
        PlacedCase{"whatever is named", with(train(), &JobRequest::partition, gpu), gpu}}) {
    world.must(lead, jobs::SubmitJob{project, one.request});
    EXPECT_EQ(world.job(JobId{++id}).partition, one.placed) << one.what;
  }
}

}  // namespace
}  // namespace fabrica::test
