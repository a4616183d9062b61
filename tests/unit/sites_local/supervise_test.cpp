#include <fcntl.h>
#include <gmock/gmock.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>

#include "sites/local/cgroup.h"
#include "unit/sites_local/world.h"

namespace fabrica::sites::local {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string print(const Ended& ended) {
  return fmt::format("{} {} {}", name_of(ended.reason), ended.exit_code, ended.signal);
}

TEST(Supervise, TheEndOfAScriptIsToldAsItWas) {
  struct Case {
    std::string_view body;
    std::string_view end;
  };
  constexpr std::array cases{
      Case{"exit 0", "completed 0 0"},
      Case{"true", "completed 0 0"},
      Case{"exit 3", "failed 3 0"},
      Case{"exit 255", "failed 255 0"},
      Case{"nosuchcommand", "failed 127 0"},
      Case{"kill -KILL $$", "failed 0 9"},
      Case{"kill -TERM $$", "failed 0 15"},
      Case{"kill -USR1 $$", "failed 0 10"},
      Case{"ulimit -c 0; kill -SEGV $$", "failed 0 11"},
      Case{"exec sh -c 'exit 7'", "failed 7 0"},
  };
  World world;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    world.submit(world.spec(fmt::format("case{}", i)), cases[i].body);
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Ended ended = world.end_of(fmt::format("case{}", i));
    EXPECT_EQ(print(ended), cases[i].end) << cases[i].body;
    EXPECT_GT(ended.started_at_ms, 0);
    EXPECT_GE(ended.ended_at_ms, ended.started_at_ms);
    EXPECT_LT(ended.ended_at_ms, ended.started_at_ms + patience.ms);
  }
}

TEST(Supervise, AScriptFindsWhatItsSpecSays) {
  World world;
  TaskSpec spec = world.spec("facts");
  spec.arguments = {"one", "two words", ""};
  spec.environment.push_back("GREETING=hello = there");
  spec.environment.push_back("SLURM_JOB_ID=999");
  spec.job.number = 4711;
  spec.nice = 3;
  const std::string body = R"(
    echo "$# [$1] [$2] [$3]"
    echo "$GREETING|$SLURM_JOB_ID|$HOME|${USER-none}"
    pwd
    nice
    [ -d "$TMPDIR" ] && stat -c %a "$TMPDIR" && touch "$TMPDIR/x" && echo "$TMPDIR"
    cat
    echo oops >&2
    ls -l /proc/self/fd | grep -c -e socket -e spool
    ps -o sid= -p $$ | tr -d ' ' | grep -qx $$ && echo own session)";
  EXPECT_EQ(print(world.run(spec, body)), "completed 0 0");
  const std::string temporary = world.task("facts").file("tmp").string();
  EXPECT_THAT(
      lines_of(world.work("facts.out")),
      ElementsAre("3 [one] [two words] []", "hello = there|4711|/nowhere|none",
                  world.work().string(), "3", "700", temporary, "oops", "0", "own session"));
  EXPECT_FALSE(fs::exists(temporary));
}

TEST(Supervise, OutputGoesWhereTheSpecSays) {
  World world;
  TaskSpec spec = world.spec("apart");
  spec.output_path = "deep/er/out.txt";
  spec.error_path = world.work("else/err.txt").string();
  EXPECT_EQ(print(world.run(spec, "echo out; echo err >&2")), "completed 0 0");
  EXPECT_EQ(slurp(world.work("deep/er/out.txt")), "out\n");
  EXPECT_EQ(slurp(world.work("else/err.txt")), "err\n");

  TaskSpec again = world.spec("again");
  again.output_path = "deep/er/out.txt";
  again.append = true;
  world.run(again, "echo more");
  EXPECT_EQ(slurp(world.work("deep/er/out.txt")), "out\nmore\n");
  TaskSpec anew = world.spec("anew");
  anew.output_path = "deep/er/out.txt";
  anew.input_path = "else/err.txt";
  world.run(anew, "cat");
  EXPECT_EQ(slurp(world.work("deep/er/out.txt")), "err\n");
}

TEST(Supervise, WhatCannotStartIsToldWithItsReason) {
  struct Case {
    std::string_view script;
    std::string_view directory;
    std::string_view output;
    std::string_view text;
  };
  constexpr std::array cases{
      Case{"echo hello\n", "", "o", "its first line must be #!"},
      Case{"", "", "o", "its first line must be #!"},
      Case{"#!\necho\n", "", "o", "its first line must be #!"},
      Case{"#!/bin/bash\r\necho\r\n", "", "o", "DOS line ends"},
      Case{"#!/no/such/shell\n", "", "o", "interpreter in the script's first line is not"},
      Case{"#!/bin/bash\n", "missing", "o", "missing cannot be entered: No such file"},
      Case{"#!/bin/bash\n", "file", "o", "file cannot be entered: Not a directory"},
      Case{"#!/bin/bash\n", "", "file/out", "output directory"},
      Case{"#!/bin/bash\n", "", "pipe", "output file"},
  };
  World world;
  std::ofstream(world.work("file")) << "no directory";
  ASSERT_EQ(::mkfifo(world.work("pipe").c_str(), 0600), 0);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    TaskSpec spec = world.spec(fmt::format("case{}", i));
    spec.working_directory = (world.work() / cases[i].directory).string();
    spec.output_path = cases[i].output;
    ASSERT_TRUE(world.runner().submit(spec, cases[i].script));
    const Ended ended = world.end_of(spec.tag);
    EXPECT_EQ(ended.reason, EndReason::launch_failed) << cases[i].script;
    EXPECT_THAT(ended.text, HasSubstr(std::string(cases[i].text)));
    EXPECT_EQ(ended.cpu_ms, 0);
  }
  EXPECT_FALSE(fs::exists(world.work("missing"))) << "a mistyped directory is not made";
}

// A tree that does all it can to stay: deaf to SIGTERM, in sessions of its own, orphaned.
constexpr std::string_view stubborn_tree = R"(
    trap '' TERM
    echo > up.$FABRICA_TASK.script
    (setsid bash -c 'trap "" TERM; (setsid bash -c "trap \"\" TERM; echo > up.$FABRICA_TASK.grandchild;
       while :; do sleep 1; done" &); echo > up.$FABRICA_TASK.child; while :; do sleep 1; done' &)
    while :; do sleep 1; done)";

void wait_for_stubborn_tree(World& world, std::string_view tag) {
  for (const std::string_view who : {"script", "child", "grandchild"}) {
    const fs::path path = world.work(fmt::format("up.{}.{}", tag, who));
    world.poll_until([&] { return fs::exists(path); }, path.string());
  }
}

TEST(Supervise, ATimeLimitEndsATreeThatWantsToStay) {
  World world;
  TaskSpec spec = world.spec("stay");
  spec.time_limit = seconds(4);
  spec.grace = seconds(1);
  const Ended ended = world.run(spec, stubborn_tree);
  EXPECT_EQ(print(ended), "timeout 0 9");
  EXPECT_THAT(world.marked("stay"), IsEmpty());
  EXPECT_GE(ended.ended_at_ms - ended.started_at_ms, 5000);
  EXPECT_THAT(world.output("stay"), HasSubstr("Its time limit of 00:00:04 is reached"));
}

TEST(Supervise, GraceIsForSavingWhatThereIs) {
  World world;
  // The child takes its time after the script itself has gone.
  world.submit(world.spec("save"), R"sh(
    bash -c 'trap "for i in 1 2 3 4 5; do read -t 0.1 < <(:); done; echo child saved; exit" TERM
             echo > up.child; while :; do sleep 0.1; done' &
    trap 'echo script saved; exit 0' TERM
    echo > up.script
    while :; do sleep 0.1; done)sh");
  world.poll_until(
      [&] { return fs::exists(world.work("up.child")) && fs::exists(world.work("up.script")); },
      "both to listen");
  world.runner().cancel("save");
  EXPECT_EQ(print(world.end_of("save")), "cancelled 0 0");
  EXPECT_THAT(world.output("save"), HasSubstr("script saved"));
  EXPECT_THAT(world.output("save"), HasSubstr("child saved"));
}

TEST(Supervise, AnEarlySignalComesBeforeTheLimit) {
  World world;
  TaskSpec script = world.spec("script");
  script.time_limit = minutes(10);
  script.early_signal = EarlySignal{SIGUSR1, minutes(10) - seconds(4), true};
  TaskSpec others = world.spec("others");
  others.time_limit = minutes(10);
  others.early_signal = EarlySignal{SIGUSR1, minutes(10) - seconds(4), false};
  world.submit(script, "trap 'echo script; exit 0' USR1; while :; do sleep 0.1; done");
  world.submit(others, R"(
    trap 'echo script; exit 1' USR1
    bash -c 'trap "echo child; exit 0" USR1; while :; do sleep 0.1; done' & wait $!)");
  EXPECT_EQ(print(world.end_of("script")), "completed 0 0");
  EXPECT_EQ(print(world.end_of("others")), "completed 0 0");
  EXPECT_EQ(world.output("script"), "script\n");
  // The sleep of the moment gets it too, which its shell may tell.
  EXPECT_THAT(world.output("others"), HasSubstr("child\n"));
}

TEST(Supervise, MoreMemoryThanAskedForEndsTheTask) {
  World world;
  TaskSpec hungry = world.spec("hungry");
  hungry.memory_bytes = std::uint64_t{48} << 20U;
  // Several processes that are each below the limit, together above it.
  const Ended ended = world.run(hungry, R"(
    for i in 1 2 3 4; do
      bash -c 'x=$(head -c 24000000 /dev/zero | tr "\0" x); sleep 600' &
    done
    wait)");
  EXPECT_EQ(ended.reason, EndReason::out_of_memory);
  EXPECT_NE(ended.memory_enforcement, MemoryEnforcement::none);
  EXPECT_GT(ended.peak_memory_bytes, std::uint64_t{40} << 20U);
  EXPECT_THAT(ended.text, HasSubstr("memory limit of 48 MiB"));
  EXPECT_THAT(world.output("hungry"), HasSubstr("memory limit of 48 MiB"));
  EXPECT_THAT(world.marked("hungry"), IsEmpty());
}

TEST(Supervise, MemoryThatProcessesShareCountsOnce) {
  World world;
  TaskSpec spec = world.spec("shared");
  spec.memory_bytes = std::uint64_t{160} << 20U;
  // Five subshells share the pages of one variable: 300 MB in all by resident size, a fifth really.
  const Ended ended = world.run(spec, R"(
    x=$(head -c 50000000 /dev/zero | tr "\0" x)
    for i in 1 2 3 4 5; do (sleep 1.5; : ) & done
    wait)");
  EXPECT_EQ(print(ended), "completed 0 0") << ended.text;
  EXPECT_GT(ended.peak_memory_bytes, std::uint64_t{48} << 20U);
  EXPECT_LT(ended.peak_memory_bytes, std::uint64_t{160} << 20U);
}

TEST(Supervise, TimeOfTheWholeTreeIsCounted) {
  World world;
  // Each of three processes states its own time: the script, a child it waits for, and an orphan.
  const Ended ended = world.run(world.spec("busy"), R"(
    work() { for ((i = 0; i < $1; ++i)); do :; done; }
    state() { read -a f < /proc/self/stat; echo $((f[13] + f[14])) > "$1"; }
    export -f work state
    bash -c 'work 300000; state child'
    (setsid bash -c 'work 300000; state orphan; mv orphan orphan.done' &)
    work 300000
    state script
    until [ -e orphan.done ]; do sleep 0.05; done)");
  EXPECT_EQ(print(ended), "completed 0 0");
  std::int64_t stated_ms = 0;
  for (const std::string_view who : {"child", "orphan.done", "script"}) {
    const std::int64_t ticks = std::stoll(slurp(world.work(who)));
    EXPECT_GT(ticks, 0) << who;
    stated_ms += ticks * 1000 / ::sysconf(_SC_CLK_TCK);
  }
  EXPECT_GE(ended.cpu_ms, stated_ms);
  EXPECT_LE(ended.cpu_ms, stated_ms + 2000 + stated_ms / 2);
  EXPECT_GT(ended.peak_memory_bytes, std::uint64_t{256} << 10U);
  EXPECT_LT(ended.peak_memory_bytes, std::uint64_t{1} << 30U);
}

TEST(Supervise, NothingOfATaskOutlivesIt) {
  World world;
  const Ended ended = world.run(world.spec("leaves"), R"sh(
    sleep 600 &
    (setsid sleep 600 &)
    env -i sleep 600 &
    echo $! > bare
    until [ "$(cat /proc/$!/comm)" = sleep ]; do :; done)sh");
  EXPECT_EQ(print(ended), "completed 0 0");
  EXPECT_THAT(world.marked("leaves"), IsEmpty());
  const auto bare = look_at_process(std::stoi(slurp(world.work("bare"))));
  EXPECT_TRUE(!bare || bare->zombie);
}

TEST(Supervise, CancellingEndsATaskHoweverFarItIs) {
  World world;
  world.options().cores = 1;
  TaskSpec running = world.spec("running");
  running.grace = seconds(1);
  world.submit(running, stubborn_tree);
  world.submit(world.spec("waiting"), "echo ran > waiting.ran");
  wait_for_stubborn_tree(world, "running");

  EXPECT_TRUE(world.runner().cancel("waiting"));
  EXPECT_EQ(print(world.end_of("waiting")), "cancelled 0 0");
  EXPECT_EQ(world.report("waiting").ended->started_at_ms, 0);
  EXPECT_EQ(world.report("running").state, TaskState::started);
  EXPECT_TRUE(world.runner().cancel("running"));
  EXPECT_EQ(print(world.end_of("running")), "cancelled 0 9");
  EXPECT_THAT(world.marked("running"), IsEmpty());
  EXPECT_TRUE(world.runner().cancel("running")) << "again changes nothing";
  EXPECT_EQ(print(world.end_of("running")), "cancelled 0 9");
  EXPECT_FALSE(world.runner().cancel("unknown"));
  EXPECT_FALSE(fs::exists(world.work("waiting.ran")));
}

pid_t start_supervisor(const TaskDirectory& task) {
  const std::string program = std::string(FABRICA_PROGRAMS) + "/fabrica-supervise";
  std::string directory = task.path().string();
  std::array<char*, 3> arguments{const_cast<char*>(program.c_str()), directory.data(), nullptr};
  pid_t pid = 0;
  EXPECT_EQ(::posix_spawn(&pid, program.c_str(), nullptr, nullptr, arguments.data(), environ), 0);
  return pid;
}

TEST(Supervise, ACancelFileStopsATaskBeforeItsFirstInstruction) {
  World world;
  world.options().cores = 1;
  world.submit(world.spec("first"), "until [ -e go ]; do sleep 0.05; done");
  world.submit(world.spec("second"), "echo ran > second.ran");
  world.wait_for("first", TaskState::started);
  ASSERT_TRUE(world.task("second").ask_to_cancel());
  std::ofstream(world.work("go")) << "";
  EXPECT_EQ(print(world.end_of("second")), "cancelled 0 0");
  EXPECT_FALSE(fs::exists(world.work("second.ran")));
}

TEST(Supervise, SignalsToTheSupervisorStopTheTask) {
  World world;
  world.submit(world.spec("usr1"), "echo > usr1.up; while :; do sleep 0.1; done");
  world.submit(world.spec("term"), "echo > term.up; while :; do sleep 0.1; done");
  world.poll_until(
      [&] { return fs::exists(world.work("usr1.up")) && fs::exists(world.work("term.up")); },
      "both to run");
  ASSERT_TRUE(send_signal(world.task("usr1").started()->supervisor, SIGUSR1));
  ASSERT_TRUE(send_signal(world.task("term").started()->supervisor, SIGTERM));
  EXPECT_EQ(world.end_of("usr1").reason, EndReason::cancelled);
  EXPECT_EQ(world.end_of("term").reason, EndReason::supervisor_lost);
  EXPECT_THAT(world.report("term").ended->text, HasSubstr("told to end"));
}

TEST(Supervise, ATaskRunsOnceHoweverManySupervisorsItGets) {
  World world;
  world.runner();
  std::vector<TaskDirectory> tasks;
  for (int i = 0; i < 5; ++i) {
    const TaskSpec spec = world.spec(fmt::format("once{}", i));
    world.submit(spec, "echo $FABRICA_TASK >> ran");
    world.submit(spec, "echo another script >> ran");
    tasks.push_back(world.task(spec.tag));
  }
  world.stop_runner();
  std::vector<pid_t> pids;
  for (int round = 0; round < 4; ++round) {
    for (const TaskDirectory& task : tasks) pids.push_back(start_supervisor(task));
  }
  for (const pid_t pid : pids) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_EQ(status, 0);
  }
  for (const TaskDirectory& task : tasks) {
    wait_until([&] { return task.has(task_file::ended) && !task.is_locked(); }, "an end");
    const std::string before = slurp(task.file(task_file::ended));
    ::waitpid(start_supervisor(task), nullptr, 0);
    wait_until([&] { return !task.is_locked(); }, "the late supervisor to go");
    EXPECT_EQ(slurp(task.file(task_file::ended)), before);
  }
  EXPECT_THAT(sorted_lines_of(world.work("ran")),
              ElementsAre("once0", "once1", "once2", "once3", "once4"));
  for (const TaskDirectory& task : tasks) {
    EXPECT_EQ(print(world.end_of(task.path().filename().string())), "completed 0 0");
  }
}

TEST(Supervise, ALostSupervisorsTaskIsEndedAndChargedToItsLastSignOfLife) {
  World world;
  world.submit(world.spec("lost"), stubborn_tree);
  wait_for_stubborn_tree(world, "lost");
  const TaskDirectory task = world.task("lost");
  wait_until(
      [&] { return task.heartbeat().elapsed_ms >= 1000 && task.heartbeat().processes.size() >= 3; },
      "a second sign of life");
  ASSERT_TRUE(send_signal(task.started()->supervisor, SIGKILL));
  const Ended ended = world.end_of("lost");
  EXPECT_EQ(ended.reason, EndReason::supervisor_lost);
  const Heartbeat last = task.heartbeat();
  EXPECT_EQ(ended.ended_at_ms - ended.started_at_ms, last.elapsed_ms);
  EXPECT_EQ(ended.cpu_ms, last.cpu_ms);
  EXPECT_EQ(ended.peak_memory_bytes, last.peak_memory_bytes);
  EXPECT_GT(ended.peak_memory_bytes, 0U);
  EXPECT_THAT(world.marked("lost"), IsEmpty());
  EXPECT_FALSE(task.has(task_file::temporary));
  if (const std::string group = task.started()->cgroup; !group.empty()) {
    EXPECT_FALSE(fs::exists(group)) << group;
  }
}

TEST(Supervise, ATaskThatStartedNeverStartsAgain) {
  World world;
  world.submit(world.spec("begun"), "echo ran >> ran; while :; do sleep 0.1; done");
  world.poll_until([&] { return fs::exists(world.work("ran")); }, "the script to run");
  const TaskDirectory task = world.task("begun");
  world.stop_runner();
  ASSERT_TRUE(send_signal(task.started()->supervisor, SIGKILL));
  wait_until([&] { return !task.is_locked(); }, "the supervisor to go");
  ::waitpid(start_supervisor(task), nullptr, 0);
  // The second one takes the lock, sees that the task has started, and goes.
  wait_until([&] { return !task.is_locked(); }, "the second supervisor to go");
  EXPECT_FALSE(task.has(task_file::ended));
  EXPECT_EQ(world.end_of("begun").reason, EndReason::supervisor_lost);
  EXPECT_EQ(slurp(world.work("ran")), "ran\n");
}

TEST(Supervise, AfterARebootATaskIsLostAndNobodyElseIsHarmed) {
  World world;
  world.options().cores = 1;
  world.submit(world.spec("blocker"), "until [ -e go ]; do sleep 0.05; done");
  world.wait_for("blocker", TaskState::started);
  world.submit(world.spec("rebooted"), "echo ran > rebooted.ran");
  world.stop_runner();
  // The machine went down after 5 s; now a stranger has the script's number.
  const pid_t stranger = ::fork();
  if (stranger == 0) {
    ::pause();
    ::_exit(0);
  }
  const TaskDirectory task = world.task("rebooted");
  Started started;
  started.tag = "rebooted";
  started.boot_id = "another boot";
  started.script = look_at_process(stranger)->ref;
  started.started_at_ms = 1'000'000;
  ASSERT_TRUE(task.write(started));
  std::ofstream(task.file(task_file::heartbeat)) << R"({"elapsed_ms":5000,"cpu_ms":4000})";
  const Ended ended = world.end_of("rebooted");
  EXPECT_EQ(ended.reason, EndReason::supervisor_lost);
  EXPECT_THAT(ended.text, HasSubstr("machine went down"));
  EXPECT_EQ(ended.ended_at_ms, 1'005'000);
  EXPECT_EQ(ended.cpu_ms, 4000);
  EXPECT_EQ(::waitpid(stranger, nullptr, WNOHANG), 0) << "the stranger lives";
  ::kill(stranger, SIGKILL);
  ::waitpid(stranger, nullptr, 0);
  std::ofstream(world.work("go")) << "";
  EXPECT_EQ(print(world.end_of("blocker")), "completed 0 0");
  EXPECT_FALSE(fs::exists(world.work("rebooted.ran")));
}

}  // namespace
}  // namespace fabrica::sites::local
