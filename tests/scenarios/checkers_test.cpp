// The checkers can fail: a log, a site or a rule that is broken on purpose is found out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "policies/registry.h"
#include "simulate/run.h"

namespace fabrica::simulate {
namespace {

using sites::simulated::VirtualSite;
using testing::HasSubstr;

// Passes everything on; each broken log differs in one thing.
class PlainLog : public EventLog {
 public:
  explicit PlainLog(EventLog& inner) : inner_(inner) {}
  Appended append(const Append& group) override { return inner_.append(group); }
  std::vector<Recorded> read(Seq after, std::size_t limit) override {
    return inner_.read(after, limit);
  }
  std::optional<KeptReply> reply_to(CommandId id) override { return inner_.reply_to(id); }
  bool load_snapshot(State& state) override { return inner_.load_snapshot(state); }

 protected:
  EventLog& inner_;
};

bool is_organisation(const Recorded& recorded) {
  const auto* event = std::get_if<federation::Event>(&recorded.event);
  return event != nullptr && std::holds_alternative<federation::OrganisationRegistered>(*event);
}

// Leaves the last event out when it is read.
class DroppingLog : public PlainLog {
 public:
  using PlainLog::PlainLog;
  std::vector<Recorded> read(Seq after, std::size_t limit) override {
    std::vector<Recorded> page = PlainLog::read(after, limit);
    if (!page.empty()) page.pop_back();
    return page;
  }
};

// Reads an organisation's name otherwise than it was written.
class AlteringLog : public PlainLog {
 public:
  using PlainLog::PlainLog;
  std::vector<Recorded> read(Seq after, std::size_t limit) override {
    std::vector<Recorded> page = PlainLog::read(after, limit);
    for (Recorded& recorded : page) {
      if (!is_organisation(recorded)) continue;
      auto& event =
          std::get<federation::OrganisationRegistered>(std::get<federation::Event>(recorded.event));
      event.organisation.name += "!";
    }
    return page;
  }
};

// Says yes to its 200th group and writes nothing.
class LosingLog : public PlainLog {
 public:
  using PlainLog::PlainLog;
  Appended append(const Append& group) override {
    appends_ += 1;
    return appends_ == 200 ? Appended::yes : PlainLog::append(group);
  }

 private:
  int appends_ = 0;
};

// Knows no reply that it kept.
class ForgetfulLog : public PlainLog {
 public:
  using PlainLog::PlainLog;
  std::optional<KeptReply> reply_to(CommandId) override { return std::nullopt; }
};

// Says yes when another writer was quicker.
class LyingLog : public PlainLog {
 public:
  using PlainLog::PlainLog;
  Appended append(const Append& group) override {
    const Appended appended = PlainLog::append(group);
    return appended == Appended::behind ? Appended::yes : appended;
  }
};

class PlainSite : public VirtualSite {
 public:
  explicit PlainSite(VirtualSite& inner) : inner_(inner) {}
  void tell(const jobs::SiteRequest& request) override { inner_.tell(request); }
  std::vector<jobs::Report> hear(Time now) override { return inner_.hear(now); }
  void acknowledge(std::span<const jobs::Report> reports) override { inner_.acknowledge(reports); }
  std::optional<Time> next_event() const override { return inner_.next_event(); }

 protected:
  VirtualSite& inner_;
};

// Starts each job as two attempts.
class TwiceSite : public PlainSite {
 public:
  using PlainSite::PlainSite;
  void tell(const jobs::SiteRequest& request) override {
    PlainSite::tell(request);
    if (const auto* start = std::get_if<jobs::StartJob>(&request)) {
      jobs::StartJob again = *start;
      again.attempt += 1;
      PlainSite::tell(again);
    }
  }
};

// Never says how every fifth job ended.
class SilentSite : public PlainSite {
 public:
  using PlainSite::PlainSite;
  std::vector<jobs::Report> hear(Time now) override {
    std::vector<jobs::Report> heard = PlainSite::hear(now);
    std::erase_if(heard, [](const jobs::Report& report) {
      const auto* ended = std::get_if<jobs::SiteEnded>(&report);
      return ended != nullptr && ended->job.value % 5 == 0;
    });
    return heard;
  }
};

// Says at once that a job ran for a minute, and does not run it.
class PretendingSite : public PlainSite {
 public:
  using PlainSite::PlainSite;
  void tell(const jobs::SiteRequest& request) override {
    const auto* start = std::get_if<jobs::StartJob>(&request);
    if (start == nullptr || !start->request->array.empty() || start->job.value % 3 != 0) {
      return PlainSite::tell(request);
    }
    jobs::SiteEnded report;
    report.job = start->job;
    report.started = now_ - minutes(1);
    report.ended = now_;
    pretended_.emplace_back(report);
  }
  std::vector<jobs::Report> hear(Time now) override {
    now_ = now;
    std::vector<jobs::Report> heard = PlainSite::hear(now);
    heard.insert(heard.end(), pretended_.begin(), pretended_.end());
    return heard;
  }

 private:
  Time now_;
  std::vector<jobs::Report> pretended_;
};

template <class Log>
Options with_log() {
  Options options;
  options.wrap_log = [](EventLog& inner) { return std::make_unique<Log>(inner); };
  return options;
}

template <class Site>
Options with_site() {
  Options options;
  options.wrap_site = [](VirtualSite& inner) { return std::make_unique<Site>(inner); };
  return options;
}

// The first failure among a few seeds; empty when nothing was found out.
std::string first_failure(Options options) {
  for (options.seed = 1; options.seed <= 5; ++options.seed) {
    const RunReport report = run(options);
    if (!report.failure.empty()) return report.failure;
  }
  return {};
}

TEST(Checkers, WhatPassesThroughUnchangedIsFine) {
  EXPECT_EQ(first_failure(with_log<PlainLog>()), "");
  EXPECT_EQ(first_failure(with_site<PlainSite>()), "");
}

TEST(Checkers, ALogThatDropsAnEventWhenReadIsFoundOut) {
  EXPECT_NE(first_failure(with_log<DroppingLog>()), "");
}

TEST(Checkers, ALogThatAltersAnEventWhenReadIsFoundOut) {
  EXPECT_THAT(first_failure(with_log<AlteringLog>()), HasSubstr("another state"));
}

TEST(Checkers, ALogThatLosesWhatItAcceptedIsFoundOut) {
  EXPECT_EQ(first_failure(with_log<LosingLog>()),
            "a command was accepted and its events are not in the log");
}

TEST(Checkers, ALogThatForgetsRepliesIsFoundOut) {
  EXPECT_NE(first_failure(with_log<ForgetfulLog>()), "");
}

TEST(Checkers, ALogThatAcceptsOverAnotherWriterIsFoundOut) {
  EXPECT_NE(first_failure(with_log<LyingLog>()), "");
}

TEST(Checkers, ASiteThatRunsAJobTwiceIsFoundOut) {
  EXPECT_THAT(first_failure(with_site<TwiceSite>()), HasSubstr("a task ran twice"));
}

TEST(Checkers, ASiteThatNeverSaysTheEndIsFoundOut) {
  EXPECT_THAT(first_failure(with_site<SilentSite>()), HasSubstr("not all is done"));
}

TEST(Checkers, ASiteThatBillsWhatItDidNotRunIsFoundOut) {
  EXPECT_THAT(first_failure(with_site<PretendingSite>()),
              HasSubstr("is said to have run and did not"));
}

TEST(Checkers, ARuleThatAnswersOtherwiseTheSecondTimeIsFoundOut) {
  Options options;
  options.policies = policies::defaults();
  options.policies->jobs.placement = [](const jobs::PlacementQuestion&) {
    static int asked = 0;
    asked += 1;
    return jobs::PlacementAnswer{0, "asked " + std::to_string(asked) + " times"};
  };
  EXPECT_THAT(first_failure(options), HasSubstr("gives two answers"));
}

}  // namespace
}  // namespace fabrica::simulate
