#include "sites/local/process_tree.h"

#include <fmt/core.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <deque>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <system_error>
#include <thread>

#include "sites/local/files.h"

namespace fabrica::sites::local {

namespace {

constexpr std::size_t proc_file_bytes_max = 262'144;
constexpr std::size_t environment_bytes_max = 8'388'608;
// More than any tree that a machine can hold; a bound for the walk.
constexpr std::size_t tree_processes_max = 1'000'000;

Duration from_ticks(std::uint64_t ticks) {
  static const auto per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return milliseconds(static_cast<std::int64_t>(ticks * 1000 / per_second));
}

std::uint64_t from_pages(std::uint64_t pages) {
  static const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return pages * page_bytes;
}

std::uint64_t to_number(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// Cuts the next word off `text`.
std::string_view next_word(std::string_view& text) {
  const std::size_t start = text.find_first_not_of(" \n\t");
  if (start == std::string_view::npos) return text = {};
  const std::size_t end = text.find_first_of(" \n\t", start);
  const std::string_view word = text.substr(start, end - start);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end);
  return word;
}

std::optional<pid_t> to_pid(const std::string& name) {
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (error != std::errc{} || end != name.data() + name.size() || pid <= 0) return std::nullopt;
  return pid;
}

// Calls `visit` with each number that names an entry of the directory.
void for_each_number(const std::filesystem::path& directory,
                     const std::function<void(pid_t)>& visit) {
  std::error_code error;
  std::filesystem::directory_iterator at(directory, error);
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    if (const auto pid = to_pid(at->path().filename().string())) visit(*pid);
  }
}

// A child belongs to the thread that made it, so every thread's list is read.
std::vector<pid_t> children(pid_t pid) {
  std::vector<pid_t> found;
  for_each_number(fmt::format("/proc/{}/task", pid), [&](pid_t thread) {
    const Result<std::string> text =
        read_file(fmt::format("/proc/{}/task/{}/children", pid, thread), proc_file_bytes_max);
    if (!text) return;
    std::string_view rest = *text;
    for (std::string_view word = next_word(rest); !word.empty(); word = next_word(rest)) {
      found.push_back(static_cast<pid_t>(to_number(word)));
    }
  });
  return found;
}

bool kernel_lists_children() {
  static const bool listed = is_there(fmt::format("/proc/{0}/task/{0}/children", ::getpid()));
  return listed;
}

std::vector<ProcessStat> descendants_by_parent(pid_t root) {
  std::multimap<pid_t, ProcessStat> by_parent;
  for_each_number("/proc", [&](pid_t pid) {
    if (const auto stat = look_at_process(pid)) by_parent.emplace(stat->parent, *stat);
  });
  std::vector<ProcessStat> found;
  std::deque<pid_t> open{root};
  while (!open.empty() && found.size() < tree_processes_max) {
    const auto [first, last] = by_parent.equal_range(open.front());
    open.pop_front();
    for (auto child = first; child != last; ++child) {
      found.push_back(child->second);
      open.push_back(child->second.ref.pid);
    }
  }
  return found;
}

// Between taking its new memory and being told where its environment lies in it, a process within
// exec(2) shows none (proc(5): env_end is zero). The kernel's own threads and processes on their
// way out show none for good.
bool is_within_exec(pid_t pid) {
  constexpr std::uint64_t exiting = 0x4;
  constexpr std::uint64_t kernel_thread = 0x200000;
  const Result<std::string> text =
      read_file(fmt::format("/proc/{}/stat", pid), proc_file_bytes_max);
  if (!text) return false;
  const std::size_t name_end = text->rfind(')');
  if (name_end == std::string::npos) return false;
  std::string_view rest = std::string_view(*text).substr(name_end + 1);
  std::array<std::string_view, 49> field;  // field[0] is the third of proc(5)
  for (std::string_view& word : field) word = next_word(rest);
  const bool ended = field[0] == "Z" || field[0] == "X";
  return !ended && (to_number(field[6]) & (exiting | kernel_thread)) == 0 && field[48] == "0";
}

// Empty when the process is gone, may not be looked at, or has no environment.
std::string environment_of(pid_t pid) {
  constexpr int tries = 1'000;
  constexpr auto pause = std::chrono::milliseconds(1);
  for (int tried = 0; tried < tries; ++tried) {
    Result<std::string> text =
        read_file(fmt::format("/proc/{}/environ", pid), environment_bytes_max);
    if (!text) return "";
    if (!text->empty() || !is_within_exec(pid)) return *std::move(text);
    std::this_thread::sleep_for(pause);
  }
  return "";
}

bool has_entry(std::string_view environment, std::string_view assignment) {
  for (std::size_t at = environment.find(assignment); at != std::string_view::npos;
       at = environment.find(assignment, at + 1)) {
    const std::size_t end = at + assignment.size();
    const bool starts = at == 0 || environment[at - 1] == '\0';
    if (starts && (end == environment.size() || environment[end] == '\0')) return true;
  }
  return false;
}

}  // namespace

std::optional<ProcessStat> look_at_process(pid_t pid) {
  const Result<std::string> text =
      read_file(fmt::format("/proc/{}/stat", pid), proc_file_bytes_max);
  if (!text) return std::nullopt;
  // "pid (name) state parent …": the name may hold anything, the last parenthesis ends it.
  const std::size_t name_end = text->rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::string_view rest = std::string_view(*text).substr(name_end + 1);
  std::array<std::string_view, 22> field;  // field[0] is the third of proc(5), the state
  for (std::string_view& word : field) word = next_word(rest);
  ProcessStat stat;
  stat.ref = {pid, to_number(field[19])};
  // A process whose first thread has ended shows as a zombie while its other threads run on.
  stat.zombie = (field[0] == "Z" || field[0] == "X") && to_number(field[17]) <= 1;
  stat.parent = static_cast<pid_t>(to_number(field[1]));
  std::uint64_t ticks = 0;
  for (std::size_t i = 11; i <= 14; ++i) ticks += to_number(field[i]);
  stat.cpu = from_ticks(ticks);
  stat.resident_bytes = from_pages(to_number(field[21]));
  return stat;
}

std::vector<ProcessStat> descendants(pid_t root) {
  if (!kernel_lists_children()) return descendants_by_parent(root);
  std::vector<ProcessStat> found;
  std::set<pid_t> seen{root};
  std::deque<pid_t> open{root};
  while (!open.empty() && found.size() < tree_processes_max) {
    for (const pid_t child : children(open.front())) {
      if (!seen.insert(child).second) continue;
      const auto stat = look_at_process(child);
      if (!stat) continue;
      found.push_back(*stat);
      open.push_back(child);
    }
    open.pop_front();
  }
  return found;
}

std::vector<ProcessStat> processes_marked(std::string_view assignment) {
  std::vector<ProcessStat> found;
  for_each_number("/proc", [&](pid_t pid) {
    if (!has_entry(environment_of(pid), assignment)) return;
    const auto stat = look_at_process(pid);
    if (stat && !stat->zombie) found.push_back(*stat);
  });
  return found;
}

std::optional<std::uint64_t> proportional_bytes(pid_t pid) {
  const Result<std::string> text =
      read_file(fmt::format("/proc/{}/smaps_rollup", pid), proc_file_bytes_max);
  if (!text) return std::nullopt;
  const std::size_t at = text->find("\nPss:");
  if (at == std::string::npos) return std::nullopt;
  std::string_view rest = std::string_view(*text).substr(at + 5);
  return to_number(next_word(rest)) * 1024;
}

bool is_alive(const ProcessRef& process) {
  const auto stat = look_at_process(process.pid);
  return stat && stat->ref == process && !stat->zombie;
}

bool send_signal(const ProcessRef& process, int signal) {
  // The descriptor pins the process; only then does the comparison of its start mean anything.
  const Fd pinned(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  const bool refused = !pinned && errno != ESRCH;  // an old kernel, or a sandbox's filter
  if ((!pinned && !refused) || !is_alive(process)) return false;
  if (refused) return ::kill(process.pid, signal) == 0;
  return ::syscall(SYS_pidfd_send_signal, pinned.get(), signal, nullptr, 0) == 0;
}

std::string boot_id() {
  Result<std::string> text = read_file("/proc/sys/kernel/random/boot_id", 100);
  if (!text) return "";
  while (!text->empty() && text->back() == '\n') text->pop_back();
  return *text;
}

}  // namespace fabrica::sites::local
