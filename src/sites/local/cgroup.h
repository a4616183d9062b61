#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "sites/local/files.h"

namespace fabrica::sites::local {

/// A control group of version 2 for one task: nobody leaves it, so it knows all of the task's
/// processes and what they used, and can end them in one act. Where its tree has the memory
/// controller, it also keeps the task within its memory.
class Cgroup {
 public:
  /// Makes the group `fabrica/<name>` in the first of `places` where that can be done, one that has
  /// the memory controller before one that has not. Nothing where no place is writable.
  static std::optional<Cgroup> create(const std::vector<std::filesystem::path>& places,
                                      std::string_view name);
  /// A group that is there already.
  explicit Cgroup(std::filesystem::path directory) : directory_(std::move(directory)) {}

  const std::filesystem::path& directory() const { return directory_; }

  bool has_memory() const { return is_there(directory_ / "memory.max"); }
  /// Needs has_memory(). Above the limit the kernel ends all processes of the group at once. False
  /// when the kernel refuses.
  bool limit_memory(std::uint64_t bytes) const;
  /// A file into which a process writes "0" to join.
  Fd open_membership() const;
  bool is_empty() const;
  void kill_all() const;

  std::optional<Duration> cpu_time() const;
  /// Needs has_memory(); nothing on kernels before 5.19.
  std::optional<std::uint64_t> peak_memory_bytes() const;
  std::optional<std::uint64_t> current_memory_bytes() const;
  /// True when the kernel ended a process of the group because of the limit.
  bool ran_out_of_memory() const;

  /// Needs is_empty().
  void remove() const;

 private:
  std::filesystem::path directory_;
};

/// Where groups of ours may be made: the version 2 hierarchy from its top down to the group of this
/// process, so that root works at the top and an ordinary user in the part delegated to them.
/// `root` is another file system's top, for tests.
std::vector<std::filesystem::path> cgroup_places(const std::filesystem::path& root = "/");

/// Name of a task's group: the tag for people, and a digest of the directory, because two servers
/// may each have a task of that tag.
std::string cgroup_name(std::string_view tag, const std::filesystem::path& task_directory);

/// Moves this process into the group `fabrica/supervisors`, out of the service manager's group for
/// the server, so that stopping the server's unit does not stop the jobs. Does nothing where that
/// is not allowed.
void leave_server_cgroup(const std::vector<std::filesystem::path>& places);

}  // namespace fabrica::sites::local
