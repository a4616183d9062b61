#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "json/read.h"
#include "json/write.h"
#include "simulate/result_file.h"
#include "simulate/scenario_file.h"
#include "simulate/sweep.h"
#include "unit/simulate/trace_files.h"
#include "unit/traces/scratch.h"

/// Invariant 57: a scenario and a seed give the same results on one thread and on many.
namespace fabrica::simulate {
namespace {

constexpr std::string_view smallest = R"(
[[site]]
name = "one"
width = 8
[[workload]]
kind = "lublin"
jobs = 10
)";

std::string with(std::string_view before, std::string_view after = "") {
  return std::string(before) + std::string(smallest) + std::string(after);
}

TEST(ScenarioFile, SaysWhichLineAndKeyIsWrongAndWhatToDo) {
  struct Row {
    std::string text;
    std::string_view words;
  };
  const std::string workload = "[[workload]]\nkind = ";
  const std::string site = "[[site]]\nname = \"x\"\n";
  const Row rows[] = {
      {"", "s.toml:1: Give at least one [[site]]."},
      {"[[site]]\nname = \"one\"\nwidth = 8\n", "s.toml:1: Give 1 to 100 [[workload]]."},
      {with("sheduler = \"easy\""),
       "s.toml:1: There is no key \"sheduler\". Did you mean \"scheduler\"?"},
      {with("", "wdith = 5"),
       "s.toml:8: There is no key \"wdith\" in [workload]. Did you mean \"width\"?"},
      {with("scheduler = \"esay\""),
       "s.toml:1: scheduler: There is no \"esay\". Did you mean \"easy\"?"},
      {with("scheduler = [\"easy\", 5]"), "Give a name in quotes, or a list of them."},
      {with("scheduler = 5"), "Give a name in quotes, or a list of them."},
      {with("placement = \"fed\"", site + "width = 9"),
       "placement: There is no \"fed\". Known are: late_binding, federation, fullest_first."},
      {with("whole = true\nplacement = \"federation\"", site + "width = 9"),
       "There is no placement rule \"federation\"; the rules are: late_binding, least_work."},
      {with("whole = true"), "whole: It goes with several sites only: leave it out."},
      {with("scheduler = []"), "scheduler: List 1 to 100 of them."},
      {with("placement = \"federation\""),
       "placement: It goes with several sites only: leave it out."},
      {with("depth = 5", site + "width = 9"), "depth: It goes with one site only: leave it out."},
      {with("load = 0"), "load: Give a number, or a list of numbers, from 0.001 to 1000"},
      {with("load = [0.5, \"x\"]"), "load: Give a number, or a list of numbers"},
      {with("load = 0.5\nscale = 2"), "s.toml:2: scale: Give load or scale, not both"},
      {with("scale = [1, 2]"), "scale: Give one number, not a list."},
      {with("seeds = 0"), "seeds: Give 1 to 100000: found 0."},
      {with("first = 0"), "first: Give 1 to 20000000: found 0."},
      {with("order = \"odd\""), "order: Give \"default\" or \"textbook\"."},
      {with("", site), "site: Give either width, or nodes and gpus_per_node."},
      {with("", site + "width = 9\n[[maintenance]]\nfrom_s = 1\nuntil_s = 2"),
       "maintenance: It goes with one site only: leave it out."},
      {with("", "[[maintenance]]\nfrom_s = 5\nuntil_s = 5"),
       "maintenance.until_s: Give 6 to 10000000001: found 5."},
      {with("", "[[failure]]\nfrom_s = 5\nuntil_s = 6\nwidth = 9"),
       "failure.width: Give 1 to 8: found 9."},
      {with("", "[[failure]]\nfrom_s = 5"), "failure.until_s: Add \"until_s\""},
      {with("order = \"textbook\"", "[[failure]]\nfrom_s = 5\nuntil_s = 6"),
       "failure: Give at most 1000, with the default order."},
      {with("", site + "width = 2\nnodes = 2"), "site: Give either width, or nodes"},
      {with("", site + "width = 2\ngpus_per_node = 2"),
       "site.gpus_per_node: It goes with nodes, not with width."},
      {with("", site + "width = 0"), "s.toml:10: site.width: Give 1 to 1000000000: found 0."},
      {with("", site + "width = 1\ncount = 2000"), "site.count: Give 1 to 1000: found 2000."},
      {with("", site + "width = 999999999\ncount = 2"), "At most 1000 sites, together 1000000000"},
      {with("", workload + "\"swff\""), "There is no kind \"swff\". Did you mean \"swf\"?"},
      {with("", workload + "\"swf\""), "workload.file: Say which file."},
      {with("", workload + "\"swf\"\nfile = \"a\"\njobs = 5"),
       "workload.jobs: It does not go with kind \"swf\": leave it out."},
      {with("", workload + "\"csv\"\nfile = \"a\""), "workload.columns: Say which column is which"},
      {with("", workload + "\"csv\"\nfile = \"a\"\ncolumns = {submit=\"a\", run=\"b\"}"),
       "workload.columns.width: Add \"width\", a string: it is missing."},
      {with("", workload + "\"csv\"\nfile = \"a\"\nseparator = \"::\"\n"
                           "columns = {submit=\"a\", run=\"b\", width=\"c\"}"),
       "workload.separator: Give one character"},
      {with("", workload + "\"llm\""), "workload.jobs: Say how many jobs to make."},
      {with("", workload + "\"llm\"\njobs = 0"), "workload.jobs: Give 1 to 20000000: found 0."},
      {with("", workload + "\"llm\"\njobs = 1\ncluster = \"kaloss\""), "Did you mean \"kalos\"?"},
      {with("", workload + "\"llm\"\njobs = 1\ndays = 10000"), "So few jobs in so many days"},
      {with("", workload + "\"llm\"\njobs = 1\nhour_weights = [1, 2]"),
       "workload.hour_weights: Give 24 whole numbers, not all of them 0."},
      {with("", workload + "\"llm\"\njobs = 1\nday_weights = [0, 0, 0, 0, 0, 0, 0]"),
       "workload.day_weights: Give 7 whole numbers"},
      {with("", workload + "\"lublin\"\njobs = 1\nwidth = 7"),
       "workload.width: Give 8 to 16777216"},
      {with("", workload + "\"lublin\"\njobs = 1\nusers = 0"), "workload.users: Give 1 to 1000000"},
  };
  for (const Row& row : rows) {
    const Result<Scenario> read = parse_scenario("s.toml", row.text);
    ASSERT_FALSE(read.has_value()) << row.text;
    EXPECT_NE(read.error().text.find(row.words), std::string::npos)
        << row.text << "\nsays: " << read.error().text;
  }
}

TEST(ScenarioFile, FilesAreLookedForBesideItAndSitesMayBeMany) {
  const Result<Scenario> read = parse_scenario("/some/where/s.toml", R"(
    load = [0.5, 0.75]
    placement = "federation"
    [[site]]
    name = "a"
    nodes = 4
    gpus_per_node = 8
    count = 2
    [[site]]
    name = "b"
    width = 5
    [[workload]]
    kind = "csv"
    file = "../t.csv.gz"
    scale = 1.5
    time = "iso8601"
    separator = ";"
    columns = { submit = "at", run = "took", width = "gpus", user = "who" })");
  ASSERT_TRUE(read.has_value()) << read.error().text;
  EXPECT_EQ(read->name, "s");
  ASSERT_EQ(read->sites.size(), 3U);
  EXPECT_EQ(read->sites[1].name, "a-2");
  EXPECT_EQ(read->sites[1].width, 32);
  EXPECT_EQ(read->sites[2].name, "b");
  EXPECT_EQ(read->load[1].times * 4, read->load[1].over * 3);
  const auto& csv = std::get<CsvFile>(read->workloads[0].source);
  EXPECT_EQ(csv.path, "/some/where/../t.csv.gz");
  EXPECT_EQ(csv.columns.user, "who");
  EXPECT_EQ(csv.columns.separator, ';');
  EXPECT_EQ(csv.columns.time, traces::CsvTime::iso8601);
  EXPECT_EQ(read->workloads[0].name, "t.csv.gz");
}

Result<std::vector<ScenarioRun>> simulated(const Scenario& scenario, std::size_t threads) {
  TRY(const Workloads workloads, Workloads::load(scenario, ""));
  TRY(const std::vector<PlannedRun> runs, runs_of(scenario, 1));
  std::uint64_t told = 0;
  auto results =
      sweep(scenario, workloads, runs, threads, [&](std::uint64_t done, std::uint64_t all) {
        EXPECT_EQ(done, ++told);
        EXPECT_EQ(all, runs.size());
      });
  EXPECT_EQ(told, runs.size());
  return results;
}

std::string as_json(const std::vector<ScenarioRun>& runs) {
  std::string text;
  for (const ScenarioRun& run : runs) text += json::to_json(run) + "\n";
  return text;
}

TEST(Sweep, IsTheSameOnOneThreadAndOnMany) {
  const Result<Scenario> scenario = parse_scenario("s.toml", R"(
    seeds = 3
    load = [0.5, 0.9]
    placement = ["late_binding", "federation"]
    [[site]]
    name = "a"
    width = 64
    count = 2
    [[workload]]
    kind = "lublin"
    width = 64
    jobs = 300
    [[workload]]
    kind = "llm"
    jobs = 300)");
  ASSERT_TRUE(scenario.has_value());
  const auto one = simulated(*scenario, 1);
  ASSERT_TRUE(one.has_value());
  ASSERT_EQ(one->size(), 12U);
  for (const std::size_t threads : {2UL, 5UL, 40UL}) {
    const auto many = simulated(*scenario, threads);
    ASSERT_TRUE(many.has_value());
    EXPECT_EQ(as_json(*many), as_json(*one)) << threads;
  }
  EXPECT_EQ((*one)[0].setting, "load 0.5, late_binding");
  EXPECT_EQ((*one)[11].setting, "load 0.9, federation");
  EXPECT_EQ((*one)[11].seed, 3U);
  EXPECT_EQ((*one)[0].workloads[1].odd_lines.front().kind, "wider_than_machine");
}

TEST(Sweep, ResultsComeBackFromTheirFile) {
  const traces::Scratch scratch;
  const Result<Scenario> scenario = parse_scenario("s.toml", with("seeds = 2"));
  const auto runs = simulated(*scenario, 1);
  ASSERT_TRUE(runs.has_value());
  const std::string text = as_json(*runs);
  const auto back = read_results(scratch.write("runs", text));
  ASSERT_TRUE(back.has_value()) << back.error().text;
  EXPECT_EQ(as_json(*back), text);
  struct Row {
    std::string bytes;
    std::string_view words;
  };
  const Row rows[] = {
      {"", "has no run in it"},
      {text + "{}\n", "runs:3: this is no line of fabrica simulate"},
      {text + "what", "runs:3: this is no line of fabrica simulate"},
  };
  for (const Row& row : rows) {
    const auto refused = read_results(scratch.write("runs", row.bytes));
    ASSERT_FALSE(refused.has_value());
    EXPECT_NE(refused.error().text.find(row.words), std::string::npos) << refused.error().text;
  }
}

TEST(Sweep, OneTraceGivesWhatTheTraceAloneGives) {
  const std::filesystem::path made = source_folder() / "tests/traces/made.swf.gz";
  const Result<Scenario> scenario = parse_scenario(
      "s.toml", fmt::format("scheduler = \"sjbf\"\n[[site]]\nname = \"m\"\nwidth = 64\n"
                            "[[workload]]\nkind = \"swf\"\nfile = \"{}\"\n",
                            made.string()));
  ASSERT_TRUE(scenario.has_value()) << scenario.error().text;
  const auto runs = simulated(*scenario, 1);
  ASSERT_TRUE(runs.has_value());
  auto trace = traces::read_swf(made);
  const std::int64_t first_s = trace->jobs.front().submit_s;
  for (traces::Job& job : trace->jobs) job.submit_s -= first_s;
  const auto workload = workload_of(*trace, {64, {}, false});
  const auto alone = forecast::schedule({64, forecast::Scheduler::sjbf}, workload->jobs);
  EXPECT_EQ(runs->front().schedule, forecast::digest_of(alone));
}

TEST(Sweep, MaintenanceIsAvoidedAndFailuresCostRuns) {
  const traces::Scratch scratch;
  scratch.write("a.csv", "s,r,w,l\n0,100,4,100\n10,100,4,100\n");
  const std::string text =
      "[[site]]\nname = \"m\"\nwidth = 8\n[[workload]]\nkind = \"csv\"\nfile = \"a.csv\"\n"
      "columns = {submit=\"s\", run=\"r\", width=\"w\", limit=\"l\"}\n";
  struct Row {
    std::string outage;
    double wait_mean_s;
    std::uint64_t lost_runs;
    std::int64_t makespan_s;
  };
  const Row rows[] = {
      {"", 0, 0, 110},
      {"[[maintenance]]\nfrom_s = 105\nuntil_s = 200\nwidth = 8\n", 95, 0, 300},
      {"[[failure]]\nfrom_s = 50\nuntil_s = 60\nwidth = 4\n", 25, 1, 160},
  };
  for (const Row& row : rows) {
    const auto scenario = parse_scenario((scratch.folder() / "s.toml").string(), text + row.outage);
    ASSERT_TRUE(scenario.has_value()) << scenario.error().text;
    const auto runs = simulated(*scenario, 1);
    ASSERT_TRUE(runs.has_value());
    EXPECT_EQ(runs->front().measures.wait_mean_s, row.wait_mean_s) << row.outage;
    EXPECT_EQ(runs->front().lost_runs, row.lost_runs) << row.outage;
    EXPECT_EQ(runs->front().measures.makespan_s, row.makespan_s) << row.outage;
  }
}

TEST(Sweep, TheWholeProductTakesTheSameJobs) {
  const std::string text = R"(
    load = 0.8
    [[site]]
    name = "a"
    width = 64
    [[site]]
    name = "b"
    width = 32
    [[workload]]
    kind = "lublin"
    width = 64
    jobs = 200)";
  const auto alone = simulated(*parse_scenario("s.toml", text), 1);
  const auto whole = simulated(*parse_scenario("s.toml", "whole = true\n" + text), 1);
  ASSERT_TRUE(alone.has_value());
  ASSERT_TRUE(whole.has_value()) << whole.error().text;
  EXPECT_EQ(whole->front().rules, "late_binding, the whole product");
  EXPECT_EQ(whole->front().measures.jobs, 200U);
  EXPECT_EQ(whole->front().measures.hours, alone->front().measures.hours);
}

TEST(Workloads, AreMergedByTimeFromTheSameMoment) {
  const traces::Scratch scratch;
  scratch.write("a.csv", "s,r,w,u\n100,1,1,x\n120,2,1,y\n140,3,9,x\n");
  scratch.write("b.csv", "s,r,w,u\n7,4,1,y\n17,5,1,y\n37,6,1,z\n");
  const std::string columns = "columns = {submit=\"s\", run=\"r\", width=\"w\", user=\"u\"}\n";
  const Result<Scenario> scenario = parse_scenario(
      (scratch.folder() / "s.toml").string(),
      "[[site]]\nname = \"m\"\nwidth = 8\n[[workload]]\nkind = \"csv\"\nfile = \"a.csv\"\n" +
          columns + "[[workload]]\nkind = \"csv\"\nfile = \"b.csv\"\nscale = 0.5\n" + columns);
  ASSERT_TRUE(scenario.has_value()) << scenario.error().text;
  const auto workloads = Workloads::load(*scenario, "");
  ASSERT_TRUE(workloads.has_value()) << workloads.error().text;
  const auto drawn = workloads->draw({1, 8, 8});
  ASSERT_TRUE(drawn.has_value());
  std::string text;
  for (const traces::Job& job : drawn->trace.jobs) {
    text += fmt::format("#{} at {} run {} user {} of {}; ", job.number, job.submit_s, job.run_s,
                        job.user, job.queue);
  }
  EXPECT_EQ(text,
            "#1 at 0 run 1 user 0 of 1; #2 at 0 run 4 user 2 of 2; #3 at 20 run 2 user 1 of 1; "
            "#4 at 20 run 5 user 2 of 2; #5 at 60 run 6 user 3 of 2; ");
  const std::vector<OddLinesSeen> odd = seen(drawn->odd[0]);
  ASSERT_EQ(odd.size(), 2U);
  EXPECT_EQ(odd[1].kind, "wider_than_machine");
  EXPECT_EQ(odd[1].first_line, 4U);
}

TEST(Workloads, ThatLastForEverOrFitNowhereAreRefused) {
  const Result<Scenario> scenario = parse_scenario("s.toml", with(""));
  const auto workloads = Workloads::load(*scenario, "");
  EXPECT_TRUE(workloads->draw({1, 8, 8}).has_value());
  const traces::Scratch scratch;
  scratch.write("a.csv", "s,r,w\n0,1,9\n9999999999,1,9\n");
  const std::string text =
      "[[site]]\nname = \"m\"\nwidth = 8\n[[workload]]\nkind = \"csv\"\nfile = \"a.csv\"\n"
      "columns = {submit=\"s\", run=\"r\", width=\"w\"}\n";
  const std::string file = (scratch.folder() / "s.toml").string();
  const auto wide = Workloads::load(*parse_scenario(file, text), "");
  EXPECT_NE(wide->draw({1, 8, 8}).error().text.find("Every job is wider than 8"),
            std::string::npos);
  const auto slow = Workloads::load(*parse_scenario(file, text + "scale = 0.5\n"), "");
  EXPECT_NE(slow->draw({1, 9, 9}).error().text.find("give a larger one"), std::string::npos);
}

TEST(Scenarios, ThatAreShippedCanBeRead) {
  const std::filesystem::path folder = source_folder() / "examples/scenarios";
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".toml") continue;
    const Result<Scenario> read = read_scenario(entry.path());
    EXPECT_TRUE(read.has_value()) << read.error().text;
    if (!read) continue;
    EXPECT_TRUE(Workloads::load(*read, "").has_value()) << entry.path();
    count += 1;
  }
  EXPECT_GE(count, 3U);
}

}  // namespace
}  // namespace fabrica::simulate
