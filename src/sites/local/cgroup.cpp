#include "sites/local/cgroup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/digest.h"

namespace fabrica::sites::local {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t cgroup_file_bytes_max = 1'048'576;
constexpr std::string_view folder = "fabrica";

// The files of a control group take a write as a whole command, in place.
bool command(const fs::path& file, std::string_view text) {
  const Fd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  return fd && write_all(fd.get(), text);
}

std::string content(const fs::path& file) {
  return read_file(file, cgroup_file_bytes_max).value_or("");
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end == text.data()) return std::nullopt;
  return number;
}

// "key value" on a line of its own.
std::optional<std::uint64_t> number_after(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.starts_with(key) && line.size() > key.size() && line[key.size()] == ' ') {
      return number_in(line.substr(key.size() + 1));
    }
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return std::nullopt;
}

bool has_word(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool starts = at == 0 || text[at - 1] == ' ';
    if (starts && (end == text.size() || text[end] == ' ' || text[end] == '\n')) return true;
  }
  return false;
}

void offer_memory_to_children(const fs::path& group) {
  const fs::path file = group / "cgroup.subtree_control";
  if (!has_word(content(file), "memory")) command(file, "+memory");
}

// The folder of all our groups within `place`, with the memory controller where that can be had.
std::optional<fs::path> open_folder(const fs::path& place) {
  fs::path ours = place / folder;
  if (::mkdir(ours.c_str(), 0755) != 0 && !is_there(ours)) return std::nullopt;
  if (::access(ours.c_str(), W_OK) != 0) return std::nullopt;
  if (has_word(content(place / "cgroup.controllers"), "memory")) {
    offer_memory_to_children(place);
    offer_memory_to_children(ours);
  }
  return ours;
}

std::optional<fs::path> make_group(const fs::path& place, std::string_view name) {
  const auto ours = open_folder(place);
  if (!ours) return std::nullopt;
  fs::path group = *ours / name;
  if (::mkdir(group.c_str(), 0755) != 0 && !is_there(group)) return std::nullopt;
  if (!is_there(group / "cgroup.procs")) return std::nullopt;
  return group;
}

}  // namespace

std::optional<Cgroup> Cgroup::create(const std::vector<fs::path>& places, std::string_view name) {
  std::optional<Cgroup> without_memory;
  for (const fs::path& place : places) {
    const auto group = make_group(place, name);
    if (!group) continue;
    Cgroup made(*group);
    if (made.has_memory()) {
      if (without_memory) without_memory->remove();
      return made;
    }
    if (without_memory) {
      made.remove();
    } else {
      without_memory = std::move(made);
    }
  }
  return without_memory;
}

bool Cgroup::limit_memory(std::uint64_t bytes) const {
  if (!command(directory_ / "memory.max", fmt::to_string(bytes))) return false;
  // Swap would let a job live above its limit. Kernels without swap accounting lack the file.
  command(directory_ / "memory.swap.max", "0");
  command(directory_ / "memory.oom.group", "1");
  return true;
}

Fd Cgroup::open_membership() const {
  const fs::path file = directory_ / "cgroup.procs";
  return Fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
}

bool Cgroup::is_empty() const {
  return number_after(content(directory_ / "cgroup.events"), "populated").value_or(0) == 0;
}

void Cgroup::kill_all() const { command(directory_ / "cgroup.kill", "1"); }

std::optional<Duration> Cgroup::cpu_time() const {
  const auto usage_us = number_after(content(directory_ / "cpu.stat"), "usage_usec");
  if (!usage_us) return std::nullopt;
  return milliseconds(static_cast<std::int64_t>(*usage_us / 1000));
}

std::optional<std::uint64_t> Cgroup::peak_memory_bytes() const {
  return number_in(content(directory_ / "memory.peak"));
}

std::optional<std::uint64_t> Cgroup::current_memory_bytes() const {
  return number_in(content(directory_ / "memory.current"));
}

bool Cgroup::ran_out_of_memory() const {
  return number_after(content(directory_ / "memory.events"), "oom_kill").value_or(0) > 0;
}

void Cgroup::remove() const { ::rmdir(directory_.c_str()); }

std::vector<fs::path> cgroup_places(const fs::path& root) {
  // "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw", see proc(5).
  const std::string mounts = content(root / "proc/self/mountinfo");
  const std::string membership = content(root / "proc/self/cgroup");
  fs::path top;
  std::string_view rest = mounts;
  while (!rest.empty() && top.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.find(" - cgroup2 ") == std::string_view::npos) continue;
    std::string_view word = line;
    for (int skipped = 0; skipped < 4; ++skipped) word.remove_prefix(word.find(' ') + 1);
    top = root / fs::path(word.substr(0, word.find(' '))).relative_path();
  }
  if (top.empty()) return {};

  std::vector<fs::path> places{top};
  const std::size_t line = membership.starts_with("0::") ? 0 : membership.find("\n0::");
  if (line == std::string::npos) return places;
  const std::size_t start = membership.find("0::", line) + 3;
  const fs::path own = membership.substr(start, membership.find('\n', start) - start);
  for (const fs::path& part : own.relative_path()) {
    // A group outside of our name space cannot be reached by a path.
    if (part == ".." || part == folder || part.empty()) break;
    places.push_back(places.back() / part);
  }
  return places;
}

std::string cgroup_name(std::string_view tag, const fs::path& task_directory) {
  Hasher hasher;
  hasher.add(std::string_view(task_directory.native()));
  return fmt::format("{}-{}", tag, to_string(hasher.finish()).substr(0, 16));
}

void leave_server_cgroup(const std::vector<fs::path>& places) {
  for (const fs::path& place : places) {
    const auto group = make_group(place, "supervisors");
    if (group && command(*group / "cgroup.procs", "0")) return;
  }
}

}  // namespace fabrica::sites::local
