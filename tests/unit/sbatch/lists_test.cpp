#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "sbatch/array.h"
#include "sbatch/dependency.h"
#include "sbatch/hostlist.h"
#include "sbatch/values.h"

namespace fabrica::sbatch {
namespace {

constexpr std::string_view no = "refused";

struct Case {
  std::string_view text;
  std::string_view expected;
};

std::string array_tasks(std::string_view text) {
  const auto array = parse_array(text);
  if (!array) return std::string(no);
  std::string all = fmt::format("{}", fmt::join(tasks_of(*array), ","));
  if (array->at_once != 0) all += fmt::format("%{}", array->at_once);
  return all;
}

TEST(Array, Forms) {
  constexpr Case cases[] = {
      {"0-3", "0,1,2,3"},
      {"4,7,22", "4,7,22"},
      {"1-100:20", "1,21,41,61,81"},
      {"0-9:3", "0,3,6,9"},
      {"0-9:20", "0"},
      {"0-3%2", "0,1,2,3%2"},
      {"1-3%1", "1,2,3%1"},
      {"0-3%0", "0,1,2,3"},
      {"0-3%20", "0,1,2,3%20"},
      {"1-3%2,5", "1,2,3,5%2"},
      {"0-9:2%2,20", "0,2,4,6,8,20%2"},
      {"[1-3]%2", "1,2,3%2"},
      {"[0-1]", "0,1"},
      {"1-3,2-5", "1,2,3,4,5"},
      {"5,1,1", "1,5"},
      {"0,4-10:2,20-22", "0,4,6,8,10,20,21,22"},
      {"01-03", "1,2,3"},
      {"5-5:2", "5"},
      {"4000000", "4000000"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(array_tasks(text), expected) << text;
}

TEST(Array, Refusals) {
  constexpr std::string_view cases[] = {
      "",        "a",     "1-",      "-1",     "3-1",    "1 - 3",   "1-3 ",        "1-10:0",
      "1-10:-1", "1:2",   "1-3:1:1", "0x1-3",  "5;7",    "1,",      "1,,2",        "%5",
      "0-9%",    "0-9%a", "1-3%1%2", "0-9%-1", "0-1000", "4000001", "99999999999", "0-4000000:1"};
  for (const std::string_view text : cases) EXPECT_EQ(array_tasks(text), no) << text;
}

TEST(Array, AChainIsOneTaskAtATime) {
  EXPECT_TRUE(is_chain(*parse_array("1-10%1")));
  EXPECT_FALSE(is_chain(*parse_array("1-10%2")));
  EXPECT_FALSE(is_chain(*parse_array("1-10")));
  EXPECT_FALSE(is_chain(*parse_array("7%1")));
}

RC_GTEST_PROP(Array, PrintingReadsTheSame, ()) {
  ArraySpec array;
  const auto ranges = *rc::gen::inRange(1, 6);
  for (int i = 0; i < ranges; ++i) {
    const auto first = *rc::gen::inRange<std::uint32_t>(0, 1000);
    const auto length = *rc::gen::inRange<std::uint32_t>(0, 100);
    const auto step = *rc::gen::inRange<std::uint32_t>(1, 20);
    array.ranges.push_back({first, first + length, length == 0 ? 1 : step});
  }
  array.at_once = *rc::gen::inRange<std::uint32_t>(0, 5);
  const auto again = parse_array(to_string(array));
  RC_ASSERT(again.has_value());
  RC_ASSERT(*again == array);
}

RC_GTEST_PROP(Array, TasksAreTheUnionOfTheRanges, ()) {
  const auto first = *rc::gen::inRange<std::uint32_t>(0, 50);
  const auto last = *rc::gen::inRange<std::uint32_t>(first, 100);
  const auto step = *rc::gen::inRange<std::uint32_t>(1, 9);
  const auto single = *rc::gen::inRange<std::uint32_t>(0, 100);
  std::set<std::uint32_t> expected{single};
  for (std::uint32_t task = first; task <= last; task += step) expected.insert(task);
  const auto array = parse_array(fmt::format("{}-{}:{},{}", first, last, step, single));
  RC_ASSERT(array.has_value());
  const auto tasks = tasks_of(*array);
  RC_ASSERT(std::set(tasks.begin(), tasks.end()) == expected);
  RC_ASSERT(tasks.size() == expected.size());
}

std::string dependencies(std::string_view text) {
  const auto read = parse_dependencies(text);
  if (!read) return std::string(no);
  std::string all;
  for (const Dependency& one : read->list) {
    if (!all.empty()) all += read->any ? " or " : " and ";
    all += name_of(one.kind);
    for (const AwaitedJob& job : one.jobs) {
      all += fmt::format(" {}", job.job);
      if (job.task) all += fmt::format("_{}", *job.task);
      if (job.all_tasks) all += "_*";
      if (job.delay_minutes != 0) all += fmt::format("+{}", job.delay_minutes);
    }
  }
  return all;
}

TEST(Dependencies, Forms) {
  constexpr Case cases[] = {
      {"afterok:17", "afterok 17"},
      {"afterok:17:18", "afterok 17 18"},
      {"afterok:17,afterany:18", "afterok 17 and afterany 18"},
      {"afterok:17?afternotok:18", "afterok 17 or afternotok 18"},
      {"after:17", "after 17"},
      {"after:17+5", "after 17+5"},
      {"after:17+5:18+10", "after 17+5 18+10"},
      {"afterok:17+5", "afterok 17+5"},
      {"17", "afterany 17"},
      {"", ""},
      {"17,18", "afterany 17 and afterany 18"},
      {"singleton", "singleton"},
      {"Singleton,AFTEROK:17", "singleton and afterok 17"},
      {"singleton?afterok:17", "singleton or afterok 17"},
      {"afterok:17_3", "afterok 17_3"},
      {"afterok:17_*", "afterok 17_*"},
      {"aftercorr:17", "aftercorr 17"},
      {"afterburstbuffer:17", "afterburstbuffer 17"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(dependencies(text), expected) << text;
}

TEST(Dependencies, Refusals) {
  constexpr std::string_view cases[] = {"afterok",
                                        "afterok:",
                                        "afterok:x",
                                        "afterok:0",
                                        "afterok:-1",
                                        "17:18",
                                        "singleton:17",
                                        "before:17",
                                        "afterok:17,",
                                        ",afterok:17",
                                        "afterok:17,,17",
                                        "afterok:17:",
                                        "afterok::17",
                                        "afterok:17;18",
                                        "afterok:17.0",
                                        "afterok:17@c1",
                                        "after:17+",
                                        "after:17+0",
                                        "after:17+x",
                                        "none",
                                        "expand:17",
                                        "afterok:17:afterany:18",
                                        "afterok:17,afterany:18?after:19",
                                        "afterok:99999999999999999999"};
  for (const std::string_view text : cases) EXPECT_EQ(dependencies(text), no) << text;
}

TEST(Dependencies, NotMoreJobsThanTheLimit) {
  std::string list = "afterok";
  for (int i = 1; i <= 32; ++i) list += fmt::format(":{}", i);
  EXPECT_TRUE(parse_dependencies(list).has_value());
  EXPECT_FALSE(parse_dependencies(list + ":33").has_value());
  EXPECT_FALSE(parse_dependencies(list + ",singleton").has_value());
}

std::string signal(std::string_view text) {
  const auto read = parse_signal(text);
  if (!read) return std::string(no);
  return fmt::format("{}{}{}@{}", read->reservation ? "R" : "", read->batch_shell_only ? "B" : "",
                     read->number, read->seconds_before);
}

TEST(Signal, FormsAndRefusals) {
  constexpr Case cases[] = {{"USR1", "10@60"},
                            {"USR1@120", "10@120"},
                            {"SIGUSR1@90", "10@90"},
                            {"usr1@60", "10@60"},
                            {"sigusr1", "10@60"},
                            {"10@5", "10@5"},
                            {"TERM", "15@60"},
                            {"B:TERM", "B15@60"},
                            {"B:USR1@120", "B10@120"},
                            {"R:USR1@60", "R10@60"},
                            {"RB:USR1@60", "RB10@60"},
                            {"BR:USR1@60", "RB10@60"},
                            {"USR1@65535", "10@65535"},
                            {"INT@0", "2@0"},
                            {"USR2", "12@60"},
                            {"64", "64@60"},
                            {"USR1@65536", no},
                            {"USR1@-1", no},
                            {"USR1@1m", no},
                            {"USR1@", no},
                            {"0", no},
                            {"65", no},
                            {"FOO", no},
                            {"RTMIN", no},
                            {"", no},
                            {"@60", no},
                            {"B:", no},
                            {"B:@10", no},
                            {"X:USR1", no},
                            {"B:R:USR1@60", no},
                            {"USR1 @60", no},
                            {"SIG", no}};
  for (const auto& [text, expected] : cases) EXPECT_EQ(signal(text), expected) << text;
}

std::string mail(std::string_view text) {
  const auto events = parse_mail_events(text);
  if (!events) return std::string(no);
  std::string all;
  for (const MailEvent one : *events)
    all += fmt::format("{}{}", all.empty() ? "" : ",", name_of(one));
  return all;
}

TEST(MailEvents, FormsAndRefusals) {
  constexpr Case cases[] = {
      {"NONE", ""},
      {"BEGIN", "begin"},
      {"end,fail", "end,fail"},
      {"FAIL,END,BEGIN", "begin,end,fail"},
      {"ALL", "begin,end,fail,requeue,invalid_depend,stage_out"},
      {"ALL,TIME_LIMIT", "begin,end,fail,requeue,invalid_depend,stage_out,time_limit"},
      {"TIME_LIMIT_90,TIME_LIMIT_80,TIME_LIMIT_50", "time_limit_90,time_limit_80,time_limit_50"},
      {"ARRAY_TASKS,END", "end,array_tasks"},
      {"NONE,END", ""},
      {"END,NONE", ""},
      {"BEGIN,", "begin"},
      {"", no},
      {",", no},
      {"ABORT", no},
      {"END FAIL", no},
      {"BEGIN, END", no},  // sbatch takes BEGIN alone and says nothing
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(mail(text), expected) << text;
}

std::string exported(std::string_view text) {
  const auto read = parse_export(text);
  if (!read) return std::string(no);
  std::string all(name_of(read->mode));
  for (const ExportedVariable& one : read->variables) {
    all += fmt::format(" {}{}", one.name, one.value ? "=" + *one.value : "");
  }
  return all;
}

TEST(Export, FormsAndRefusals) {
  constexpr Case cases[] = {
      {"ALL", "all"},
      {"all", "all"},
      {"NONE", "none"},
      {"NONE,", "none"},
      {"EDITOR", "listed EDITOR"},
      {"A,B=1", "listed A B=1"},
      {"ALL,X=1", "all X=1"},
      {"X=1,ALL", "all X=1"},
      {"A=x=y", "listed A=x=y"},
      {"A=", "listed A="},
      {"A='x,y',B=2", "listed A=x,y B=2"},
      {"A=\"x y\"", "listed A=x y"},
      {"", "listed"},
      {"NONE,X=1", no},
      {"NONE,ALL", no},
      {"1A=2", no},
      {"A B", no},
      {"=1", no},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(exported(text), expected) << text;
}

TEST(Words, ShortLists) {
  EXPECT_EQ(parse_open_mode("append").value_or(OpenMode::truncate), OpenMode::append);
  EXPECT_EQ(parse_open_mode("TRUNCATE").value_or(OpenMode::append), OpenMode::truncate);
  EXPECT_EQ(parse_open_mode("a").value_or(OpenMode::truncate), OpenMode::append);
  for (const std::string_view text : {"", "x", "overwrite"})
    EXPECT_FALSE(parse_open_mode(text)) << text;
  EXPECT_EQ(parse_exclusive("").value_or(Exclusive::mcs), Exclusive::node);
  EXPECT_EQ(parse_exclusive("USER").value_or(Exclusive::mcs), Exclusive::user);
  EXPECT_EQ(parse_exclusive("mcs").value_or(Exclusive::user), Exclusive::mcs);
  for (const std::string_view text : {"no", "topo", "user,"})
    EXPECT_FALSE(parse_exclusive(text)) << text;
  EXPECT_EQ(parse_hints("nomultithread").value(), std::vector{Hint::nomultithread});
  EXPECT_EQ(parse_hints("Compute_Bound,nomultithread").value().size(), 2U);
  for (const std::string_view text : {"", "none", "help"}) EXPECT_FALSE(parse_hints(text)) << text;
  EXPECT_EQ(parse_nice("").value_or(0), 100);
  EXPECT_EQ(parse_nice("-5").value_or(0), -5);
  EXPECT_EQ(parse_nice("2147483645").value_or(0), 2147483645);
  for (const std::string_view text : {"2147483646", "x", "5x", "--5"})
    EXPECT_FALSE(parse_nice(text)) << text;
  EXPECT_TRUE(parse_yes_no("YES").value());
  EXPECT_FALSE(parse_yes_no("no").value());
  for (const std::string_view text : {"", "y", "1"}) EXPECT_FALSE(parse_yes_no(text)) << text;
}

TEST(Words, FlagsOfTheEnvironment) {
  for (const std::string_view text : {"", "yes", "YES", "1", "2", "-1"})
    EXPECT_TRUE(flag_is_set(text)) << text;
  for (const std::string_view text : {"0", "no", "1x", "true"})
    EXPECT_FALSE(flag_is_set(text)) << text;
}

TEST(Words, WhatSlurmSitesGetAsWritten) {
  struct Check {
    Result<void> (*check)(std::string_view);
    std::string_view good;
    std::string_view bad;
  };
  const Check checks[] = {{check_switches, "1", "0"},
                          {check_switches, "2@10", "x"},
                          {check_switches, "1@1-0", "1@x"},
                          {check_distribution, "block", "x"},
                          {check_distribution, "block:cyclic:fcyclic", "block:x"},
                          {check_distribution, "cyclic:block,Pack", "block,x"},
                          {check_distribution, "plane=4", "plane=0"},
                          {check_distribution, "*:*:*", "*:*:*:*"},
                          {check_distribution, "NoPack", "plane"},
                          {check_gres_flags, "disable-binding", "disable"},
                          {check_profile, "task,lustre", "x"},
                          {check_profile, "ALL", ""},
                          {check_accounting_frequency, "30", "x"},
                          {check_accounting_frequency, "energy=1,network=2", "task=x"},
                          {check_priority, "TOP", "-1"},
                          {check_priority, "5", "4294967295"},
                          {check_licenses, "foo:4,bar", ""},
                          {check_licenses, "a@b:12", "foo:x"}};
  for (const Check& one : checks) {
    EXPECT_TRUE(one.check(one.good).has_value()) << one.good;
    EXPECT_FALSE(one.check(one.bad).has_value()) << one.bad;
  }
}

TEST(Hostlist, NamesAndRangesButNoFiles) {
  constexpr std::pair<std::string_view, std::uint64_t> cases[] = {
      {"a", 1},
      {"n[1-3]", 3},
      {"n1,n2", 2},
      {"gpu-[01-04,07],login.local", 6},
      {"r[1-2]n[1-3]", 6},
      {"n[0-9]-ib", 10},
      {"n[1-999999]", 100'001},
      // Refused:
      {"", 0},
      {"/etc/hosts", 0},
      {"./hosts", 0},
      {"n[1-3", 0},
      {"n1]", 0},
      {"n[1[2]]", 0},
      {"n[3-1]", 0},
      {"n[]", 0},
      {"n[a]", 0},
      {"n1,", 0},
      {",n1", 0},
      {"n 1", 0},
      {"$NODES", 0},
  };
  for (const auto& [text, hosts] : cases) {
    EXPECT_EQ(parse_hostlist(text).has_value(), hosts > 0) << text;
    if (hosts > 0) {
      EXPECT_EQ(hosts_in(text), hosts) << text;
    }
  }
}

std::string layout(std::string_view text) {
  const auto read = parse_node_layout(text);
  if (!read) return std::string(no);
  return fmt::format("{}:{}:{}", read->sockets.value_or(0), read->cores.value_or(0),
                     read->threads.value_or(0));
}

TEST(NodeLayout, FormsAndRefusals) {
  constexpr Case cases[] = {{"2", "2:0:0"},   {"2:4", "2:4:0"},   {"2:4:1", "2:4:1"},
                            {"*:4", "0:4:0"}, {"*:*:*", "0:0:0"}, {"2-4", "2:0:0"},
                            {"2:", "2:0:0"},  {"", no},           {"x", no},
                            {"1:2:3:4", no},  {"4-2", no},        {"0", no}};
  for (const auto& [text, expected] : cases) EXPECT_EQ(layout(text), expected) << text;
}

}  // namespace
}  // namespace fabrica::sbatch
