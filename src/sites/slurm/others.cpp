#include "sites/slurm/others.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "sites/slurm/tags.h"

namespace fabrica::sites::slurm {

namespace {

constexpr Duration no_limit = days(365);
constexpr double kib = 1.0 / 1'024;

struct Amount {
  double count = 0;
  double mib = 0;  // the same as memory
};

// "1500M", "2.50G": Slurm rounds what it shows to two decimals.
Amount amount_in(std::string_view text) {
  double count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || count < 0) return {};
  const char unit = end == text.data() + text.size() ? 'M' : *end;
  const double to_mib = unit == 'K'   ? kib
                        : unit == 'G' ? 1'024
                        : unit == 'T' ? 1'024 * 1'024
                        : unit == 'P' ? 1'024.0 * 1'024 * 1'024
                                      : 1;
  return {count, count * to_mib};
}

template <class Whole>
Whole rounded_up(double value) {
  constexpr double most = 1e9;
  const double bounded = std::clamp(value, 0.0, most);
  const auto down = static_cast<Whole>(bounded);
  return static_cast<double>(down) < bounded ? down + 1 : down;
}

}  // namespace

jobs::Allocation allocation_in(std::string_view tres) {
  jobs::Allocation all;
  while (!tres.empty()) {
    const std::string_view one = tres.substr(0, tres.find(','));
    tres.remove_prefix(std::min(tres.size(), one.size() + 1));
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view kind = one.substr(0, equals);
    const Amount amount = amount_in(one.substr(equals + 1));
    if (kind == "node") all.nodes = rounded_up<std::uint32_t>(amount.count);
    if (kind == "cpu") all.cpus = rounded_up<std::uint32_t>(amount.count);
    if (kind == "gres/gpu") all.gpus = rounded_up<std::uint32_t>(amount.count);
    if (kind == "mem") all.memory_mib = rounded_up<std::uint64_t>(amount.mib);
  }
  return all;
}

std::vector<OtherJob> others_in(const std::vector<ClusterJob>& jobs,
                                std::string_view installation) {
  std::vector<OtherJob> others;
  for (const ClusterJob& job : jobs) {
    const bool waits = job.state == ClusterState::pending && !job.held;
    if (!waits && job.state != ClusterState::running) continue;
    if (tag_of(job, installation)) continue;
    OtherJob other;
    other.id = job.id;
    other.partition = job.partition.substr(0, job.partition.find(','));
    other.allocation = allocation_in(job.tres);
    other.limit = job.time_limit == Duration{} ? no_limit : job.time_limit;
    if (!waits) other.ends = job.limit_at;
    others.push_back(std::move(other));
  }
  return others;
}

}  // namespace fabrica::sites::slurm
