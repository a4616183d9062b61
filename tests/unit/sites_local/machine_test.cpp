#include "sites/local/machine.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <stdlib.h>

#include <fstream>

#include "sites/local/cgroup.h"

namespace fabrica::sites::local {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// The few files of another machine.
class OtherMachine {
 public:
  OtherMachine() {
    std::string pattern = (fs::temp_directory_path() / "fabrica-machine-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    write("proc/meminfo", "MemTotal:       65536000 kB\nMemFree:        1 kB\n");
  }
  OtherMachine(const OtherMachine&) = delete;
  OtherMachine& operator=(const OtherMachine&) = delete;
  ~OtherMachine() { fs::remove_all(root_); }

  const fs::path& root() const { return root_; }
  void write(const fs::path& path, std::string_view text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  void add_gpu(std::string_view address, std::string_view model, int minor) const {
    write(fs::path("proc/driver/nvidia/gpus") / address / "information",
          fmt::format("Model: \t\t {}\nIRQ:   \t\t 86\nDevice Minor: \t {}\nGPU Excluded:\t No\n",
                      model, minor));
  }
  Machine look() const { return look_at_machine(root_); }

 private:
  fs::path root_;
};

std::vector<std::string> print(const std::vector<Gpu>& gpus) {
  std::vector<std::string> out;
  for (const Gpu& gpu : gpus) out.push_back(fmt::format("{} {}", gpu.index, gpu.model));
  return out;
}

std::uint32_t own_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  EXPECT_EQ(::sched_getaffinity(0, sizeof set, &set), 0);
  return static_cast<std::uint32_t>(CPU_COUNT(&set));
}

TEST(Machine, WithoutLimitsHasAllThereIs) {
  const OtherMachine other;
  const Machine machine = other.look();
  EXPECT_EQ(machine.cores, own_processors());
  EXPECT_EQ(machine.memory_bytes, 65'536'000ULL * 1024);
  EXPECT_THAT(machine.gpus, IsEmpty());
  EXPECT_FALSE(machine.name.empty());
}

TEST(Machine, ACgroupsShareIsWhatItHas) {
  const OtherMachine other;
  other.write("proc/self/mountinfo",
              "30 23 0:26 / /sys/fs/cgroup rw,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
  other.write("proc/self/cgroup", "0::/user.slice/user-1000.slice\n");
  other.write("sys/fs/cgroup/user.slice/cpu.max", "150000 100000\n");
  other.write("sys/fs/cgroup/user.slice/memory.max", "max\n");
  other.write("sys/fs/cgroup/user.slice/user-1000.slice/cpu.max", "max 100000\n");
  other.write("sys/fs/cgroup/user.slice/user-1000.slice/memory.max", "1073741824\n");
  const Machine machine = other.look();
  EXPECT_EQ(machine.cores, 1U);
  EXPECT_EQ(machine.memory_bytes, std::uint64_t{1} << 30U);
}

TEST(Machine, AContainerOfTheOldKindToo) {
  const OtherMachine other;
  other.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n");
  other.write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  other.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "2147483648\n");
  EXPECT_EQ(other.look().cores, 1U) << "less than a core is one core";
  EXPECT_EQ(other.look().memory_bytes, std::uint64_t{2} << 30U);
  other.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  other.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(other.look().cores, own_processors());
  EXPECT_EQ(other.look().memory_bytes, 65'536'000ULL * 1024);
}

TEST(Machine, GpusInTheOrderOfTheBus) {
  const OtherMachine other;
  other.add_gpu("0000:c1:00.0", "NVIDIA H100 80GB HBM3", 0);
  other.add_gpu("0000:05:00.0", "NVIDIA A2", 1);
  EXPECT_THAT(print(other.look().gpus), ElementsAre("0 NVIDIA A2", "1 NVIDIA H100 80GB HBM3"));
  // A container has the device files of its own GPUs alone.
  other.write("dev/nvidia0", "");
  other.write("dev/nvidiactl", "");
  other.write("dev/nvidia-uvm", "");
  EXPECT_THAT(print(other.look().gpus), ElementsAre("0 NVIDIA H100 80GB HBM3"));
}

TEST(Machine, DeviceFilesAloneAreGpusWithoutAName) {
  const OtherMachine other;
  other.write("dev/nvidia0", "");
  other.write("dev/nvidia10", "");
  other.write("dev/nvidia1x", "");
  EXPECT_THAT(print(other.look().gpus), ElementsAre("0 ", "1 "));
}

TEST(Machine, ThisOneIsLookedAtWithoutTrouble) {
  const Machine machine = look_at_machine();
  EXPECT_GE(machine.cores, 1U);
  EXPECT_GT(machine.memory_bytes, std::uint64_t{16} << 20U);
}

TEST(CgroupPlaces, FromTheTopDownToOurOwn) {
  struct Case {
    std::string_view mounts;
    std::string_view membership;
    std::vector<std::string> places;
  };
  const std::vector<Case> cases{
      {"", "", {}},
      {"24 1 0:3 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n", "0::/a\n", {}},
      {"24 1 0:3 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/\n", {"sys/fs/cgroup"}},
      {"24 1 0:3 / /sys/fs/cgroup rw shared:1 - cgroup2 cgroup2 rw\n",
       "0::/user.slice/u\n",
       {"sys/fs/cgroup", "sys/fs/cgroup/user.slice", "sys/fs/cgroup/user.slice/u"}},
      {"23 1 0:2 / /proc rw - proc proc rw\n41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 c "
       "rw\n",
       "4:memory:/x\n0::/y\n",
       {"sys/fs/cgroup/unified", "sys/fs/cgroup/unified/y"}},
      {"24 1 0:3 / /cg rw - cgroup2 cgroup2 rw\n", "0::/../outside\n", {"cg"}},
      {"24 1 0:3 / /cg rw - cgroup2 cgroup2 rw\n", "0::/s/fabrica/supervisors\n", {"cg", "cg/s"}},
      {"24 1 0:3 / /cg rw - cgroup2 cgroup2 rw\n", "4:memory:/x\n", {"cg"}},
  };
  for (const Case& one : cases) {
    const OtherMachine other;
    other.write("proc/self/mountinfo", one.mounts);
    other.write("proc/self/cgroup", one.membership);
    std::vector<std::string> places;
    for (const fs::path& place : cgroup_places(other.root())) {
      places.push_back(place.lexically_relative(other.root()).string());
    }
    EXPECT_EQ(places, one.places) << one.mounts << one.membership;
  }
}

/// Folders that look like control groups; the files hold what the test puts there.
TEST(Cgroup, FiguresComeFromItsFiles) {
  const OtherMachine other;
  const Cgroup group(other.root() / "g");
  other.write("g/cpu.stat", "usage_usec 1234567\nuser_usec 1000000\nsystem_usec 234567\n");
  other.write("g/cgroup.events", "populated 1\nfrozen 0\n");
  EXPECT_EQ(group.cpu_time(), milliseconds(1234));
  EXPECT_FALSE(group.is_empty());
  EXPECT_FALSE(group.has_memory());
  EXPECT_EQ(group.peak_memory_bytes(), std::nullopt);
  EXPECT_FALSE(group.ran_out_of_memory());

  other.write("g/memory.max", "max\n");
  other.write("g/memory.peak", "52428800\n");
  other.write("g/memory.current", "1048576\n");
  other.write("g/memory.events", "low 0\nhigh 0\nmax 12\noom 1\noom_kill 0\noom_group_kill 0\n");
  EXPECT_TRUE(group.has_memory());
  EXPECT_EQ(group.peak_memory_bytes(), 52'428'800U);
  EXPECT_EQ(group.current_memory_bytes(), 1'048'576U);
  EXPECT_FALSE(group.ran_out_of_memory());
  other.write("g/memory.events", "low 0\nhigh 0\nmax 12\noom 1\noom_kill 3\noom_group_kill 1\n");
  other.write("g/cgroup.events", "populated 0\nfrozen 0\n");
  EXPECT_TRUE(group.ran_out_of_memory());
  EXPECT_TRUE(group.is_empty());
}

TEST(Cgroup, NamesDifferBetweenSpools) {
  EXPECT_EQ(cgroup_name("t", "/a/tasks/t"), cgroup_name("t", "/a/tasks/t"));
  EXPECT_NE(cgroup_name("t", "/a/tasks/t"), cgroup_name("t", "/b/tasks/t"));
  EXPECT_TRUE(cgroup_name("t", "/a/tasks/t").starts_with("t-"));
}

}  // namespace
}  // namespace fabrica::sites::local
