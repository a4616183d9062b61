#include "jobs/reconciliation.h"

#include <gtest/gtest.h>

#include "unit/support/world.h"

/// Our charges beside a site's own books: each difference has its reason, and their sum is exact.
namespace fabrica::test::books {
namespace {

using namespace jobs;

constexpr ComputeTime gpu_seconds(std::int64_t count) { return ComputeTime{count * 1'000}; }

/// A run of ten minutes on one GPU, charged in full.
ChargedRun ours(int began = 0) {
  ChargedRun run;
  run.job = JobId{7};
  run.partition = "north-gpu";
  run.started = day_one + minutes(began);
  run.ended = run.started + minutes(10);
  run.key = {41, day_one, run.started, 0};
  run.most = unit_hours(1);
  run.charged = gpu_seconds(600);
  return run;
}

/// The site's record of it.
SiteRun theirs(int began = 0) {
  SiteRun run;
  run.job = JobId{7};
  run.key = {41, day_one, day_one + minutes(began), 0};
  run.ended = run.key.started + minutes(10);
  run.elapsed = minutes(10);
  run.partition = "north-gpu";
  run.user = "alice";
  run.account = "fab";
  return run;
}

struct BooksCase {
  std::string_view what;
  std::vector<ChargedRun> ours;
  std::vector<SiteRun> theirs;
  std::string_view said;  // charged, recorded, and what is between them, in GPU-seconds
  std::source_location where = std::source_location::current();
};

std::string told(const Reconciliation& books) {
  std::string text;
  ComputeTime sum;
  for (const ReconciledPartition& partition : books.partitions) {
    text += fmt::format("{}{}: {} {}", text.empty() ? "" : "; ", partition.partition,
                        partition.charged.unit_ms() / 1'000, partition.recorded.unit_ms() / 1'000);
    sum += partition.charged - partition.recorded;
    for (const DifferenceSum& one : partition.differences) {
      text += fmt::format(", {} {}", name_of(one.kind), one.amount.unit_ms() / 1'000);
      sum += one.amount;
    }
  }
  if (sum != ComputeTime{}) text += " AND IT DOES NOT ADD UP";
  return text;
}

TEST(Books, EveryDifferenceHasItsReason) {
  const auto own_word =
      with(ours(), &ChargedRun::started, day_one + milliseconds(2'500), &ChargedRun::ended,
           day_one + milliseconds(302'500), &ChargedRun::charged, gpu_seconds(300));
  const auto unbegun =
      with(ours(), &ChargedRun::started, Time{}, &ChargedRun::charged, ComputeTime{});
  const auto two_gpus = with(theirs(), &SiteRun::units, Rational{2, 1});
  const auto killed =
      with(ours(), &ChargedRun::most, gpu_seconds(540), &ChargedRun::charged, gpu_seconds(540));
  auto forgotten = ours();
  forgotten.key.started = {};
  const std::vector<BooksCase> table{
      {"alike", {ours()}, {theirs()}, "north-gpu: 600 600"},
      {"none", {}, {}, ""},
      {"given back",
       {with(ours(), &ChargedRun::given_back, gpu_seconds(600))},
       {theirs()},
       "north-gpu: 0 600, given_back 600"},
      {"whole nodes", {ours()}, {two_gpus}, "north-gpu: 600 1200, allocation 600"},
      {"not begun", {unbegun}, {theirs()}, "north-gpu: 0 600, not_begun 600"},
      {"own word", {own_word}, {theirs()}, "north-gpu: 300 600, own_word 300"},
      {"suspended",
       {ours()},
       {with(theirs(), &SiteRun::elapsed, minutes(8))},
       "north-gpu: 600 480, suspended -120"},
      {"other times",
       {ours()},
       {with(theirs(), &SiteRun::ended, day_one + minutes(12), &SiteRun::elapsed, minutes(12))},
       "north-gpu: 600 720, clock 120"},
      {"a second",
       {ours()},
       {with(theirs(), &SiteRun::ended, day_one + seconds(601), &SiteRun::elapsed, seconds(601))},
       "north-gpu: 600 601, rounding 1"},
      {"beyond its limit", {killed}, {theirs()}, "north-gpu: 540 600, beyond_limit 60"},
      {"owed",
       {with(ours(), &ChargedRun::owed, gpu_seconds(200), &ChargedRun::charged, gpu_seconds(400))},
       {theirs()},
       "north-gpu: 400 600, owed 200"},
      {"charged less for no reason",
       {with(ours(), &ChargedRun::charged, gpu_seconds(500))},
       {theirs()},
       "north-gpu: 500 600, unexplained 100"},
      {"not in the site's books", {ours()}, {}, "north-gpu: 600 0, not_recorded -600"},
      {"free, and not there", {unbegun}, {}, "north-gpu: 0 0"},
      {"not in ours", {}, {theirs()}, "north-gpu: 0 600, not_known 600"},
      {"not yet",
       {},
       {with(theirs(), &SiteRun::settled, false)},
       "north-gpu: 0 600, not_settled 600"},
      {"a stranger",
       {},
       {with(theirs(), &SiteRun::job, std::optional<JobId>{})},
       "north-gpu: 0 600, stranger 600"},
      {"in no partition of ours",
       {},
       {with(theirs(), &SiteRun::job, std::optional<JobId>{}, &SiteRun::partition, "",
             &SiteRun::units, Rational{0, 1})},
       ""},
      {"requeued", {ours(20), ours()}, {theirs(), theirs(20)}, "north-gpu: 1200 1200"},
      {"an earlier run is missing",
       {ours(20)},
       {theirs(), theirs(20)},
       "north-gpu: 600 1200, not_known 600"},
      {"a start that is not known takes what is left",
       {forgotten, ours(20)},
       {theirs(), theirs(20)},
       "north-gpu: 1200 1200"},
      {"of an array each by its number",
       {with(ours(), &ChargedRun::number, 3U)},
       {with(theirs(), &SiteRun::number, 4U)},
       "north-gpu: 600 600, not_recorded -600, not_known 600"},
      {"several at once",
       {with(ours(), &ChargedRun::given_back, gpu_seconds(540), &ChargedRun::most, gpu_seconds(540),
             &ChargedRun::charged, gpu_seconds(540))},
       {two_gpus},
       "north-gpu: 0 1200, given_back 540, allocation 600, beyond_limit 60"},
  };
  for (const BooksCase& one : table) {
    const Reconciliation books = reconcile(day_one, day_one + days(1), one.ours, one.theirs, 1'000);
    expect_answer(told(books), one.said, one.what, one.where);
  }
}

TEST(Books, ARunIsOfThePeriodInWhichItEndedByTheSitesBooks) {
  const Time end = day_one + minutes(10);
  const auto count = [&](Time from, Time to) {
    const Reconciliation books = reconcile(from, to, {ours()}, {theirs()}, 1'000);
    return books.partitions.size();
  };
  EXPECT_EQ(count(day_one, end), 0U);
  EXPECT_EQ(count(end, end + minutes(1)), 1U);
  EXPECT_EQ(count(end + milliseconds(1), end + days(1)), 0U);
}

TEST(Books, LinesAreBoundedAndTheSumsAreOfAll) {
  std::vector<SiteRun> runs;
  for (int i = 0; i < 5; ++i) runs.push_back(theirs(i));
  const Reconciliation books = reconcile(day_one, day_one + days(1), {}, runs, 3);
  EXPECT_EQ(books.lines.size(), 3U);
  EXPECT_EQ(books.lines_left_out, 2U);
  EXPECT_EQ(told(books), "north-gpu: 0 3000, not_known 3000");
}

TEST(Books, UnexplainedLinesComeFirst) {
  const std::vector<ChargedRun> charged{with(ours(30), &ChargedRun::charged, gpu_seconds(500))};
  const Reconciliation books =
      reconcile(day_one, day_one + days(1), charged, {theirs(30), theirs()}, 10);
  ASSERT_EQ(books.lines.size(), 2U);
  EXPECT_EQ(books.lines[0].kind, DifferenceKind::unexplained);
  EXPECT_EQ(books.lines[0].site_id, 41U);
}

}  // namespace
}  // namespace fabrica::test::books
