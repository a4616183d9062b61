#include "sites/local/machine.h"

#include <fmt/core.h>
#include <netdb.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <map>
#include <optional>
#include <system_error>
#include <thread>

#include "sites/local/cgroup.h"
#include "sites/local/files.h"

namespace fabrica::sites::local {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t machine_file_bytes_max = 1'048'576;

std::string machine_file(const fs::path& path) {
  return read_file(path, machine_file_bytes_max).value_or("");
}

std::optional<std::uint64_t> leading_number(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end == text.data()) return std::nullopt;
  return number;
}

// What follows "key:" on a line of its own.
std::string_view value_of_line(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ':') continue;
    line.remove_prefix(key.size() + 1);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return line;
  }
  return {};
}

std::uint32_t processors() {
  // Large machines have more processors than the fixed set of sched.h.
  for (int bits = 1024; bits <= 1 << 20; bits *= 2) {
    cpu_set_t* const set = CPU_ALLOC(bits);
    if (set == nullptr) break;
    const std::size_t bytes = CPU_ALLOC_SIZE(bits);
    const bool got = ::sched_getaffinity(0, bytes, set) == 0;
    const int count = got ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (got) return static_cast<std::uint32_t>(std::max(count, 1));
  }
  return std::max(1U, std::thread::hardware_concurrency());
}

// "200000 100000": so many microseconds of every so many; "max 100000": no limit.
std::optional<std::uint32_t> whole_cores(std::optional<std::uint64_t> quota,
                                         std::optional<std::uint64_t> period) {
  if (!quota || !period || *period == 0) return std::nullopt;
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(*quota / *period, 1, 1U << 20U));
}

std::uint32_t limit_cores(std::uint32_t cores, const std::vector<fs::path>& groups,
                          const fs::path& root) {
  for (const fs::path& group : groups) {
    const std::string text = machine_file(group / "cpu.max");
    const std::size_t space = std::min(text.find(' '), text.size());
    const auto allowed = whole_cores(leading_number(text), leading_number(text.substr(space)));
    cores = std::min(cores, allowed.value_or(cores));
  }
  // Version 1, as a container sees its own group; -1 means no limit and is no number here.
  const fs::path first = root / "sys/fs/cgroup/cpu";
  const auto allowed = whole_cores(leading_number(machine_file(first / "cpu.cfs_quota_us")),
                                   leading_number(machine_file(first / "cpu.cfs_period_us")));
  return std::min(cores, allowed.value_or(cores));
}

std::uint64_t memory(const std::vector<fs::path>& groups, const fs::path& root) {
  const std::string total = machine_file(root / "proc/meminfo");
  std::uint64_t bytes = leading_number(value_of_line(total, "MemTotal")).value_or(0) * 1024;
  std::vector<fs::path> limits;
  limits.reserve(groups.size() + 1);
  for (const fs::path& group : groups) limits.push_back(group / "memory.max");
  limits.push_back(root / "sys/fs/cgroup/memory/memory.limit_in_bytes");
  for (const fs::path& limit : limits) {
    bytes = std::min(bytes, leading_number(machine_file(limit)).value_or(bytes));
  }
  return bytes;
}

// The minor numbers N of /dev/nvidiaN.
std::vector<std::uint32_t> device_files(const fs::path& root) {
  std::vector<std::uint32_t> found;
  std::error_code error;
  fs::directory_iterator at(root / "dev", error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    const std::string name = at->path().filename().string();
    constexpr std::string_view prefix = "nvidia";
    if (!name.starts_with(prefix) || name.size() == prefix.size()) continue;
    if (name.find_first_not_of("0123456789", prefix.size()) != std::string::npos) continue;
    if (const auto minor = leading_number(std::string_view(name).substr(prefix.size()))) {
      found.push_back(static_cast<std::uint32_t>(*minor));
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

struct KnownGpu {
  std::optional<std::uint32_t> minor;
  std::string model;
};

// What the driver says of each GPU of the machine, by its address on the bus.
std::map<std::string, KnownGpu> known_gpus(const fs::path& root) {
  std::map<std::string, KnownGpu> found;
  std::error_code error;
  fs::directory_iterator at(root / "proc/driver/nvidia/gpus", error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    const std::string text = machine_file(at->path() / "information");
    KnownGpu gpu;
    gpu.model = value_of_line(text, "Model");
    if (const auto minor = leading_number(value_of_line(text, "Device Minor"))) {
      gpu.minor = static_cast<std::uint32_t>(*minor);
    }
    found.emplace(at->path().filename().string(), std::move(gpu));
  }
  return found;
}

std::vector<Gpu> gpus(const fs::path& root) {
  std::vector<std::uint32_t> devices = device_files(root);
  const auto known = known_gpus(root);
  const bool any_device = !devices.empty();
  std::vector<Gpu> found;
  const auto add = [&](const std::string& model) {
    found.push_back({static_cast<std::uint32_t>(found.size()), model});
  };
  // A container sees what the driver says of all GPUs but gets the device files of its own alone.
  for (const auto& [address, gpu] : known) {
    const auto own = std::find(devices.begin(), devices.end(), gpu.minor);
    if (any_device && gpu.minor && own == devices.end()) continue;
    if (own != devices.end()) devices.erase(own);
    add(gpu.model);
  }
  if (known.empty()) {
    for ([[maybe_unused]] const std::uint32_t minor : devices) add("");
  }
  return found;
}

std::string machine_name() {
  std::array<char, 256> text{};
  if (::gethostname(text.data(), text.size() - 1) != 0) return "localhost";
  std::string name(text.data());
  name.resize(std::min(name.find('.'), name.size()));
  addrinfo* addresses = nullptr;
  if (name.empty() || ::getaddrinfo(name.c_str(), nullptr, nullptr, &addresses) != 0) {
    return "localhost";
  }
  ::freeaddrinfo(addresses);
  return name;
}

}  // namespace

Machine look_at_machine(const fs::path& root) {
  const std::vector<fs::path> groups = cgroup_places(root);
  Machine machine;
  machine.cores = limit_cores(processors(), groups, root);
  machine.memory_bytes = memory(groups, root);
  machine.gpus = gpus(root);
  machine.name = machine_name();
  return machine;
}

}  // namespace fabrica::sites::local
