#include "sites/local/connector.h"

#include <gmock/gmock.h>

#include "json/write.h"
#include "unit/sites_local/world.h"

namespace fabrica::sites::local {
namespace {

using jobs::JobId;
using jobs::Outcome;
using jobs::Report;
using jobs::SiteEnded;
using jobs::SiteQueued;
using jobs::SiteStarted;
using testing::ElementsAre;

/// The connector as a worker uses it: told, heard, acknowledged.
class Site {
 public:
  Site() { restart(); }

  /// The next server on the same spool.
  void restart() {
    site_.reset();
    LocalSiteOptions options;
    options.runner = world_.options();
    options.cluster = "local";
    options.node_name = "node1";
    options.grace = seconds(60);
    options.fetch = [this](const Sha256& hash) -> std::optional<std::string> {
      const auto found = documents_.find(hash);
      return found == documents_.end() ? std::nullopt : std::optional(found->second);
    };
    options.partition_name = [](federation::PartitionId) { return "cpu"; };
    auto opened = LocalSite::open(std::move(options));
    EXPECT_TRUE(opened) << opened.error().text;
    site_.emplace(*std::move(opened));
  }

  jobs::StartJob job(std::uint64_t id, std::string_view body, jobs::JobDocument document = {}) {
    jobs::StartJob start;
    start.job = JobId{id};
    start.request.change().name = "train";
    start.request.change().time_limit = minutes(5);
    document.working_directory = world_.work().string();
    document.user = "ada";
    start.request.change().script = keep(fmt::format("#!/bin/bash\n{}\n", body));
    start.request.change().document = keep(json::to_json(document));
    return start;
  }

  LocalSite& connector() { return *site_; }
  World& world() { return world_; }

  /// Hears until each of so many tasks has ended; nothing is acknowledged.
  std::map<std::uint32_t, SiteEnded> hear_ends(std::size_t count) {
    std::map<std::uint32_t, SiteEnded> ends;
    wait_until(
        [&] {
          for (const Report& report : site_->hear(wall_now())) {
            if (const auto* ended = std::get_if<SiteEnded>(&report))
              ends.insert_or_assign(ended->task, *ended);
          }
          return ends.size() >= count;
        },
        "the ends of all tasks");
    return ends;
  }

 private:
  Sha256 keep(std::string text) {
    Sha256 hash;
    hash.bytes[0] = static_cast<std::byte>(++kept_);
    documents_[hash] = std::move(text);
    return hash;
  }

  World world_;
  std::map<Sha256, std::string> documents_;
  std::uint8_t kept_ = 0;
  std::optional<LocalSite> site_;
};

TEST(LocalSite, AJobIsQueuedRunsAndItsEndIsSaidUntilAcknowledged) {
  Site site;
  jobs::JobDocument document;
  document.arguments = {"--epochs", "3"};
  document.environment = {"SEED=7"};
  document.output = "%x-%j.out";
  site.connector().tell(
      site.job(7, "echo $SEED $2 $SLURM_JOB_ID $SLURM_CLUSTER_NAME; exit 3", document));
  const SiteEnded ended = site.hear_ends(1)[0];
  EXPECT_EQ(ended.job, JobId{7});
  EXPECT_EQ(ended.outcome, Outcome::failed);
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_GE(ended.ended, ended.started);
  EXPECT_EQ(slurp(site.world().work("train-7.out")), "7 3 7 local\n");

  const std::vector<Report> said = site.connector().hear(wall_now());
  EXPECT_EQ(site.connector().hear(wall_now()), said);
  EXPECT_EQ(std::get<SiteQueued>(said.at(0)).reference, "7.1.0");
  site.connector().acknowledge(said);
  EXPECT_TRUE(site.connector().hear(wall_now()).empty());
}

TEST(LocalSite, ToldAgainAJobRunsOnce) {
  Site site;
  const jobs::StartJob start = site.job(7, "echo ran >> ran");
  for (int i = 0; i < 3; ++i) site.connector().tell(start);
  site.hear_ends(1);
  site.restart();
  site.connector().tell(start);
  site.hear_ends(1);
  site.connector().acknowledge(site.connector().hear(wall_now()));
  site.connector().tell(start);  // as by a server that lost the acknowledgement
  site.restart();
  site.connector().tell(start);
  jobs::StartJob after = site.job(8, "true");
  site.connector().tell(after);
  wait_until(
      [&] {
        return std::ranges::any_of(site.connector().hear(wall_now()), [](const Report& report) {
          const auto* ended = std::get_if<SiteEnded>(&report);
          return ended != nullptr && ended->job == JobId{8};
        });
      },
      "the job behind it");
  EXPECT_THAT(lines_of(site.world().work("ran")), ElementsAre("ran"));
}

TEST(LocalSite, AnArrayIsAJobOfTasks) {
  Site site;
  jobs::StartJob start = site.job(9,
                                  "echo $SLURM_ARRAY_JOB_ID $SLURM_ARRAY_TASK_ID "
                                  "$SLURM_ARRAY_TASK_COUNT; [ $SLURM_ARRAY_TASK_ID != 5 ]");
  start.request.change().array = {1, 3, 5};
  site.connector().tell(start);
  const auto ends = site.hear_ends(3);
  EXPECT_EQ(ends.at(0).outcome, Outcome::completed);
  EXPECT_EQ(ends.at(1).outcome, Outcome::completed);
  EXPECT_EQ(ends.at(2).outcome, Outcome::failed);
  for (const std::uint32_t task : start.request->array) {
    EXPECT_EQ(slurp(site.world().work(fmt::format("slurm-9_{}.out", task))),
              fmt::format("9 {} 3\n", task));
  }
}

TEST(LocalSite, AStopEndsWhatRunsAndPreventsWhatDoesNot) {
  Site site;
  site.connector().tell(site.job(7, "sleep 600"));
  wait_until(
      [&] {
        return std::ranges::any_of(site.connector().hear(wall_now()), [](const Report& report) {
          return std::holds_alternative<SiteStarted>(report);
        });
      },
      "the start");
  site.connector().tell(jobs::StopJob{JobId{7}, 1, 1, {}});
  EXPECT_EQ(site.hear_ends(1)[0].outcome, Outcome::cancelled);

  Site never;
  never.connector().tell(jobs::StopJob{JobId{8}, 1, 2, {}});
  const auto ends = never.hear_ends(2);
  for (const auto& [task, ended] : ends) {
    EXPECT_EQ(ended.outcome, Outcome::cancelled);
    EXPECT_EQ(ended.started, Time{}) << "it never ran, so nothing is charged";
  }
}

TEST(LocalSite, WhatItCannotStartEndsWithItsReason) {
  Site site;
  jobs::StartJob lost = site.job(7, "true");
  lost.request.change().script = Sha256{};
  site.connector().tell(lost);
  EXPECT_EQ(site.hear_ends(1)[0].text, "The job's script is not in the store.");

  Site small;
  jobs::StartJob large = small.job(8, "true");
  large.request.change().cpus_per_node = 5;
  small.connector().tell(large);
  const SiteEnded ended = small.hear_ends(1)[0];
  EXPECT_EQ(ended.outcome, Outcome::launch_failed);
  EXPECT_THAT(ended.text, testing::HasSubstr("this machine has 4 cores"));
}

}  // namespace
}  // namespace fabrica::sites::local
