#include "shims/job_rows.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "shims/commands.h"
#include "shims/fields.h"
#include "shims/times.h"

namespace fabrica::shims {
namespace {

constexpr Time noon{1'795'435'200'000};  // 2026-11-23T12:00:00Z

class InUtc : public testing::Test {
 protected:
  InUtc() {
    ::setenv("TZ", "UTC", 1);  // NOLINT(concurrency-mt-unsafe): one thread
    ::tzset();
  }
};
using Times = InUtc;
using JobRows = InUtc;

TEST_F(Times, AreWrittenAsSlurmDoes) {
  EXPECT_EQ(stamp(noon), "2026-11-23T12:00:00");
  EXPECT_EQ(date_line(noon), "Mon Nov 23 12:00:00 2026\n");
  const struct {
    std::int64_t seconds;
    std::string_view brief;
  } rows[] = {{0, "0:00"}, {61, "1:01"}, {3'600, "1:00:00"}, {180'061, "2-02:01:01"}};
  for (const auto& row : rows) EXPECT_EQ(short_clock(seconds(row.seconds)), row.brief);
  EXPECT_EQ(cpu_clock(61'250), "01:01.250");
  EXPECT_EQ(cpu_clock(3'661'250), "01:01:01");
  EXPECT_EQ(cpu_clock(90'061'250), "1-01:01:01");
}

TEST_F(Times, OfThePastAreReadAsSacctDoes) {
  const struct {
    std::string_view text;
    std::string_view stamp;
  } rows[] = {
      {"now", "2026-11-23T12:00:00"},        {"now-2hours", "2026-11-23T10:00:00"},
      {"now-1days", "2026-11-22T12:00:00"},  {"2026-11-01", "2026-11-01T00:00:00"},
      {"1970-01-01", "1970-01-01T00:00:00"}, {"2026-11-20T14:30", "2026-11-20T14:30:00"},
      {"midnight", "2026-11-23T00:00:00"},   {"10:15", "2026-11-23T10:15:00"},
      {"today", "2026-11-23T00:00:00"},      {"1101", "2026-11-01T00:00:00"},
  };
  for (const auto& row : rows) {
    const Result<Time> time = parse_past(row.text, noon);
    EXPECT_EQ(time ? stamp(*time) : "", row.stamp) << row.text;
  }
  EXPECT_FALSE(parse_past("foo", noon).has_value());
}

TEST(States, AreSlurmsWords) {
  const struct {
    std::string_view phase;
    std::string_view outcome;
    std::string_view told;
  } rows[] = {
      {"waiting", "none", "PENDING PD Dependency"},
      {"placed", "none", "PENDING PD None"},
      {"queued", "none", "PENDING PD Resources"},
      {"running", "none", "RUNNING R None"},
      {"ended", "completed", "COMPLETED CD None"},
      {"ended", "failed", "FAILED F NonZeroExitCode"},
      {"ended", "timeout", "TIMEOUT TO TimeLimit"},
      {"ended", "lost", "NODE_FAIL NF NodeDown"},
      {"ended", "of a newer server", "FAILED F NonZeroExitCode"},
      {"of a newer server", "none", "PENDING PD None"},
  };
  for (const auto& row : rows) {
    const StateWord& state = state_of(row.phase, row.outcome);
    EXPECT_EQ(fmt::format("{} {} {}", state.name, state.compact, state.reason), row.told);
  }
}

TEST(States, AreNamedLongOrShort) {
  const auto named = [](const std::vector<std::string>& words) {
    const auto states = states_named("squeue", words);
    return states ? fmt::format("{}", states->size()) : states.error().text.substr(0, 51);
  };
  EXPECT_EQ(named({}), "0");
  EXPECT_EQ(named({"R", "pending"}), "2");
  EXPECT_EQ(named({"all"}), "24");
  EXPECT_EQ(named({"R", "nosuch"}), "squeue: error: Invalid job state specified: nosuch\n");
}

Job one_job(std::string phase, std::string outcome) {
  Job job;
  job.id = 7;
  job.owner = 5;
  job.project = 3;
  job.name = "train";
  job.site = "north";
  job.partition = "north-gpu";
  job.phase = std::move(phase);
  job.outcome = std::move(outcome);
  job.submitted = noon - minutes(10);
  job.time_limit = minutes(5);
  if (job.phase == "running" || job.outcome == "timeout") job.started = noon - minutes(2);
  if (job.phase == "ended") job.ended = noon - minutes(1);
  return job;
}

std::string told(const JobRow& row) {
  return fmt::format("{} {} {} {} {}", row.id, row.state->compact, short_clock(row.elapsed),
                     exit_text(row), row.user);
}

TEST_F(JobRows, OfAJobThatIsNoArray) {
  const Onlooker ada{5, "ada", noon};
  EXPECT_EQ(told(rows_of(one_job("placed", "none"), ada, false).front()), "7 PD 0:00 0:0 ada");
  EXPECT_EQ(told(rows_of(one_job("running", "none"), ada, false).front()), "7 R 2:00 0:0 ada");
  EXPECT_EQ(told(rows_of(one_job("ended", "timeout"), ada, false).front()), "7 TO 1:00 0:15 ada")
      << "a job that failed shows no exit code of a success";
  Job failed = one_job("ended", "failed");
  failed.task_list = {Task{0, std::nullopt, "failed", noon, noon, 3, 0, 0, 0}};
  const Onlooker other{6, "bob", noon};
  EXPECT_EQ(told(rows_of(failed, other, false).front()), "7 F 0:00 3:0 person-5");
}

TEST_F(JobRows, OfAnArray) {
  Job job = one_job("running", "none");
  job.array_size = 5;
  const auto task = [&](std::uint32_t place, std::uint32_t number, bool started, bool over) {
    Task one{place, number, over ? "completed" : "none", {}, {}, 0, 0, 0, 0};
    if (started) one.started = noon - minutes(3);
    if (over) one.ended = noon;
    return one;
  };
  job.task_list = {task(0, 2, true, true), task(1, 4, true, false), task(2, 6, false, false),
                   task(3, 7, false, false), task(4, 9, false, false)};
  const Onlooker ada{5, "ada", noon};
  std::string text;
  for (const JobRow& row : rows_of(job, ada, false)) text += told(row) + "\n";
  EXPECT_EQ(text,
            "7_[6-7,9] PD 0:00 0:0 ada\n"
            "7_2 CD 3:00 0:0 ada\n"
            "7_4 R 3:00 0:0 ada\n");
  EXPECT_EQ(rows_of(job, ada, true).size(), 5);
}

TEST_F(JobRows, ARecordHasAKeyInEachWord) {
  Job job = one_job("running", "none");
  job.working_directory = "/home/ada";
  const JobRow row = rows_of(job, {5, "ada", noon}, false).front();
  const std::string record = record_of(row, true);
  EXPECT_EQ(record.substr(0, record.find(" Priority")),
            "JobId=7 JobName=train UserId=ada(5) GroupId=N/A MCS_label=N/A");
  for (const std::string_view part :
       {" JobState=RUNNING Reason=None ", " ExitCode=0:0 ", " RunTime=00:02:00 TimeLimit=00:05:00 ",
        " StartTime=2026-11-23T11:58:00 EndTime=2026-11-23T12:03:00 ", " WorkDir=/home/ada ",
        " Account=project-3 "}) {
    EXPECT_TRUE(record.contains(part)) << part << "\n" << record;
  }
  EXPECT_TRUE(record_of(row, false).contains("\n   JobState=RUNNING"));
}

TEST(Ranges, JoinNumbersThatFollowOneAnother) {
  EXPECT_EQ(ranges_of({}), "");
  EXPECT_EQ(ranges_of({3}), "3");
  EXPECT_EQ(ranges_of({1, 2, 3, 7, 9, 10}), "1-3,7,9-10");
}

}  // namespace
}  // namespace fabrica::shims
