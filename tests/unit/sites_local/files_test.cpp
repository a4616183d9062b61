#include "sites/local/files.h"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "sites/local/process_tree.h"

namespace fabrica::sites::local {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

class Files : public ::testing::Test {
 protected:
  Files() {
    std::string pattern = (fs::temp_directory_path() / "fabrica-files-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  ~Files() override { fs::remove_all(root_); }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(root_)) {
      found.push_back(entry.path().filename().string());
    }
    return found;
  }
  fs::path root_;
};

TEST_F(Files, AreReadWholeOrRefused) {
  ::umask(022);
  ASSERT_TRUE(create_synced(root_ / "a", "12345", 0640));
  EXPECT_EQ(read_file(root_ / "a", 5), "12345");
  EXPECT_EQ(read_file(root_ / "a", 4).error().code, refusal::too_large);
  EXPECT_EQ(read_file(root_ / "none", 4).error().code, refusal::not_found);
  EXPECT_EQ(read_file(root_, 4).error().code, refusal::unavailable);
  EXPECT_FALSE(create_synced(root_ / "a", "", 0640)) << "never over another";
  struct stat status{};
  ASSERT_EQ(::stat((root_ / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
}

TEST_F(Files, AreReplacedWholeAndLeaveNothingBehind) {
  const std::string large(100'000, 'x');
  for (const std::string& text : {std::string("one"), large, std::string()}) {
    ASSERT_TRUE(write_durably(root_, "record", text));
    EXPECT_EQ(read_file(root_ / "record", 1'000'000), text);
    ASSERT_TRUE(write_whole(root_, "record", text + "!"));
    EXPECT_EQ(read_file(root_ / "record", 1'000'000), text + "!");
  }
  EXPECT_THAT(names(), ElementsAre("record"));
  EXPECT_FALSE(write_durably(root_ / "none", "record", ""));
}

TEST_F(Files, ALockEndsWithItsProcess) {
  const fs::path path = root_ / "lock";
  EXPECT_FALSE(FileLock::is_held(path));
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = FileLock::try_take(path);
    static_cast<void>(!::write(ready[1], lock ? "y" : "n", 1));
    ::pause();
    ::_exit(0);
  }
  char word = 0;
  ASSERT_EQ(::read(ready[0], &word, 1), 1);
  EXPECT_EQ(word, 'y');
  EXPECT_TRUE(FileLock::is_held(path));
  EXPECT_TRUE(FileLock::is_held(path)) << "looking does not take";
  EXPECT_FALSE(FileLock::try_take(path));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(FileLock::is_held(path));
  {
    const auto lock = FileLock::try_take(path);
    EXPECT_TRUE(lock);
    EXPECT_TRUE(FileLock::is_held(path));
  }
  EXPECT_FALSE(FileLock::is_held(path));
}

TEST(ProcessTree, KnowsAProcessFromALaterOneWithItsNumber) {
  const auto self = look_at_process(::getpid());
  ASSERT_TRUE(self);
  EXPECT_EQ(self->parent, ::getppid());
  EXPECT_FALSE(self->zombie);
  EXPECT_GT(self->resident_bytes, 0U);
  EXPECT_TRUE(is_alive(self->ref));
  ProcessRef other = self->ref;
  other.start_ticks += 1;
  EXPECT_FALSE(is_alive(other));
  EXPECT_FALSE(send_signal(other, SIGKILL)) << "or this test would not be here";
  EXPECT_FALSE(look_at_process(-1));
  EXPECT_FALSE(boot_id().empty());
}

TEST(ProcessTree, SeesDescendantsAndMarks) {
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string script = "sleep 600 & echo $! >&" + std::to_string(ready[1]) + "; wait";
    ::execle("/bin/sh", "sh", "-c", script.c_str(), nullptr,
             std::array<const char*, 4>{"A=1", "FABRICA_MARK=x y", "PATH=/usr/bin:/bin", nullptr}
                 .data());
    ::_exit(127);
  }
  std::array<char, 32> text{};
  ASSERT_GT(::read(ready[0], text.data(), text.size() - 1), 0);
  const pid_t grandchild = std::stoi(text.data());
  std::vector<pid_t> below;
  for (const ProcessStat& process : descendants(::getpid())) below.push_back(process.ref.pid);
  EXPECT_THAT(below, ::testing::IsSupersetOf({child, grandchild}));
  std::vector<pid_t> marked;
  for (const ProcessStat& process : processes_marked("FABRICA_MARK=x y"))
    marked.push_back(process.ref.pid);
  EXPECT_THAT(marked, ::testing::UnorderedElementsAre(child, grandchild));
  EXPECT_TRUE(processes_marked("FABRICA_MARK=x").empty());
  EXPECT_TRUE(processes_marked("MARK=x y").empty());
  EXPECT_GT(proportional_bytes(child).value_or(0), 0U);
  EXPECT_TRUE(send_signal(look_at_process(grandchild)->ref, SIGKILL));
  ::waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace fabrica::sites::local
