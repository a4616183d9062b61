#include "sites/slurm/slurm_site.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <utility>

/// What a server's operator is told of a cluster that answers badly, and what is not concluded from
/// such answers. The way of jobs is tested with the simulated controller, in tests/scenarios.
namespace fabrica::sites::slurm {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Answers each kind of ask as it was last told to.
class OddCluster : public Cluster {
 public:
  struct Script {
    Came came = Came::done;
    std::string text = {};
    std::vector<ClusterJob> jobs = {};
    bool of_account = false;
  };
  std::vector<SeenAccount> accounts;
  Script list;
  Script past;
  Script submit;
  bool past_of_any_cluster = false;  // the last that was asked

  void send(std::uint64_t ticket, Ask ask) override {
    Answer answer;
    answer.ticket = ticket;
    const auto as = [&](const Script& script) {
      answer.came = script.came;
      answer.text = script.text;
      answer.jobs = script.jobs;
      answer.of_account = script.of_account;
    };
    answer.accounts = accounts;
    if (std::holds_alternative<ask::List>(ask) || std::holds_alternative<ask::Show>(ask)) as(list);
    if (std::holds_alternative<ask::Submit>(ask)) as(submit), answer.id = 7;
    if (const auto* one = std::get_if<ask::Past>(&ask)) {
      as(past);
      past_of_any_cluster = one->any_cluster;
    }
    answers_.push_back(std::move(answer));
  }

  std::vector<Answer> receive(Time /*now*/) override { return std::exchange(answers_, {}); }

 private:
  std::vector<Answer> answers_;
};

class SlurmSiteTest : public testing::Test {
 protected:
  SlurmSiteTest() { open(); }

  // A site that knows nothing yet.
  void open(bool accounting = true, bool keeps_accounts = false) {
    said_.clear();
    reported_.clear();
    auto cluster = std::make_unique<OddCluster>();
    cluster_ = cluster.get();
    SlurmSiteOptions options;
    options.cluster = "c1";
    options.cluster_name = "c1";
    options.installation = "home";
    options.accounting = accounting;
    options.say = [this](std::string_view text) { said_.emplace_back(text); };
    options.keeps_accounts = keeps_accounts;
    site_ = std::make_unique<SlurmSite>(
        std::move(cluster), options,
        [](const jobs::StartJob&) -> Result<Submission> { return Submission{}; },
        [](const jobs::KeepAccount&) -> Result<AccountWords> {
          return AccountWords{.name = "fab-4", .user = "u", .tres = "cpu", .minutes = 60};
        });
  }

  void start() {
    jobs::StartJob start;
    start.job = jobs::JobId{1};
    site_->tell(start);
  }

  // So many seconds pass; what was reported is recorded.
  void pass(std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
      now_ = now_ + seconds(1);
      const std::vector<jobs::Report> reports = site_->hear(now_);
      reported_.insert(reported_.end(), reports.begin(), reports.end());
      site_->acknowledge(reports);
    }
  }

  template <class Report>
  bool reported() const {
    return std::ranges::any_of(
        reported_, [](const jobs::Report& one) { return std::holds_alternative<Report>(one); });
  }

  ClusterJob record() const {
    ClusterJob job;
    job.id = 7;
    job.cluster = "c1";
    job.name = "job fab:home.1.1";
    job.comment = "fab:home.1.1";
    job.state = ClusterState::pending;
    job.submitted = now_;
    return job;
  }

  OddCluster* cluster_ = nullptr;
  std::unique_ptr<SlurmSite> site_;
  Time now_{1'000'000'000};
  std::vector<std::string> said_;
  std::vector<jobs::Report> reported_;
};

// slurmctld learns of an account after slurmdbd, and may lose it again.
TEST_F(SlurmSiteTest, ARefusedAccountIsTriedAgainForFiveMinutesFromWhenItIsThere) {
  open(true, true);
  site_->tell(jobs::KeepAccount{ledger::AccountId{4}, {}, {}, false});
  cluster_->submit = {.came = Came::refused, .text = "Invalid account", .of_account = true};
  jobs::StartJob first;
  first.job = jobs::JobId{1};
  first.account = ledger::AccountId{4};
  site_->tell(first);
  pass(600);
  EXPECT_FALSE(reported<jobs::SiteEnded>());
  EXPECT_FALSE(reported<jobs::AccountKept>());
  cluster_->accounts = {{"fab-4", {{"cpu", 60}}}};
  pass(240);
  EXPECT_TRUE(reported<jobs::AccountKept>());
  EXPECT_FALSE(reported<jobs::SiteEnded>());
  pass(120);
  EXPECT_TRUE(reported<jobs::SiteEnded>());

  cluster_->submit = {};
  jobs::StartJob second = first;
  second.job = jobs::JobId{2};
  site_->tell(second);
  pass(2);
  EXPECT_TRUE(reported<jobs::SiteBound>());
}

TEST_F(SlurmSiteTest, SilenceIsToldOnceAndItsEndToo) {
  cluster_->submit.came = Came::unsent;
  cluster_->list = {.came = Came::unsent, .text = "nobody listens"};
  start();
  pass(100);
  EXPECT_THAT(said_, ElementsAre("the cluster does not answer, and its jobs wait: nobody listens"));
  cluster_->list.text = "another reason";
  pass(10);
  EXPECT_EQ(said_.size(), 2);
  cluster_->list = {};
  pass(10);
  EXPECT_THAT(said_.back(), HasSubstr("the cluster answers again, after 1"));
  EXPECT_EQ(said_.size(), 3);
}

TEST_F(SlurmSiteTest, ARefusalIsTold) {
  cluster_->submit = {.came = Came::refused, .text = "no such partition"};
  start();
  pass(2);
  EXPECT_THAT(said_, ElementsAre("job-1 is refused: no such partition"));
  EXPECT_TRUE(reported<jobs::SiteEnded>());
}

TEST_F(SlurmSiteTest, OdditiesAreToldOnceAndTheJobIsFollowed) {
  struct Row {
    std::string_view what;
    std::string_view told;
    std::function<void(ClusterJob&)> spoil;
  };
  const Row rows[] = {
      {"nothing", "", [](ClusterJob&) {}},
      {"comment", "rewrites the comments of jobs there: job-1, its job 7, has \"mine\"",
       [](ClusterJob& job) { job.comment = "mine"; }},
      {"name", "calls itself \"c9\", but `cluster` in its settings is \"c1\"",
       [](ClusterJob& job) { job.cluster = "c9"; }},
      {"ahead", "its clock is about 3598 s ahead of ours",
       [](ClusterJob& job) { job.submitted = job.submitted + hours(1); }},
      {"behind", "its clock is about 3602 s behind ours",
       [](ClusterJob& job) { job.submitted = job.submitted - hours(1); }},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    ClusterJob job = record();
    row.spoil(job);
    open();
    cluster_->list.jobs = {job};
    start();
    pass(30);
    EXPECT_TRUE(reported<jobs::SiteBound>());
    if (row.told.empty()) EXPECT_THAT(said_, IsEmpty());
    if (!row.told.empty()) EXPECT_THAT(said_, ElementsAre(HasSubstr(row.told)));
  }
}

// A cluster that was renamed is known to its accounting under another name.
TEST_F(SlurmSiteTest, TheAccountingOfAllClustersIsAskedUntilTheNameIsKnown) {
  for (const auto& [name, any] : {std::pair{"c9", true}, std::pair{"c1", false}}) {
    ClusterJob job = record();
    job.cluster = name;
    open();
    cluster_->list.jobs = {job};
    start();
    pass(5);
    cluster_->list.jobs = {};
    pass(5);
    EXPECT_EQ(cluster_->past_of_any_cluster, any) << name;
  }
}

TEST_F(SlurmSiteTest, AnAccountingThatIsSilentIsToldAndEndsNoJob) {
  cluster_->list.jobs = {record()};
  start();
  pass(5);
  cluster_->list.jobs = {};
  cluster_->past = {.came = Came::unclear, .text = "slurmdbd is down"};
  pass(100);
  EXPECT_THAT(said_, ElementsAre("its accounting does not answer, and its jobs wait: slurmdbd is "
                                 "down"));
  EXPECT_FALSE(reported<jobs::SiteAbsent>());
}

/// The earlier runs and ends that were reported: what became of the run, its number, how long.
class Requeued : public SlurmSiteTest {
 protected:
  std::string runs() const {
    std::string text;
    const auto add = [&](std::string_view what, jobs::Outcome outcome, const jobs::RunKey& key,
                         Time started, Time ended) {
      text += fmt::format("{}{} {} {} {}s", text.empty() ? "" : ", ", what, name_of(outcome),
                          key.restarts, (ended - started).ms / 1'000);
    };
    for (const jobs::Report& report : reported_) {
      if (const auto* run = std::get_if<jobs::SiteRunEnded>(&report))
        add("run", run->outcome, run->key, run->key.started, run->ended);
      if (const auto* end = std::get_if<jobs::SiteEnded>(&report))
        add("end", end->outcome, end->key, end->started, end->ended);
    }
    return text;
  }

  // The record of a run that began so many seconds after the job was submitted.
  ClusterJob run(int began, int ran, ClusterState state, std::uint32_t restarts = 0) const {
    ClusterJob job = record();
    job.submitted = submitted_ + seconds(began);
    job.state = state;
    job.restarts = restarts;
    if (state == ClusterState::pending) return job;
    job.nodes = "n1";
    job.started = submitted_ + seconds(began);
    if (has_ended(state)) job.ended = job.started + seconds(ran);
    return job;
  }

  void begin() {
    submitted_ = now_;
    cluster_->past.came = Came::unclear;
    cluster_->list.jobs = {run(0, 0, ClusterState::running)};
    start();
    pass(10);
  }

  Time submitted_;
};

TEST_F(Requeued, EarlierRunsAreToldBeforeTheEndWhichWaitsForThem) {
  begin();
  cluster_->list.jobs = {run(40, 0, ClusterState::running, 2)};
  pass(60);
  EXPECT_EQ(runs(), "");
  cluster_->list.jobs = {run(40, 25, ClusterState::completed, 2)};
  pass(60);
  EXPECT_EQ(runs(), "");
  // The record of the last run is not there yet, nor is it needed.
  cluster_->past = {
      .jobs = {run(20, 15, ClusterState::node_failed), run(0, 20, ClusterState::requeued)}};
  pass(50);
  EXPECT_EQ(runs(), "run cancelled 0 20s, run lost 1 15s, end completed 2 25s");
}

TEST_F(Requeued, AnEndDoesNotWaitForEver) {
  begin();
  cluster_->list.jobs = {run(40, 25, ClusterState::completed, 1)};
  pass(115);
  EXPECT_EQ(runs(), "");
  pass(40);
  EXPECT_EQ(runs(), "end completed 1 25s");
  cluster_->past = {
      .jobs = {run(0, 20, ClusterState::requeued), run(40, 25, ClusterState::completed)}};
  pass(200);
  EXPECT_EQ(runs(), "end completed 1 25s, run cancelled 0 20s");
}

TEST_F(Requeued, WhatTookNoTimeIsNoRun) {
  begin();
  cluster_->list.jobs = {run(40, 25, ClusterState::completed, 2)};
  cluster_->past = {.jobs = {run(0, 20, ClusterState::requeued), run(20, 0, ClusterState::requeued),
                             run(40, 25, ClusterState::completed)}};
  pass(20);
  EXPECT_EQ(runs(), "run cancelled 0 20s, end completed 2 25s");
}

TEST_F(Requeued, OneThatTheControllerForgotEndsAsItsLastRun) {
  begin();
  cluster_->list.jobs = {};
  cluster_->past = {
      .jobs = {run(0, 20, ClusterState::node_failed), run(40, 25, ClusterState::completed)}};
  pass(20);
  EXPECT_EQ(runs(), "run lost 0 20s, end completed 1 25s");
}

TEST_F(Requeued, WithoutAccountingItIsWatched) {
  open(false);
  begin();
  cluster_->list.jobs = {run(20, 0, ClusterState::pending, 1)};
  pass(40);
  cluster_->list.jobs = {run(60, 25, ClusterState::completed, 1)};
  pass(40);
  EXPECT_EQ(runs(), "run cancelled 0 20s, end completed 1 25s");
}

}  // namespace
}  // namespace fabrica::sites::slurm
