#pragma once

#include <filesystem>

namespace fabrica::sites::local {

/// The life of a task, from its directory in the spool to the record of its end: takes the task's
/// lock, starts the script at most once ever, keeps the whole tree of its processes within time and
/// memory, ends what is left of it, and records what it used. Runs in a process of its own, which
/// needs open standard streams, no other open files and no other children. Returns at once, and
/// quietly, when another supervisor has the task or the task has started before.
void supervise(const std::filesystem::path& task_directory);

/// Turns the calling process into one that its parent, its session and its terminal cannot reach:
/// the caller's parent sees an exit with status 0 as soon as the new process is there. Standard
/// input and output go to /dev/null, standard error to the task's log.
void leave_parent(const std::filesystem::path& task_directory);

}  // namespace fabrica::sites::local
