#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "base/random.h"
#include "unit/sites_local/world.h"

namespace fabrica::sites::local {
namespace {

using ::testing::IsEmpty;

// A server in a process of its own: hands all tasks in, again and again, as one does that does not
// know what became of its last attempt, and looks after them.
[[noreturn]] void be_a_server(const RunnerOptions& options, const std::vector<TaskSpec>& specs,
                              std::string_view script) {
  auto runner = Runner::open(options);
  if (!runner) ::_exit(3);
  for (const TaskSpec& spec : specs) {
    if (!runner->submit(spec, script)) ::_exit(4);
    runner->poll(wall_now());
  }
  while (true) {
    runner->poll(wall_now());
    pollfd wait{runner->wake_fd().value_or(-1), POLLIN, 0};
    ::poll(&wait, 1, 10);
  }
}

TEST(Crash, AServerKilledAtAnyMomentRunsEachTaskOnce) {
  World world;
  world.options().cores = 3;
  std::vector<TaskSpec> specs;
  for (int i = 0; i < 120; ++i) specs.push_back(world.spec(fmt::format("task{:03}", i)));
  const std::string script =
      "#!/bin/sh\necho $FABRICA_TASK >> ran\nsleep 0.02\necho $FABRICA_TASK >> done\n";

  Random random(4711);
  int killed = 0;
  for (int round = 0; round < 50; ++round) {
    const pid_t server = ::fork();
    ASSERT_GE(server, 0);
    if (server == 0) be_a_server(world.options(), specs, script);
    ::poll(nullptr, 0, static_cast<int>(random.below(round % 5 == 0 ? 10 : 120)));
    ::kill(server, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(server, &status, 0), server);
    EXPECT_TRUE(WIFSIGNALED(status)) << "server gave up with " << WEXITSTATUS(status);
    killed += WIFSIGNALED(status) ? 1 : 0;
  }
  EXPECT_EQ(killed, 50);

  for (const TaskSpec& spec : specs) ASSERT_TRUE(world.runner().submit(spec, script));
  for (const TaskSpec& spec : specs) {
    const Ended ended = world.end_of(spec.tag);
    EXPECT_EQ(ended.reason, EndReason::completed) << spec.tag << " " << ended.text;
  }
  std::multiset<std::string> expected;
  for (const TaskSpec& spec : specs) expected.insert(spec.tag);
  const auto ran = lines_of(world.work("ran"));
  const auto done = lines_of(world.work("done"));
  EXPECT_EQ(std::multiset<std::string>(ran.begin(), ran.end()), expected);
  EXPECT_EQ(std::multiset<std::string>(done.begin(), done.end()), expected);

  // Nothing is new afterwards, and the slots have all come back.
  EXPECT_THAT(world.poll(), IsEmpty());
  TaskSpec whole = world.spec("whole");
  whole.cores = 3;
  EXPECT_EQ(world.run(whole, "true").reason, EndReason::completed);
}

TEST(Crash, ASupervisorKilledAtAnyMomentLeavesAnEndAndNothingElse) {
  World world;
  world.options().cores = 4;
  Random random(99);
  std::vector<TaskSpec> specs;
  for (int i = 0; i < 24; ++i) specs.push_back(world.spec(fmt::format("task{:02}", i)));
  for (const TaskSpec& spec : specs) {
    world.submit(spec, "echo $FABRICA_TASK >> ran; (setsid sleep 600 &) ; sleep 0.3");
  }
  std::set<std::string> open;
  for (const TaskSpec& spec : specs) open.insert(spec.tag);
  world.poll_until(
      [&] {
        for (auto tag = open.begin(); tag != open.end();) {
          const auto started = world.task(*tag).started();
          // Sometimes at once, sometimes in the middle, sometimes too late.
          if (started && random.below(8) == 0) send_signal(started->supervisor, SIGKILL);
          tag = world.report(*tag).ended ? open.erase(tag) : std::next(tag);
        }
        return open.empty();
      },
      "all to end");
  std::size_t lost = 0;
  for (const TaskSpec& spec : specs) {
    const Ended ended = *world.report(spec.tag).ended;
    EXPECT_GE(ended.ended_at_ms, ended.started_at_ms);
    EXPECT_THAT(world.marked(spec.tag), IsEmpty()) << spec.tag;
    lost += ended.reason == EndReason::supervisor_lost ? 1 : 0;
    EXPECT_TRUE(ended.reason == EndReason::supervisor_lost || ended.reason == EndReason::completed);
  }
  EXPECT_GT(lost, 0U);
  std::set<std::string> ran;
  for (const std::string& line : lines_of(world.work("ran"))) {
    EXPECT_TRUE(ran.insert(line).second) << line << " ran twice";
  }
  EXPECT_EQ(world.run(world.spec("after"), "true").reason, EndReason::completed);
}

}  // namespace
}  // namespace fabrica::sites::local
