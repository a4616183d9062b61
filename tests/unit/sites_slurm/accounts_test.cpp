#include "sites/slurm/accounts.h"

#include <gtest/gtest.h>

#include "sites/slurm/account_bodies.h"

/// What a cluster is told of accounts, what it is asked, and what is reported of what it shows. The
/// way through a faulty world is tested in tests/scenarios.
namespace fabrica::sites::slurm {
namespace {

using ledger::AccountId;

AccountWords account_wanted(bool closed = false) {
  return {.name = "fab-4", .user = "u", .tres = "gres/gpu", .minutes = 100, .closed = closed};
}

TEST(SlurmAccounts, WhatIsThereIsComparedWithWhatIsWanted) {
  const SeenAccount fits{"fab-4", {{"cpu", 7}, {"gres/gpu", 100}}, true};
  const SeenAccount shut{"fab-4", {{"gres/gpu", 100}}, false};
  const SeenAccount tight{"fab-4", {{"gres/gpu", 99}}, true};
  const SeenAccount wide{"fab-4", {{"gres/gpu", 101}}, true};
  const SeenAccount endless{"fab-4", {{"cpu", 100}}, true};
  const SeenAccount taken{.name = "fab-4", .usable = false, .others = {"v"}};
  const struct {
    std::string_view what;
    bool closed;
    const SeenAccount* seen;
    std::string_view differs;
  } cases[] = {
      {"it fits", false, &fits, "-"},
      {"not there", false, nullptr, "less: user u may not use it any more"},
      {"closed", false, &shut, "less: it takes no jobs (GrpSubmitJobs=0)"},
      {"lower", false, &tight, "less: its limit is gres/gpu=99 instead of 100"},
      {"higher", false, &wide, "more: its limit is gres/gpu=101 instead of 100"},
      {"no limit", false, &endless, "more: it has no limit on gres/gpu"},
      {"closed as wanted", true, &shut, "-"},
      {"closed and gone", true, nullptr, "-"},
      {"opened", true, &fits, "more: it takes jobs, though its award is over"},
      {"others may use it, not ours", false, &taken, "less: user u may not use it any more"},
      {"closed, and others may", true, &taken, "-"},
  };
  for (const auto& one : cases) {
    const auto differs = difference(account_wanted(one.closed), one.seen);
    EXPECT_EQ(differs ? (differs->lessened ? "less: " : "more: ") + differs->text : "-",
              one.differs)
        << one.what;
  }
}

TEST(SlurmAccounts, MinutesAreOfWhatTheSchedulerCountsAndRoundedUp) {
  federation::Partition gpu;
  gpu.unit = Unit::gpu;
  gpu.gpus_per_node_billed = 4;
  gpu.gpus_per_node_scheduled = 4;
  federation::Partition halves = gpu;
  halves.gpus_per_node_scheduled = 8;
  federation::Partition cores;
  cores.unit = Unit::core;
  federation::Partition nodes;
  nodes.unit = Unit::node;
  const struct {
    const federation::Partition& partition;
    std::int64_t unit_ms;
    std::string_view told;
  } cases[] = {{gpu, 3'600'000, "gres/gpu=60"},
               {gpu, 3'600'001, "gres/gpu=61"},
               {halves, 3'600'000, "gres/gpu=120"},
               {halves, 1, "gres/gpu=1"},
               {cores, 60'000, "cpu=1"},
               {nodes, 0, "node=0"},
               {nodes, ledger::issued_max.unit_ms(), "node=66666666666667"},
               {halves, ledger::issued_max.unit_ms(), "gres/gpu=133333333333334"}};
  for (const auto& one : cases) {
    const TresMinutes there = minutes_of(one.partition, ComputeTime{one.unit_ms});
    EXPECT_EQ(there.tres + "=" + std::to_string(there.minutes), one.told);
  }
  EXPECT_EQ(minutes_of(cores, ComputeTime{90'000}, 2).minutes, 3U);
}

TEST(SlurmAccounts, NamesAreOneInstallationsOwn) {
  EXPECT_EQ(account_name("0123456789abcdef", AccountId{13}), "fab01234567-13");
}

TEST(SlurmAccounts, WhatSlurmdbdIsSent) {
  AccountWords words = account_wanted();
  words.description = "project-1 on \"p\"";
  EXPECT_EQ(account_body(words), R"({"accounts":[{"name":"fab-4","description":)"
                                 R"("project-1 on \"p\"","organization":"fabrica"}]})");
  EXPECT_EQ(account_association_body(words, "c1", ApiVersion{38}),
            R"({"associations":[{"account":"fab-4","cluster":"c1","user":null,)"
            R"("parent_account":"root"}]})");
  words.parent = "eu";
  EXPECT_EQ(account_association_body(words, "c1", ApiVersion{40}),
            R"({"associations":[{"account":"fab-4","cluster":"c1","user":"",)"
            R"("parent_account":"eu"}]})");
  EXPECT_EQ(user_association_body(words, "c1", ApiVersion{38}),
            R"({"associations":[{"account":"fab-4","cluster":"c1","user":"u","max":{"jobs":)"
            R"({"per":{"submitted":-1}},"tres":{"group":{"minutes":)"
            R"([{"type":"gres","name":"gpu","count":100}]}}}}]})");
  words = account_wanted(true);
  words.tres = "cpu";
  EXPECT_EQ(user_association_body(words, "c1", ApiVersion{40}),
            R"({"associations":[{"account":"fab-4","cluster":"c1","user":"u","max":{"jobs":)"
            R"({"per":{"submitted":{"set":true,"infinite":false,"number":0}}},"tres":{"group":)"
            R"({"minutes":[{"type":"cpu","count":100}]}}}}]})");
}

// As slurmrestd 22.05 shows them, and with the objects of later versions.
TEST(SlurmAccounts, WhatSlurmdbdShows) {
  const auto seen = read_associations(
      R"({"errors":[],"associations":[
      {"account":"fab-4","cluster":"c1","user":"u","partition":null,"max":{"jobs":{"per":
        {"count":null,"submitted":null}},"tres":{"group":{"minutes":
        [{"type":"gres","name":"gpu","id":1001,"count":700},{"type":"cpu","name":null,"count":5}]}}}},
      {"account":"fab-5","cluster":"c1","user":"u","max":{"jobs":{"per":{"submitted":0}},
        "tres":{"group":{"minutes":[]}}}},
      {"account":"fab-6","cluster":"c1","user":"u","max":{"jobs":{"per":{"submitted":
        {"set":true,"infinite":false,"number":0}}}}},
      {"account":"fab-7","cluster":"c1","user":"u","max":{"jobs":{"per":{"submitted":
        {"set":false,"infinite":true,"number":0}}}}},
      {"account":"fab-8","cluster":"c1","user":null},
      {"account":"fab-9","cluster":"other","user":"u"},
      {"account":"fab-10","cluster":"c1","user":"u","partition":"gpu"},
      {"account":"fab-5","cluster":"c1","user":"w"},
      {"account":"fab-5","cluster":"c1","user":"v","partition":"gpu"},
      {"account":"fab-5","cluster":"c1","user":"v","partition":"cpu"},
      {"account":"fab-5","cluster":"other","user":"x"},
      {"account":"fab-11","cluster":"c1","user":"w"}]})");
  ASSERT_TRUE(seen.has_value());
  std::string text;
  for (const SeenAccount& one : accounts_of(*seen, "c1", "u")) {
    text += one.name + (one.usable ? one.open ? " open" : " closed" : " not ours");
    for (const SeenAccount::Limit& limit : one.limits)
      text += " " + limit.tres + "=" + std::to_string(limit.minutes);
    for (const std::string& other : one.others) text += " " + other;
    text += "\n";
  }
  EXPECT_EQ(text,
            "fab-10 not ours\nfab-11 not ours w\nfab-4 open gres/gpu=700 cpu=5\n"
            "fab-5 closed v w\nfab-6 closed\nfab-7 open\n");
}

/// A cluster that shows what it is told to show, beside Accounts.
class KeptAccounts : public testing::Test {
 protected:
  static AccountWords words_of(const jobs::KeepAccount& request) {
    return {.name = account_name("home", request.account),
            .user = "u",
            .tres = "gres/gpu",
            .minutes = static_cast<std::uint64_t>(request.limit.unit_ms() / 60'000),
            .closed = request.closed};
  }

  /// What is asked once so many seconds have passed: "look", "keep 60", or nothing.
  std::string asked_after(std::int64_t passed) {
    now_ = now_ + seconds(passed);
    const auto ask = accounts_.next(now_);
    if (!ask) return "-";
    if (const auto* keep = std::get_if<ask::Keep>(&*ask))
      return "keep " + std::to_string(keep->account.minutes);
    return "look";
  }

  void looked(std::vector<SeenAccount> seen, Came came = Came::done) {
    Answer answer;
    answer.came = came;
    answer.text = "why";
    answer.accounts = std::move(seen);
    accounts_.looked(now_, answer);
  }

  void kept(Came came) {
    Answer answer;
    answer.came = came;
    answer.text = "why";
    accounts_.kept(now_, answer);
  }

  std::string reported() {
    std::string text;
    for (const jobs::Report& report : accounts_.take_reports()) {
      if (const auto* is = std::get_if<jobs::AccountKept>(&report))
        text += is->closed ? "closed" : "kept";
      if (const auto* is = std::get_if<jobs::AccountNotKept>(&report)) text += "not: " + is->text;
      if (const auto* is = std::get_if<jobs::AccountFoundAltered>(&report))
        text += is->lessened ? "lessened" : "loosened";
    }
    return text.empty() ? "-" : text;
  }

  static SeenAccount seen(std::uint64_t minutes) { return {"fabhome-4", {{"gres/gpu", minutes}}}; }

  std::string said_;
  Notices notices_{[this](std::string_view text) { said_ += text; }};
  Accounts accounts_{
      {.user = "u"},
      [](const jobs::KeepAccount& request) -> Result<AccountWords> { return words_of(request); },
      notices_};
  const jobs::KeepAccount hour_{AccountId{4}, federation::PartitionId{1}, ComputeTime{3'600'000}};
  Time now_{1'000'000'000};
};

TEST_F(KeptAccounts, NothingIsAskedWhereNoneIsKept) { EXPECT_EQ(asked_after(1), "-"); }

TEST_F(KeptAccounts, WhatIsMissingIsToldAndCountsOnceItIsSeen) {
  accounts_.take(hour_);
  EXPECT_EQ(asked_after(0), "look");
  EXPECT_EQ(asked_after(9), "-");
  looked({});
  EXPECT_EQ(asked_after(0), "keep 60");
  kept(Came::done);
  EXPECT_EQ(reported(), "-");
  EXPECT_EQ(asked_after(1), "look");
  looked({seen(60)});
  EXPECT_EQ(reported(), "kept");
  EXPECT_FALSE(accounts_.lacks(AccountId{4}));
  EXPECT_EQ(asked_after(589), "-");
  EXPECT_EQ(asked_after(1), "look");
}

TEST_F(KeptAccounts, WhatIsThereAlreadyIsNotToldAgain) {
  accounts_.take(hour_);
  EXPECT_EQ(asked_after(0), "look");
  looked({seen(60)});
  EXPECT_EQ(reported(), "kept");
  EXPECT_EQ(asked_after(1), "-");
}

TEST_F(KeptAccounts, AnUnclearAnswerIsFollowedByALook) {
  accounts_.take(hour_);
  asked_after(0);
  looked({});
  EXPECT_EQ(asked_after(0), "keep 60");
  kept(Came::unclear);
  EXPECT_EQ(reported(), "-");
  EXPECT_EQ(asked_after(1), "look");
  looked({seen(60)});
  EXPECT_EQ(reported(), "kept");
}

TEST_F(KeptAccounts, ARefusalIsReportedAndTriedAgainAfterAMinute) {
  accounts_.take(hour_);
  asked_after(0);
  looked({});
  asked_after(0);
  kept(Came::refused);
  EXPECT_EQ(reported(), "not: why");
  EXPECT_EQ(asked_after(1), "look");
  looked({});
  EXPECT_EQ(asked_after(58), "-");
  EXPECT_EQ(asked_after(1), "look");
  looked({});
  EXPECT_EQ(asked_after(0), "keep 60");
}

TEST_F(KeptAccounts, ADatabaseThatIsDownIsAskedEveryTenSeconds) {
  accounts_.take(hour_);
  asked_after(0);
  looked({}, Came::unclear);
  EXPECT_EQ(asked_after(9), "-");
  EXPECT_EQ(asked_after(1), "look");
}

TEST_F(KeptAccounts, WhatSomebodyChangedIsReportedOnceAndSoIsItsReturn) {
  accounts_.take(hour_);
  asked_after(0);
  looked({seen(60)});
  reported();
  asked_after(600);
  looked({seen(30)});
  EXPECT_EQ(reported(), "lessened");
  EXPECT_TRUE(accounts_.lacks(AccountId{4}));
  asked_after(600);
  looked({});
  EXPECT_EQ(reported(), "-");
  asked_after(600);
  looked({seen(60)});
  EXPECT_EQ(reported(), "kept");
  asked_after(600);
  looked({seen(90)});
  EXPECT_EQ(reported(), "loosened");
  accounts_.take(hour_);
  EXPECT_EQ(asked_after(0), "look");
  looked({seen(90)});
  EXPECT_EQ(asked_after(0), "keep 60");
}

// Whom somebody lets use it is his affair, once he was told.
TEST_F(KeptAccounts, OtherUsersAreToldToTheOperatorOnce) {
  const auto with = [](std::vector<std::string> others) {
    SeenAccount account = seen(60);
    account.others = std::move(others);
    return account;
  };
  accounts_.take(hour_);
  const struct {
    std::vector<std::string> others;
    std::string_view told;
  } looks[] = {
      {{}, ""}, {{"v"}, "may be used by v,"}, {{"v"}, ""}, {{"v", "w"}, "may be used by v, w,"},
      {{}, ""}, {{"v"}, "may be used by v,"},
  };
  for (const auto& look : looks) {
    EXPECT_EQ(asked_after(600), "look");
    said_.clear();
    looked({with(look.others)});
    EXPECT_NE(said_.find(look.told), std::string::npos) << said_;
    EXPECT_EQ(said_.empty(), look.told.empty()) << said_;
  }
  EXPECT_EQ(reported(), "kept");
}

TEST_F(KeptAccounts, ManyAreLookedAtAHundredATime) {
  for (std::uint32_t id = 1; id <= 250; ++id)
    accounts_.take({AccountId{id}, federation::PartitionId{1}, ComputeTime{3'600'000}});
  for (const std::size_t some : {100U, 100U, 50U}) {
    const auto ask = accounts_.next(now_);
    ASSERT_TRUE(ask && std::holds_alternative<ask::Look>(*ask));
    std::vector<SeenAccount> there;
    for (const std::string& name : std::get<ask::Look>(*ask).accounts)
      there.push_back({name, {{"gres/gpu", 60}}});
    EXPECT_EQ(there.size(), some);
    looked(std::move(there));
  }
  EXPECT_EQ(asked_after(0), "-");
  EXPECT_FALSE(accounts_.lacks(AccountId{250}));
  EXPECT_EQ(accounts_.take_reports().size(), 250U);
}

}  // namespace
}  // namespace fabrica::sites::slurm
