#include <gmock/gmock.h>

#include <array>
#include <set>

#include "json/write.h"
#include "unit/sites_local/world.h"

namespace fabrica::sites::local {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

/// A script that says when it is up and ends when it is told: `up.TAG` and `go.TAG`.
constexpr std::string_view obedient = R"(
  echo "$CUDA_VISIBLE_DEVICES" > .up.$FABRICA_TASK; mv .up.$FABRICA_TASK up.$FABRICA_TASK
  until [ -e go.$FABRICA_TASK ]; do sleep 0.02; done)";

void let_go(World& world, std::string_view tag) {
  std::ofstream(world.work(fmt::format("go.{}", tag))) << "";
}

/// Tags of the tasks that are up and have not been let go.
std::set<std::string> up(World& world, const std::vector<std::string>& tags) {
  std::set<std::string> found;
  for (const std::string& tag : tags) {
    if (fs::exists(world.work("up." + tag)) && !fs::exists(world.work("go." + tag)))
      found.insert(tag);
  }
  return found;
}

void wait_for_up(World& world, const std::vector<std::string>& tags,
                 const std::set<std::string>& wanted) {
  world.poll_until([&] { return up(world, tags) == wanted; }, "the right ones to be up");
}

TEST(Runner, StartsInOrderAsRoomComesFree) {
  World world;
  world.options().cores = 4;
  world.options().memory_bytes = 1000;
  const std::vector<std::string> tags{"a2", "b1", "c4", "d1", "e0"};
  const auto ask = [&](std::string tag, std::uint32_t cores, std::uint64_t bytes) {
    TaskSpec spec = world.spec(std::move(tag));
    spec.cores = cores;
    spec.memory_bytes = bytes;
    // What is tested here is the sharing out, not the limit.
    spec.environment.push_back("X=1");
    return spec;
  };
  // Accepted in the wrong order, so that only the order number can bring them right.
  std::vector<TaskSpec> specs{ask("a2", 2, 0), ask("b1", 1, 0), ask("c4", 4, 0), ask("d1", 1, 0)};
  for (auto spec = specs.rbegin(); spec != specs.rend(); ++spec) world.submit(*spec, obedient);
  wait_for_up(world, tags, {"a2", "b1"});
  let_go(world, "a2");
  world.wait_for("a2", TaskState::ended);
  wait_for_up(world, tags, {"b1"});
  EXPECT_EQ(world.report("d1").state, TaskState::queued) << "it would fit, but c4 is before it";
  let_go(world, "b1");
  wait_for_up(world, tags, {"c4"});
  let_go(world, "c4");
  wait_for_up(world, tags, {"d1"});
  let_go(world, "d1");
  world.wait_for("d1", TaskState::ended);
}

TEST(Runner, MemoryThatIsAskedForIsASlotToo) {
  World world;
  const std::vector<std::string> tags{"half", "much", "none"};
  TaskSpec half = world.spec("half");
  half.memory_bytes = world.options().memory_bytes / 2;
  TaskSpec much = world.spec("much");
  much.memory_bytes = half.memory_bytes + 1;
  world.submit(half, obedient);
  world.submit(much, obedient);
  wait_for_up(world, tags, {"half"});
  let_go(world, "half");
  wait_for_up(world, tags, {"much"});
  let_go(world, "much");
  world.wait_for("much", TaskState::ended);
}

TEST(Runner, EachGpuIsGivenToOneTaskAtATime) {
  World world;
  world.options().gpus = {3, 5, 7};
  const std::vector<std::string> tags{"two", "one", "more", "none"};
  for (const auto& [tag, gpus] :
       std::map<std::string, std::uint32_t>{{"two", 2}, {"one", 1}, {"more", 1}, {"none", 0}}) {
    TaskSpec spec = world.spec(tag);
    spec.order = tag == "two" ? 1 : tag == "one" ? 2 : tag == "none" ? 3 : 4;
    spec.gpus = gpus;
    world.submit(spec, obedient);
  }
  wait_for_up(world, tags, {"two", "one", "none"});
  EXPECT_EQ(slurp(world.work("up.two")), "3,5\n");
  EXPECT_EQ(slurp(world.work("up.one")), "7\n");
  EXPECT_EQ(slurp(world.work("up.none")), "\n");
  EXPECT_THAT(world.report("two").gpus, ElementsAre(3, 5));

  // A new server knows from the spool alone what is taken.
  world.restart();
  wait_for_up(world, tags, {"two", "one", "none"});
  EXPECT_THAT(world.report("two").gpus, ElementsAre(3, 5));
  EXPECT_EQ(world.report("more").state, TaskState::queued);
  let_go(world, "two");
  wait_for_up(world, tags, {"one", "more", "none"});
  EXPECT_EQ(slurp(world.work("up.more")), "3\n");
  for (const std::string& tag : tags) let_go(world, tag);
  EXPECT_THAT(world.end_of("one").gpus, ElementsAre(7));
  for (const std::string& tag : tags) EXPECT_EQ(world.end_of(tag).reason, EndReason::completed);
}

TEST(Runner, WhatWasGivenBeforeARestartIsNotGivenToAnother) {
  World world;
  world.options().cores = 2;
  world.options().gpus = {0, 1};
  const std::vector<std::string> tags{"blocker", "between", "later"};
  TaskSpec blocker = world.spec("blocker");
  blocker.cores = 2;
  world.submit(blocker, obedient);
  for (const std::string_view tag : {"between", "later"}) {
    TaskSpec spec = world.spec(std::string(tag));
    spec.gpus = 1;
    world.submit(spec, obedient);
  }
  wait_for_up(world, tags, {"blocker"});
  // As if the server had been killed between giving a GPU and starting the supervisor.
  world.stop_runner();
  ASSERT_TRUE(world.task("between").write(Launch{{0}}));
  wait_for_up(world, tags, {"blocker", "between"});
  let_go(world, "blocker");
  wait_for_up(world, tags, {"between", "later"});
  EXPECT_EQ(slurp(world.work("up.between")), "0\n");
  EXPECT_EQ(slurp(world.work("up.later")), "1\n");
  for (const std::string& tag : tags) let_go(world, tag);
  for (const std::string& tag : tags) EXPECT_EQ(world.end_of(tag).reason, EndReason::completed);
}

bool is_readable(int fd, Duration wait) {
  pollfd descriptor{fd, POLLIN, 0};
  return ::poll(&descriptor, 1, static_cast<int>(wait.ms)) == 1;
}

TEST(Runner, IsWokenByWhatATaskDoes) {
  World world;
  const auto fd = world.runner().wake_fd();
  ASSERT_TRUE(fd);
  for (const std::string tag : {"ends", "killed"}) {
    world.submit(world.spec(tag), obedient);
    world.poll();
    while (world.report(tag).state != TaskState::started) {
      ASSERT_TRUE(is_readable(*fd, patience)) << "the start wakes";
      world.poll();
    }
    world.poll();
    EXPECT_FALSE(is_readable(*fd, milliseconds(1500))) << "signs of life do not wake";
    if (tag == "ends") {
      let_go(world, tag);
    } else {
      send_signal(world.task(tag).started()->supervisor, SIGKILL);
    }
    while (world.report(tag).state != TaskState::ended) {
      ASSERT_TRUE(is_readable(*fd, patience)) << "the end wakes";
      world.poll();
    }
  }
  EXPECT_EQ(world.report("killed").ended->reason, EndReason::supervisor_lost);
}

TEST(Runner, AGroupKeepsToItsLimitAndHoldsNobodyElseBack) {
  World world;
  world.options().cores = 8;
  std::vector<std::string> tags;
  for (int i = 0; i < 5; ++i) {
    TaskSpec spec = world.spec(fmt::format("array{}", i));
    spec.group = "array";
    spec.group_limit = 2;
    tags.push_back(spec.tag);
    world.submit(spec, obedient);
  }
  tags.push_back("other");
  world.submit(world.spec("other"), obedient);
  wait_for_up(world, tags, {"array0", "array1", "other"});
  world.restart();
  let_go(world, "array1");
  wait_for_up(world, tags, {"array0", "array2", "other"});
  let_go(world, "array0");
  let_go(world, "array2");
  wait_for_up(world, tags, {"array3", "array4", "other"});
  for (const std::string& tag : tags) let_go(world, tag);
  for (const std::string& tag : tags) world.wait_for(tag, TaskState::ended);
}

std::vector<std::string> states(const std::vector<TaskReport>& reports) {
  std::vector<std::string> out;
  for (const TaskReport& report : reports) {
    out.push_back(fmt::format("{} {}", report.tag, name_of(report.state)));
  }
  return out;
}

TEST(Runner, TellsWhatIsNewOnceAndAllOfItAfterARestart) {
  World world;
  world.options().cores = 1;
  world.submit(world.spec("first"), obedient);
  world.submit(world.spec("second"), obedient);
  EXPECT_THAT(states(world.poll()), ElementsAre("first queued", "second queued"));
  world.wait_for("first", TaskState::started);
  EXPECT_GT(world.report("first").started_at_ms, 0);
  EXPECT_THAT(world.poll(), IsEmpty());
  let_go(world, "first");
  EXPECT_EQ(world.end_of("first").reason, EndReason::completed);
  world.wait_for("second", TaskState::started);
  EXPECT_THAT(world.poll(), IsEmpty());

  world.restart();
  EXPECT_THAT(states(world.poll()), ElementsAre("first ended", "second started"));
  EXPECT_EQ(world.report("first").ended->reason, EndReason::completed);
  EXPECT_THAT(world.poll(), IsEmpty());

  world.runner().forget("second");
  EXPECT_TRUE(world.task("second").has(task_file::spec)) << "what runs is not forgotten";
  world.runner().forget("first");
  EXPECT_FALSE(fs::exists(world.task("first").path()));
  let_go(world, "second");
  world.wait_for("second", TaskState::ended);
  world.restart();
  EXPECT_THAT(states(world.poll()), ElementsAre("second ended"));
}

TEST(Runner, AForgottenTaskIsNotRunAgain) {
  World world;
  const TaskSpec spec = world.spec("past");
  world.run(spec, "echo ran >> ran; exit 4");
  world.runner().forget("past");
  EXPECT_FALSE(world.runner().cancel("past"));
  for (const bool after_restart : {false, true}) {
    if (after_restart) world.restart();
    world.submit(spec, "echo ran >> ran; exit 5");
    const Ended ended = world.end_of("past");
    EXPECT_EQ(ended.exit_code, 4);
    EXPECT_EQ(ended.reason, EndReason::failed);
    world.runner().forget("past");
  }
  EXPECT_EQ(slurp(world.work("ran")), "ran\n");
}

TEST(Runner, WhatAJobWritesIntoItsTaskDirectoryStays) {
  World world;
  TaskSpec spec = world.spec("keeps");
  spec.output_path = (world.task("keeps").path() / "output").string();
  world.run(spec, "echo precious");
  world.runner().forget("keeps");
  EXPECT_EQ(slurp(spec.output_path), "precious\n");
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(world.task("keeps").path())) {
    names.push_back(entry.path().filename().string());
  }
  EXPECT_THAT(names, ElementsAre("output"));
  world.restart();
  EXPECT_THAT(world.poll(), IsEmpty());
}

TEST(Runner, TheArchiveIsPrunedAfterItsTime) {
  World world;
  world.options().archive_kept = days(30);
  const TaskSpec spec = world.spec("old");
  world.run(spec, "true");
  world.runner().forget("old");
  const fs::path note = world.options().spool / "archive/old";
  EXPECT_TRUE(fs::exists(note));
  world.restart();
  world.runner().poll(wall_now() + days(29));
  EXPECT_TRUE(fs::exists(note));
  world.runner().poll(wall_now() + days(31));
  EXPECT_FALSE(fs::exists(note));
}

TEST(Runner, RefusesWhatItCouldNeverRun) {
  World world;
  world.options().gpus = {0};
  using Change = void (*)(TaskSpec&);
  struct Case {
    Change change;
    std::string_view field;
    std::string_view text;
  };
  constexpr std::array cases{
      Case{[](TaskSpec& spec) { spec.tag = ""; }, "tag", "1 to 100 characters"},
      Case{[](TaskSpec& spec) { spec.tag = "../escape"; }, "tag", "1 to 100 characters"},
      Case{[](TaskSpec& spec) { spec.tag = ".hidden"; }, "tag", "1 to 100 characters"},
      Case{[](TaskSpec& spec) { spec.tag = std::string(101, 'x'); }, "tag", "1 to 100 characters"},
      Case{[](TaskSpec& spec) { spec.cores = 0; }, "cores", "at least one core"},
      Case{[](TaskSpec& spec) { spec.cores = 5; }, "", "this machine has 4 cores"},
      Case{[](TaskSpec& spec) { spec.gpus = 2; }, "", "1 GPUs"},
      Case{[](TaskSpec& spec) { spec.memory_bytes = ~0ULL; }, "", "8192 MiB"},
      Case{[](TaskSpec& spec) { spec.time_limit = milliseconds(-1); }, "time_limit", "at most"},
      Case{[](TaskSpec& spec) { spec.time_limit = days(401); }, "time_limit", "400-00:00:00"},
      Case{[](TaskSpec& spec) { spec.grace = days(2); }, "grace", "at most"},
      Case{[](TaskSpec& spec) { spec.group_limit = 1; }, "group", "Name the group"},
      Case{[](TaskSpec& spec) { spec.nice = 20; }, "nice", "-20 to 19"},
      Case{[](TaskSpec& spec) { spec.early_signal = EarlySignal{65, seconds(1), false}; },
           "early_signal", "from 1 to 64"},
      Case{[](TaskSpec& spec) { spec.working_directory = "work"; }, "working_directory",
           "full path"},
      Case{[](TaskSpec& spec) { spec.output_path = std::string("a\0b", 3); }, "", "NUL"},
      Case{[](TaskSpec& spec) { spec.environment = {"NOVALUE"}; }, "environment", "NAME=value"},
      Case{[](TaskSpec& spec) { spec.environment = {"=value"}; }, "environment", "NAME=value"},
      Case{[](TaskSpec& spec) { spec.arguments = {std::string("a\0b", 3)}; }, "arguments", "NUL"},
      Case{[](TaskSpec& spec) { spec.arguments = {std::string(200'000, 'x')}; }, "arguments",
           "Pass less"},
      Case{[](TaskSpec& spec) { spec.arguments = {"\xff"}; }, "", "UTF-8"},
      Case{[](TaskSpec& spec) { spec.environment = {"A=\xc3"}; }, "", "UTF-8"},
  };
  for (const Case& one : cases) {
    TaskSpec spec = world.spec("wrong");
    one.change(spec);
    const Result<void> done = world.runner().submit(spec, "#!/bin/sh\n");
    ASSERT_FALSE(done) << one.text;
    EXPECT_EQ(done.error().field, one.field) << one.text;
    EXPECT_THAT(done.error().text, HasSubstr(std::string(one.text)));
  }
  EXPECT_THAT(world.poll(), IsEmpty());
  EXPECT_TRUE(fs::is_empty(world.options().spool / "tasks"));
  EXPECT_TRUE(fs::is_empty(world.options().spool / "incoming"));
}

TEST(Runner, ASpoolHasOneRunner) {
  World world;
  world.runner();
  const auto second = Runner::open(world.options());
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().text, HasSubstr("Another server uses the spool"));
}

TEST(Runner, ATaskThatNoLongerFitsIsToldSo) {
  World world;
  world.submit(world.spec("blocker"), obedient);
  TaskSpec big = world.spec("big");
  big.cores = 4;
  world.submit(big, "echo ran > big.ran");
  world.wait_for("blocker", TaskState::started);
  world.stop_runner();
  world.options().cores = 2;
  const Ended ended = world.end_of("big");
  EXPECT_EQ(ended.reason, EndReason::launch_failed);
  EXPECT_THAT(ended.text, HasSubstr("too small"));
  let_go(world, "blocker");
  EXPECT_EQ(world.end_of("blocker").reason, EndReason::completed);
}

TEST(Runner, AMissingSupervisorProgramIsTold) {
  World world;
  world.options().programs = world.work();
  const Ended ended = world.run(world.spec("orphan"), "true");
  EXPECT_EQ(ended.reason, EndReason::launch_failed);
  EXPECT_THAT(ended.text, HasSubstr("fabrica-supervise cannot be started"));
}

TEST(Runner, DamagedRecordsAreToldNotGuessed) {
  World world;
  world.options().cores = 1;
  world.submit(world.spec("blocker"), obedient);
  for (const std::string_view tag : {"spec", "ended", "heartbeat"}) {
    world.submit(world.spec(std::string(tag)), "echo ran >> ran");
  }
  world.wait_for("blocker", TaskState::started);
  world.stop_runner();
  for (const std::string_view tag : {"spec", "ended"}) {
    std::ofstream(world.task(tag).file(tag)) << "\x01\x02 no JSON";
  }
  Started started;
  started.boot_id = "another";
  started.started_at_ms = 500;
  ASSERT_TRUE(world.task("heartbeat").write(started));
  std::ofstream(world.task("heartbeat").file("heartbeat")) << R"({"elapsed_ms":12)";

  EXPECT_EQ(world.end_of("spec").reason, EndReason::launch_failed);
  EXPECT_EQ(world.end_of("ended").reason, EndReason::supervisor_lost);
  EXPECT_THAT(world.end_of("ended").text, HasSubstr("cannot be read"));
  EXPECT_EQ(world.end_of("heartbeat").reason, EndReason::supervisor_lost);
  EXPECT_EQ(world.end_of("heartbeat").ended_at_ms, 500);
  let_go(world, "blocker");
  world.wait_for("blocker", TaskState::ended);
  EXPECT_FALSE(fs::exists(world.work("ran")));
}

TEST(Runner, AThousandTasksInTheQueue) {
  World world;
  world.options().cores = 16;
  // Some are handed in; the rest is put into the spool as it would then be, without waiting a
  // thousand times for the disk.
  constexpr std::string_view script = "#!/bin/sh\necho $FABRICA_TASK >> ran\n";
  constexpr int handed_in = 50;
  const Time begin = monotonic_now();
  for (int i = 0; i < 1000; ++i) {
    const TaskSpec spec = world.spec(fmt::format("task{:04}", i));
    if (i < handed_in) {
      ASSERT_TRUE(world.runner().submit(spec, script));
      continue;
    }
    const TaskDirectory task = world.task(spec.tag);
    fs::create_directories(task.path());
    std::ofstream(task.file(task_file::script)) << script;
    fs::permissions(task.file(task_file::script), fs::perms::owner_all);
    std::ofstream(task.file(task_file::spec)) << json::to_json(spec);
  }
  const Time submitted = monotonic_now();
  world.stop_runner();
  world.runner();
  const Time loaded = monotonic_now();
  constexpr std::size_t looked_at = 200;
  world.poll_until([&] { return world.tags_in(TaskState::ended).size() >= looked_at; },
                   "some to end");
  const Time done = monotonic_now();
  std::set<std::string> ran;
  for (const std::string& line : lines_of(world.work("ran"))) EXPECT_TRUE(ran.insert(line).second);
  const std::set<std::string> ended = world.tags_in(TaskState::ended);
  for (const std::string& tag : ended) EXPECT_TRUE(ran.contains(tag)) << tag;
  // In their order, whatever the moment.
  const std::set<std::string> queued = world.tags_in(TaskState::queued);
  const std::set<std::string> started = world.tags_in(TaskState::started);
  ASSERT_FALSE(queued.empty());
  EXPECT_LT(*ended.rbegin(), *queued.begin());
  EXPECT_TRUE(started.empty() || *started.rbegin() < *queued.begin());
  fmt::print("1000 tasks: there in {} ms, read again in {} ms; {} of them run in {} ms\n",
             (submitted - begin).ms, (loaded - submitted).ms, ended.size(), (done - loaded).ms);
}

}  // namespace
}  // namespace fabrica::sites::local
