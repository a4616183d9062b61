#include "simulate/timeline.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>

#include "base/check.h"

namespace fabrica::simulate {

namespace {

/// A count that changes at moments; at one moment by all of its steps at once.
struct Step {
  std::int64_t at_ms = 0;
  std::int64_t by = 0;
};

void sort_steps(std::vector<Step>& steps) { std::ranges::sort(steps, {}, &Step::at_ms); }

struct Span {
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
};

Span span_of(std::span<const forecast::Job> jobs, std::span<const Time> starts) {
  Span span{jobs.front().submit.ms, jobs.front().submit.ms};
  for (std::size_t at = 0; at < jobs.size(); ++at) {
    span.to_ms = std::max(span.to_ms, (starts[at] + jobs[at].run).ms);
  }
  return span;
}

/// Mean and maximum of a count in equal parts of a span.
class Parts {
 public:
  Parts(Span span, std::size_t parts)
      : span_(span),
        sums_(parts),
        maxima_(parts),
        length_ms_(static_cast<double>(std::max<std::int64_t>(span.to_ms - span.from_ms, 1)) /
                   static_cast<double>(parts)) {}

  void add(std::vector<Step>& steps) {
    sort_steps(steps);
    std::int64_t value = 0;
    std::int64_t since_ms = span_.from_ms;
    for (std::size_t at = 0; at < steps.size();) {
      const std::int64_t now_ms = steps[at].at_ms;
      hold(value, since_ms, now_ms);
      for (; at < steps.size() && steps[at].at_ms == now_ms; ++at) value += steps[at].by;
      since_ms = now_ms;
    }
  }

  double length_ms() const { return length_ms_; }
  std::vector<double> means(double over) const {
    std::vector<double> means;
    for (const double sum : sums_) means.push_back(sum / length_ms_ / over);
    return means;
  }
  const std::vector<std::int64_t>& maxima() const { return maxima_; }

 private:
  std::size_t part_of(double at_ms) const {
    return std::min(static_cast<std::size_t>(at_ms / length_ms_), sums_.size() - 1);
  }

  void hold(std::int64_t value, std::int64_t from_ms, std::int64_t to_ms) {
    if (value == 0 || from_ms == to_ms) return;
    auto from = static_cast<double>(from_ms - span_.from_ms);
    const auto to = static_cast<double>(to_ms - span_.from_ms);
    for (std::size_t part = part_of(from); from < to; ++part) {
      const bool is_last = part + 1 >= sums_.size();
      const double end = is_last ? to : std::min(to, length_ms_ * static_cast<double>(part + 1));
      sums_[part] += (end - from) * static_cast<double>(value);
      maxima_[part] = std::max(maxima_[part], value);
      from = end;
    }
  }

  Span span_;
  std::vector<double> sums_;
  std::vector<std::int64_t> maxima_;
  double length_ms_;
};

std::vector<Step> waiting_steps(std::span<const forecast::Job> jobs, std::span<const Time> starts) {
  std::vector<Step> steps;
  steps.reserve(2 * jobs.size());
  for (std::size_t at = 0; at < jobs.size(); ++at) {
    steps.push_back({jobs[at].submit.ms, 1});
    steps.push_back({starts[at].ms, -1});
  }
  return steps;
}

// The first moment at which as many wait as ever do.
std::int64_t deepest_ms(std::span<const forecast::Job> jobs, std::span<const Time> starts) {
  std::vector<Step> steps = waiting_steps(jobs, starts);
  sort_steps(steps);
  std::int64_t value = 0;
  std::int64_t most = 0;
  std::int64_t found_ms = steps.front().at_ms;
  for (std::size_t at = 0; at < steps.size(); ++at) {
    value += steps[at].by;
    const bool is_whole = at + 1 == steps.size() || steps[at + 1].at_ms != steps[at].at_ms;
    if (!is_whole || value <= most) continue;
    most = value;
    found_ms = steps[at].at_ms;
  }
  return found_ms;
}

/// The free processors of a machine, as ranges.
class Lanes {
 public:
  explicit Lanes(std::int32_t width) { free_.emplace(0, width); }

  // The lowest that are free, in as many ranges as it takes.
  std::vector<std::pair<std::int32_t, std::int32_t>> take(std::int32_t width) {
    std::vector<std::pair<std::int32_t, std::int32_t>> taken;
    while (width > 0) {
      CHECK(!free_.empty(), "a schedule uses no more of a machine than there is");
      const auto [from, length] = *free_.begin();
      const std::int32_t some = std::min(width, length);
      free_.erase(free_.begin());
      if (some < length) free_.emplace(from + some, length - some);
      taken.emplace_back(from, some);
      width -= some;
    }
    return taken;
  }

  void give_back(std::int32_t from, std::int32_t length) {
    auto place = free_.emplace(from, length).first;
    if (const auto next = std::next(place);
        next != free_.end() && place->first + place->second == next->first) {
      place->second += next->second;
      free_.erase(next);
    }
    if (place == free_.begin()) return;
    const auto before = std::prev(place);
    if (before->first + before->second != place->first) return;
    before->second += place->second;
    free_.erase(place);
  }

 private:
  std::map<std::int32_t, std::int32_t> free_;  // where a range begins, and its length
};

/// The jobs that run at some time of a window, by start.
std::vector<std::uint32_t> running_in(Span window, std::span<const forecast::Job> jobs,
                                      std::span<const Time> starts) {
  std::vector<std::uint32_t> found;
  for (std::uint32_t job = 0; job < jobs.size(); ++job) {
    const std::int64_t end_ms = (starts[job] + jobs[job].run).ms;
    if (jobs[job].run.ms > 0 && starts[job].ms < window.to_ms && end_ms > window.from_ms)
      found.push_back(job);
  }
  std::ranges::sort(found, {}, [&](std::uint32_t job) { return std::pair(starts[job], job); });
  return found;
}

void draw(Gantt& gantt, std::span<const std::int32_t> widths,
          const std::vector<std::uint32_t>& found, std::span<const forecast::Job> jobs,
          const Placed& placed) {
  std::vector<Lanes> lanes;
  for (const std::int32_t width : widths) lanes.emplace_back(width);
  const std::int64_t zero_ms = jobs.front().submit.ms;
  // Bars whose job runs, by its end.
  std::multimap<std::int64_t, std::tuple<std::uint32_t, std::int32_t, std::int32_t>> ends;
  for (const std::uint32_t job : found) {
    const std::int64_t start_ms = placed.starts[job].ms;
    for (; !ends.empty() && ends.begin()->first <= start_ms; ends.erase(ends.begin())) {
      const auto& [site, from, width] = ends.begin()->second;
      lanes[site].give_back(from, width);
    }
    const std::uint32_t site = placed.sites.empty() ? 0 : placed.sites[job];
    const std::int64_t end_ms = start_ms + jobs[job].run.ms;
    for (const auto& [from, width] : lanes[site].take(jobs[job].width)) {
      ends.emplace(end_ms, std::tuple(site, from, width));
      gantt.bars.push_back({site, job, from, width, (start_ms - zero_ms) / 1'000,
                            (end_ms - zero_ms) / 1'000, (start_ms - jobs[job].submit.ms) / 1'000});
    }
  }
}

}  // namespace

Timeline timeline_of(std::span<const forecast::Job> jobs, std::span<const Time> starts,
                     std::int64_t width, std::size_t parts) {
  CHECK(!jobs.empty() && starts.size() == jobs.size() && parts > 0, "a schedule of something");
  const Span span = span_of(jobs, starts);
  Parts waiting(span, parts);
  std::vector<Step> steps = waiting_steps(jobs, starts);
  waiting.add(steps);
  steps.clear();
  for (std::size_t at = 0; at < jobs.size(); ++at) {
    steps.push_back({starts[at].ms, jobs[at].width});
    steps.push_back({(starts[at] + jobs[at].run).ms, -jobs[at].width});
  }
  Parts used(span, parts);
  used.add(steps);
  return {used.length_ms() / 1'000, waiting.means(1), waiting.maxima(),
          used.means(static_cast<double>(width))};
}

Gantt gantt_of(std::span<const std::int32_t> widths, std::span<const forecast::Job> jobs,
               const Placed& placed, std::size_t bars_max) {
  constexpr std::int64_t window_ms_min = 3'600'000;
  const Span span = span_of(jobs, placed.starts);
  const std::int64_t middle_ms = deepest_ms(jobs, placed.starts);
  std::int64_t length_ms = span.to_ms - span.from_ms;
  Span window = span;
  std::vector<std::uint32_t> found = running_in(window, jobs, placed.starts);
  while (found.size() > bars_max && length_ms / 2 >= window_ms_min) {
    length_ms /= 2;
    const std::int64_t from_ms =
        std::clamp(middle_ms - length_ms / 2, span.from_ms, span.to_ms - length_ms);
    window = {from_ms, from_ms + length_ms};
    found = running_in(window, jobs, placed.starts);
  }
  Gantt gantt;
  gantt.from_s = (window.from_ms - span.from_ms) / 1'000;
  gantt.to_s = (window.to_ms - span.from_ms) / 1'000;
  draw(gantt, widths, found, jobs, placed);
  if (gantt.bars.size() <= bars_max) return gantt;
  std::ranges::sort(gantt.bars, {}, [](const Bar& bar) {
    return std::tuple(-(bar.end_s - bar.start_s) * bar.width, bar.job, bar.from);
  });
  gantt.left_out = gantt.bars.size() - bars_max;
  gantt.bars.resize(bars_max);
  return gantt;
}

}  // namespace fabrica::simulate
