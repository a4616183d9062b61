#include "sites/local/lost.h"

#include <fmt/core.h>

#include <chrono>
#include <csignal>
#include <thread>
#include <vector>

#include "sites/local/cgroup.h"
#include "sites/local/meter.h"
#include "sites/local/process_tree.h"

namespace fabrica::sites::local {

namespace {

constexpr Duration leftovers_patience = seconds(5);
constexpr auto leftovers_pause = std::chrono::milliseconds(10);

// Three ways to know a process of the task: the mark in its environment, which a child inherits;
// the supervisor's last list; and descent from one of those.
std::vector<ProcessRef> leftovers(const TaskDirectory& task, const Started& started,
                                  const Heartbeat& alive) {
  std::vector<ProcessRef> found;
  const std::string mark = fmt::format("{}={}", task_marker, task.path().string());
  for (const ProcessStat& process : processes_marked(mark)) found.push_back(process.ref);
  std::vector<ProcessRef> listed = alive.processes;
  listed.push_back(started.script);
  for (const ProcessRef& process : listed) {
    if (process.pid > 0 && is_alive(process)) found.push_back(process);
  }
  const std::vector<ProcessRef> roots = found;
  for (const ProcessRef& root : roots) {
    for (const ProcessStat& process : descendants(root.pid)) {
      if (!process.zombie) found.push_back(process.ref);
    }
  }
  return found;
}

// True when nothing is left.
bool kill_leftovers(const TaskDirectory& task, const Started& started, const Heartbeat& alive) {
  const Time give_up_at = monotonic_now() + leftovers_patience;
  const Cgroup cgroup(started.cgroup);
  while (true) {
    const bool has_cgroup = !started.cgroup.empty() && is_there(cgroup.directory());
    if (has_cgroup) cgroup.kill_all();
    const std::vector<ProcessRef> found = leftovers(task, started, alive);
    for (const ProcessRef& process : found) send_signal(process, SIGKILL);
    if (found.empty() && (!has_cgroup || cgroup.is_empty())) {
      if (has_cgroup) cgroup.remove();
      return true;
    }
    if (monotonic_now() >= give_up_at) return false;
    std::this_thread::sleep_for(leftovers_pause);
  }
}

}  // namespace

bool settle_lost(const TaskDirectory& task) {
  const auto lock = task.try_lock();
  const auto started = task.started();
  if (!lock || !started) return false;
  if (task.has(task_file::ended)) return true;

  const Heartbeat alive = task.heartbeat();
  Ended ended;
  ended.tag = task.path().filename().string();
  ended.reason = EndReason::supervisor_lost;
  ended.started_at_ms = started->started_at_ms;
  ended.ended_at_ms = started->started_at_ms + alive.elapsed_ms;
  ended.cpu_ms = alive.cpu_ms;
  ended.peak_memory_bytes = alive.peak_memory_bytes;
  ended.memory_enforcement = started->memory_enforcement;
  ended.gpus = started->gpus;
  if (started->boot_id != boot_id()) {
    ended.text = "The machine went down while the task ran.";
  } else if (kill_leftovers(task, *started, alive)) {
    ended.text = "The task's supervisor was killed; what still ran of the task was ended.";
  } else {
    ended.text = "The task's supervisor was killed, and some of its processes did not end.";
  }
  task.remove_temporary_files();
  return task.write(ended).has_value();
}

bool end_unstarted(const TaskDirectory& task, EndReason reason, std::string text, Time now) {
  const auto lock = task.try_lock();
  if (!lock || task.has(task_file::started)) return false;
  if (task.has(task_file::ended)) return true;
  Ended ended;
  ended.tag = task.path().filename().string();
  ended.reason = reason;
  ended.ended_at_ms = now.ms;
  ended.text = std::move(text);
  return task.write(ended).has_value();
}

}  // namespace fabrica::sites::local
