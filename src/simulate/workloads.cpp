#include "simulate/workloads.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/limits.h"
#include "traces/cache.h"

namespace fabrica::simulate {

namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

__extension__ using Wide = __int128;

// Users of different workloads are different people; -1 stays nobody known.
void number_users(std::vector<EvenJob>& jobs, std::int32_t& known) {
  std::unordered_map<std::int32_t, std::int32_t> numbers;
  for (EvenJob& one : jobs) {
    if (one.job.user == -1) continue;
    const auto [place, is_new] = numbers.try_emplace(one.job.user, known);
    known += is_new ? 1 : 0;
    one.job.user = place->second;
  }
}

void leave_out_wider(std::vector<EvenJob>& jobs, std::int32_t widest, OddCounts& odd) {
  auto& counts = odd[static_cast<std::size_t>(traces::Oddity::wider_than_machine)];
  std::erase_if(jobs, [&](const EvenJob& one) {
    if (one.job.width <= widest) return false;
    if (counts.count++ == 0) counts.first_line = one.job.line;
    return true;
  });
}

void sort_by_time(std::vector<EvenJob>& jobs) {
  const auto order = [](const EvenJob& one) {
    return std::tuple(one.even_ms, one.job.queue, one.job.line);
  };
  if (!std::ranges::is_sorted(jobs, {}, order)) std::ranges::sort(jobs, {}, order);
}

// How much faster than they would these jobs come for their work to be the load of the machines.
// Nothing for jobs that all come at once: they have no load.
struct Pace {
  Wide times = 1;
  Wide over = 1;
};

Pace pace_for(const std::vector<EvenJob>& jobs, const JobsWanted& wanted) {
  if (!wanted.load) return {wanted.scale.times, wanted.scale.over};
  Wide work_s = 0;
  for (const EvenJob& one : jobs) work_s += Wide{one.job.run_s} * one.job.width;
  const Wide capacity_s = Wide{jobs.back().even_ms / 1'000} * wanted.all_width * wanted.load->times;
  Pace pace{capacity_s, work_s * wanted.load->over};
  if (pace.times == 0 || pace.over == 0) return {};
  // Products with a time have room then; what is lost is beyond the last place of any double.
  constexpr Wide most = Wide{1} << 80U;
  while (pace.times > most || pace.over > most) {
    pace.times = std::max<Wide>(pace.times >> 1U, 1);
    pace.over >>= 1U;
  }
  return pace;
}

Result<void> place_in_time(std::vector<EvenJob>& jobs, Pace pace) {
  constexpr Wide last_ms = Wide{limits::trace_submit_s_max} * 1'000;
  for (EvenJob& one : jobs) {
    // First with whole multiples, so that nothing overflows.
    const Wide whole = one.even_ms / 1'000;
    const Wide even_ms =
        (whole * pace.over / pace.times) * 1'000 +
        (whole * pace.over % pace.times * 1'000 + one.even_ms % 1'000 * pace.over) / pace.times;
    if (even_ms > last_ms) {
      return refuse(
          refusal::invalid, "scale",
          fmt::format("At this load or scale, jobs come for more than {} s: give a larger "
                      "one.",
                      limits::trace_submit_s_max));
    }
    one.even_ms = static_cast<std::int64_t>(even_ms);
    if (one.cycle != nullptr) one.even_ms = one.cycle->at_ms(one.even_ms);
    one.even_ms -= one.even_ms % 1'000;
  }
  return {};
}

}  // namespace

Result<Workloads> Workloads::load(const Scenario& scenario, const std::filesystem::path& cache) {
  Workloads loaded(scenario);
  for (const ScenarioWorkload& wanted : loaded.wanted_) {
    traces::Trace trace;
    if (const auto* swf = std::get_if<SwfFile>(&wanted.source)) {
      TRY(traces::Loaded read, traces::load(swf->path, cache));
      if (!read.problem.empty()) loaded.problems_.push_back(std::move(read.problem));
      trace = std::move(read.trace);
    } else if (const auto* csv = std::get_if<CsvFile>(&wanted.source)) {
      TRY(trace, traces::read_csv(csv->path, csv->columns));
    }
    loaded.files_.push_back(std::move(trace));
    loaded.cycles_.push_back(
        std::visit(Overloaded{[](const MadeClassic& made) { return cycles_of(made); },
                              [](const MadeLlm& made) { return cycles_of(made); },
                              [](const auto&) { return std::vector<Cycle>(); }},
                   wanted.source));
  }
  return loaded;
}

std::vector<EvenJob> Workloads::even_jobs(std::size_t workload, Random random) const {
  const std::vector<Cycle>& cycles = cycles_[workload];
  const auto of_file = [&](const auto&) {
    std::vector<EvenJob> jobs;
    jobs.reserve(files_[workload].jobs.size());
    for (const traces::Job& job : files_[workload].jobs) {
      jobs.push_back({job, (job.submit_s - files_[workload].jobs.front().submit_s) * 1'000});
    }
    return jobs;
  };
  std::vector<EvenJob> jobs = std::visit(
      Overloaded{[&](const MadeClassic& made) { return made_jobs(made, cycles, random); },
                 [&](const MadeLlm& made) { return made_jobs(made, cycles, random); }, of_file},
      wanted_[workload].source);
  for (EvenJob& one : jobs) one.even_ms = scaled_s(one.even_ms, wanted_[workload].scale);
  return jobs;
}

Result<DrawnJobs> Workloads::draw(const JobsWanted& wanted) const {
  Random random(wanted.seed);
  DrawnJobs drawn;
  std::vector<EvenJob> all;
  const bool several = wanted_.size() > 1;
  std::int32_t users = 0;
  for (std::size_t at = 0; at < wanted_.size(); ++at) {
    std::vector<EvenJob> jobs = even_jobs(at, random.split());
    leave_out_wider(jobs, wanted.widest, drawn.odd.emplace_back(files_[at].odd));
    if (several) {
      number_users(jobs, users);
      for (EvenJob& one : jobs) one.job.queue = static_cast<std::int32_t>(at) + 1;
    }
    all.insert(all.end(), jobs.begin(), jobs.end());
  }
  if (all.empty()) {
    return refuse(refusal::invalid, "site.width",
                  fmt::format("Every job is wider than {}, the widest site: give a wider one.",
                              wanted.widest));
  }
  sort_by_time(all);
  if (all.size() > wanted.first) all.resize(wanted.first);
  TRY_DONE(place_in_time(all, pace_for(all, wanted)));
  sort_by_time(all);
  const bool is_file_alone = !several && cycles_.front().empty();
  drawn.trace.jobs.reserve(all.size());
  for (EvenJob& one : all) {
    one.job.submit_s = one.even_ms / 1'000;
    drawn.trace.jobs.push_back(one.job);
    if (!is_file_alone) drawn.trace.jobs.back().number = std::ssize(drawn.trace.jobs);
  }
  return drawn;
}

}  // namespace fabrica::simulate
