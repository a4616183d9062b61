#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sites/local/files.h"
#include "sites/local/records.h"

/// Where tasks live on disk. The spool alone says what was accepted, what runs and what has ended:
/// a server that starts anew knows nothing else.
///
///   lock           held by the one server that uses the spool
///   bin/           srun and scontrol for the scripts
///   incoming/      tasks that are being written
///   tasks/<tag>/   spec script launch lock started heartbeat ended cancel log steps/ tmp/
///   archive/<tag>  the end of a task that was forgotten, so that a late request to start it again
///                  gets the old answer
namespace fabrica::sites::local {

/// Names of files in a task's directory.
namespace task_file {
inline constexpr std::string_view spec = "spec";
inline constexpr std::string_view script = "script";
inline constexpr std::string_view launch = "launch";
inline constexpr std::string_view lock = "lock";
inline constexpr std::string_view started = "started";
inline constexpr std::string_view heartbeat = "heartbeat";
inline constexpr std::string_view ended = "ended";
inline constexpr std::string_view cancel = "cancel";
inline constexpr std::string_view log = "log";  ///< what a supervisor could tell nobody else
inline constexpr std::string_view steps = "steps";
inline constexpr std::string_view temporary = "tmp";
}  // namespace task_file

/// The records of one task.
class TaskDirectory {
 public:
  explicit TaskDirectory(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path file(std::string_view name) const { return path_ / name; }
  bool has(std::string_view name) const { return is_there(file(name)); }

  Result<TaskSpec> spec() const;
  /// Nothing where none was written, or not all of it reached the disk.
  std::optional<Launch> launch() const;
  /// Nothing where the task never started. A damaged record still means that it did; one that the
  /// system cannot read for the moment is not seen.
  std::optional<Started> started() const;
  /// All zero where there is no sign of life.
  Heartbeat heartbeat() const;
  /// Nothing where the task has not ended. A damaged record still means that it has; one that the
  /// system cannot read for the moment is not seen.
  std::optional<Ended> ended() const;

  Result<void> write(const Launch& launch) const;
  Result<void> write(const Started& started) const;
  Result<void> write(const Ended& ended) const;
  Result<void> ask_to_cancel() const;

  std::optional<FileLock> try_lock() const { return FileLock::try_take(file(task_file::lock)); }
  bool is_locked() const { return FileLock::is_held(file(task_file::lock)); }

  void remove_temporary_files() const;
  /// Removes what this library wrote, and the directory if nothing else is in it: outputs that a
  /// job keeps there stay.
  void remove_control_files() const;

 private:
  std::filesystem::path path_;
};

class Spool {
 public:
  /// Makes what is missing and takes the spool's lock. `programs` holds fabrica-srun. Refused as
  /// unavailable when another server holds the lock for longer than a few seconds, or the disk
  /// refuses.
  static Result<Spool> open(const std::filesystem::path& path,
                            const std::filesystem::path& programs);

  std::filesystem::path programs() const { return path_ / "bin"; }
  TaskDirectory task(std::string_view tag) const { return TaskDirectory(path_ / "tasks" / tag); }
  std::vector<std::string> tags() const;

  /// Writes a task durably; one that is there already, or was, stays as it is. True when this call
  /// made it.
  Result<bool> add(const TaskSpec& spec, std::string_view script) const;

  /// Keeps the end of a task and drops the rest of what we wrote about it.
  Result<void> archive(const Ended& ended) const;
  std::optional<Ended> archived(std::string_view tag) const;
  /// Drops ends that were archived before `limit`.
  void prune_archive(Time limit) const;

 private:
  Spool(std::filesystem::path path, FileLock lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}
  void finish_interrupted_work() const;

  std::filesystem::path path_;
  FileLock lock_;
};

/// Refuses a tag that could not name a directory.
Result<void> check_tag(std::string_view tag);

}  // namespace fabrica::sites::local
