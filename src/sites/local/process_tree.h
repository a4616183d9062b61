#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "sites/local/records.h"

/// Looking at processes through /proc and signalling exactly those that were looked at.
namespace fabrica::sites::local {

/// What /proc says about a process at one moment.
struct ProcessStat {
  ProcessRef ref;
  pid_t parent = 0;
  bool zombie = false;
  /// Used by itself and by those of its children that it has waited for.
  Duration cpu;
  /// Resident memory; pages shared with others count in full.
  std::uint64_t resident_bytes = 0;
};

/// Nothing when there is no such process.
std::optional<ProcessStat> look_at_process(pid_t pid);

/// Every process below `root`, without itself. Between two looks of the kernel's a process may be
/// born or be given to another parent, so a caller who needs all of them looks again until none is
/// left.
std::vector<ProcessStat> descendants(pid_t root);

/// Every process whose environment, as it was at its start, has exactly the entry `assignment`
/// ("NAME=value"), as far as we may read it.
std::vector<ProcessStat> processes_marked(std::string_view assignment);

/// The memory of a process where a page shared by n processes counts 1/n; nothing when the kernel
/// does not tell it.
std::optional<std::uint64_t> proportional_bytes(pid_t pid);

/// True while that very process is there and is no zombie.
bool is_alive(const ProcessRef& process);

/// Sends the signal to that very process, never to a later one with its number. False when it is
/// gone or may not be signalled.
bool send_signal(const ProcessRef& process, int signal);

/// This boot of the machine, told from every other one; empty when unknown.
std::string boot_id();

}  // namespace fabrica::sites::local
