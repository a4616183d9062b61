#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "sites/local/files.h"
#include "sites/local/records.h"

/// Starting a script, in two halves: everything that can go wrong first, then the one step that
/// cannot be taken back.
namespace fabrica::sites::local {

/// Refuses a script that the kernel could not start: one without `#!` in its first line, as Slurm
/// does, or with DOS line ends.
Result<void> check_script(const std::filesystem::path& script);

/// A task's standard streams, open.
struct Streams {
  Fd input;
  Fd output;
  Fd error;  ///< the same file as `output` where the spec names no other
};

/// Opens them as the spec says and makes the output's directories. What is written is appended at
/// the end of the file in either open-mode, so that notes of ours and the script's lines do not
/// overwrite each other.
Result<Streams> open_streams(const TaskSpec& spec);

/// Everything that a script's process needs.
struct ScriptPlan {
  std::filesystem::path script;
  std::filesystem::path working_directory;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  int nice = 0;
  /// cgroup.procs of the group to join, or -1.
  int membership = -1;
};

/// A process that is about to become the script: it has its session, directory, streams and cgroup,
/// and waits for release(). It ends without having run anything when the holder goes first.
class HeldScript {
 public:
  static Result<HeldScript> start(const ScriptPlan& plan, const Streams& streams);

  pid_t pid() const { return pid_; }
  bool joined_cgroup() const { return joined_cgroup_; }
  /// Lets the script run. Refused when the kernel does not start it: the process has then ended.
  Result<void> release();

 private:
  HeldScript(pid_t pid, Fd report, Fd go)
      : pid_(pid), report_(std::move(report)), go_(std::move(go)) {}

  pid_t pid_;
  Fd report_;
  Fd go_;
  bool joined_cgroup_ = false;
};

}  // namespace fabrica::sites::local
