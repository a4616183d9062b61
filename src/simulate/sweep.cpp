#include "simulate/sweep.h"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "base/limits.h"

namespace fabrica::simulate {

namespace {

std::string to_text(Scale scale) {
  std::string text =
      fmt::format("{:.6f}", static_cast<double>(scale.times) / static_cast<double>(scale.over));
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

void join(std::string& text, std::string_view word) {
  if (!text.empty()) text += ", ";
  text += word;
}

// What of a sweep this is: only what there are several of.
std::string setting_of(const Scenario& scenario, const PlannedRun& run) {
  std::string text;
  if (scenario.load.size() > 1) join(text, "load " + to_text(*run.load));
  if (scenario.scheduler.size() > 1) join(text, name_of(run.machines.machine.scheduler));
  if (scenario.placement.size() > 1) join(text, run.machines.placement);
  return text;
}

std::vector<PlannedRun> settings_of(const Scenario& scenario) {
  std::vector<std::optional<Scale>> loads(scenario.load.begin(), scenario.load.end());
  if (loads.empty()) loads.emplace_back();
  PlannedRun one;
  for (const ScenarioSite& site : scenario.sites) one.machines.widths.push_back(site.width);
  one.machines.machine.order = scenario.order;
  one.machines.machine.depth = scenario.depth;
  one.machines.whole = scenario.whole;
  one.machines.machine.maintenance = scenario.maintenance;
  one.machines.machine.failures = scenario.failures;
  std::vector<PlannedRun> settings;
  for (const std::optional<Scale>& load : loads) {
    for (const forecast::Scheduler scheduler : scenario.scheduler) {
      for (const std::string& placement : scenario.placement) {
        one.load = load;
        one.machines.machine.scheduler = scheduler;
        if (scenario.sites.size() > 1) one.machines.placement = placement;
        one.setting = setting_of(scenario, one);
        settings.push_back(one);
      }
    }
  }
  return settings;
}

ScenarioRun result_of(const Scenario& scenario, const PlannedRun& planned,
                      const DetailedRun& detailed, const std::vector<OddCounts>& odd) {
  ScenarioRun result;
  result.scenario = scenario.name;
  result.setting = planned.setting;
  result.seed = planned.seed;
  result.rules = rules_text(planned.machines);
  result.measures = measure(planned.machines.widths, detailed.workload.jobs,
                            {detailed.made.starts, detailed.made.sites});
  for (std::size_t at = 0; at < scenario.sites.size(); ++at) {
    const ScenarioSite& site = scenario.sites[at];
    result.sites.push_back({site.name, site.width, result.measures.site_utilisation[at]});
  }
  for (std::size_t at = 0; at < scenario.workloads.size(); ++at) {
    result.workloads.push_back({scenario.workloads[at].name, seen(odd[at])});
  }
  result.waiting_max = detailed.made.waiting_max;
  result.lost_runs = detailed.made.lost.size();
  for (const forecast::LostRun& lost : detailed.made.lost) {
    result.lost_hours += static_cast<double>((lost.until - lost.from).ms) *
                         detailed.workload.jobs[lost.job].width / 3'600'000;
  }
  result.schedule = detailed.made.digest;
  return result;
}

}  // namespace

Result<std::vector<PlannedRun>> runs_of(const Scenario& scenario, std::uint64_t first_seed) {
  const std::vector<PlannedRun> settings = settings_of(scenario);
  if (scenario.seeds > limits::scenario_runs_max / settings.size()) {
    return refuse(refusal::invalid, "seeds",
                  fmt::format("{} seeds of {} settings are too many runs: make at most {}.",
                              scenario.seeds, settings.size(), limits::scenario_runs_max));
  }
  std::vector<PlannedRun> runs;
  for (const PlannedRun& setting : settings) {
    for (std::uint64_t seed = 0; seed < scenario.seeds; ++seed) {
      runs.push_back(setting);
      runs.back().seed = first_seed + seed;
    }
  }
  return runs;
}

Result<DetailedRun> run(const Scenario& scenario, const Workloads& workloads,
                        const PlannedRun& planned) {
  ReplayOptions options;
  options.sites = planned.machines.widths;
  options.perfect_limits = scenario.perfect_limits;
  JobsWanted wanted{planned.seed,  std::ranges::max(options.sites), 0, scenario.scale, planned.load,
                    scenario.first};
  for (const std::int32_t width : options.sites) wanted.all_width += width;
  TRY(DrawnJobs drawn, workloads.draw(wanted));
  DetailedRun detailed;
  TRY(detailed.workload, workload_of(drawn.trace, options));
  detailed.trace = std::move(drawn.trace);
  TRY(detailed.made, make_schedule(planned.machines, detailed.workload.jobs));
  detailed.result = result_of(scenario, planned, detailed, drawn.odd);
  return detailed;
}

Result<std::vector<ScenarioRun>> sweep(const Scenario& scenario, const Workloads& workloads,
                                       const std::vector<PlannedRun>& runs, std::size_t threads,
                                       const OnProgress& on_progress) {
  std::vector<Result<ScenarioRun>> results(runs.size());
  std::atomic<std::size_t> next = 0;
  std::mutex told;
  std::uint64_t done = 0;
  const auto work = [&] {
    for (std::size_t at = next++; at < runs.size(); at = next++) {
      Result<DetailedRun> detailed = run(scenario, workloads, runs[at]);
      if (detailed) {
        results[at] = std::move(detailed->result);
      } else {
        results[at] = std::unexpected(std::move(detailed).error());
      }
      const std::scoped_lock lock(told);
      on_progress(++done, runs.size());
    }
  };
  {
    std::vector<std::jthread> others;
    while (others.size() + 1 < std::min(threads, runs.size())) others.emplace_back(work);
    work();
  }
  std::vector<ScenarioRun> all;
  for (Result<ScenarioRun>& result : results) {
    TRY(ScenarioRun one, std::move(result));
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace fabrica::simulate
