#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <thread>

#include "cli/commands.h"
#include "json/write.h"
#include "simulate/compare.h"
#include "simulate/report.h"
#include "simulate/result_file.h"
#include "simulate/scenario_file.h"
#include "simulate/sweep.h"

/// Scenarios: what waiting and use come to on machines and with jobs that a file describes.
namespace fabrica::cli {

namespace {

using simulate::ScenarioRun;

struct Prepared {
  simulate::Scenario scenario;
  simulate::Workloads workloads;
  std::vector<simulate::PlannedRun> runs;
};

Outcome<Prepared> prepare(Session& session, const ScenarioWords& words, const std::string& file) {
  TRY(simulate::Scenario scenario, simulate::read_scenario(file));
  if (words.seeds) scenario.seeds = *words.seeds;
  TRY(std::vector<simulate::PlannedRun> runs, simulate::runs_of(scenario, words.seed));
  TRY(simulate::Workloads workloads, simulate::Workloads::load(scenario, words.trace_cache));
  for (const std::string& problem : workloads.problems()) session.terminal().note(problem);
  return Prepared{std::move(scenario), std::move(workloads), std::move(runs)};
}

std::size_t threads_of(const ScenarioWords& words) {
  return words.jobs != 0 ? words.jobs : std::max(1U, std::thread::hardware_concurrency());
}

Outcome<std::vector<ScenarioRun>> sweep_with(Session& session, const ScenarioWords& words,
                                             const Prepared& prepared) {
  Progress progress(session.terminal(), "simulating");
  TRY(auto results,
      simulate::sweep(prepared.scenario, prepared.workloads, prepared.runs, threads_of(words),
                      [&](std::uint64_t done, std::uint64_t all) { progress.show(done, all); }));
  return results;
}

std::string number(double value, int places = 0) { return fmt::format("{:.{}f}", value, places); }

std::string heading(const simulate::Scenario& scenario, const std::vector<ScenarioRun>& runs) {
  std::int64_t width = 0;
  for (const simulate::ScenarioSite& site : scenario.sites) width += site.width;
  std::string text =
      fmt::format("{}: {} jobs on {}", scenario.name, runs.front().measures.jobs, width);
  if (scenario.sites.size() > 1) text += fmt::format(" at {} sites", scenario.sites.size());
  if (scenario.scheduler.size() * scenario.placement.size() == 1) text += ", " + runs.front().rules;
  return text + "\n";
}

Table table_of(const std::vector<ScenarioRun>& runs) {
  constexpr auto right = Table::Side::right;
  Table table({{"SETTING"},
               {"SEED", right},
               {"WAIT MEAN", right},
               {"MEDIAN", right},
               {"P90", right},
               {"P99", right},
               {"WIDEST TENTH", right},
               {"SLOWDOWN", right},
               {"USE", right},
               {"FAIRNESS", right},
               {"MAKESPAN", right},
               {"HOURS", right}});
  for (const ScenarioRun& run : runs) {
    const simulate::Measures& of = run.measures;
    table.add({run.setting, std::to_string(run.seed), number(of.wait_mean_s) + " s",
               number(of.wait_median_s) + " s", number(of.wait_p90_s) + " s",
               number(of.wait_p99_s) + " s", number(of.wide_wait_mean_s) + " s",
               number(of.bounded_slowdown_mean, 2), number(100 * of.utilisation, 1) + " %",
               number(of.user_fairness, 3), std::to_string(of.makespan_s) + " s",
               number(of.hours)});
  }
  return table;
}

Table table_of_sizes(const ScenarioRun& run) {
  constexpr auto right = Table::Side::right;
  Table table({{"WIDTH", right},
               {"JOBS", right},
               {"WAIT MEAN", right},
               {"P90", right},
               {"SLOWDOWN", right},
               {"HOURS", right}});
  for (const simulate::SizeClass& sizes : run.measures.sizes) {
    table.add({sizes.width_from == sizes.width_to
                   ? std::to_string(sizes.width_from)
                   : fmt::format("{}-{}", sizes.width_from, sizes.width_to),
               std::to_string(sizes.jobs), number(sizes.wait_mean_s) + " s",
               number(sizes.wait_p90_s) + " s", number(sizes.bounded_slowdown_mean, 2),
               number(sizes.hours)});
  }
  return table;
}

Table table_of_sites(const ScenarioRun& run) {
  constexpr auto right = Table::Side::right;
  Table table({{"SITE"}, {"WIDTH", right}, {"USE", right}});
  for (const simulate::SiteSeen& site : run.sites) {
    table.add({site.name, std::to_string(site.width), number(100 * site.utilisation, 1) + " %"});
  }
  return table;
}

std::string odd_lines_text(const ScenarioRun& run) {
  std::string text;
  for (const simulate::WorkloadSeen& workload : run.workloads) {
    for (const simulate::OddLinesSeen& odd : workload.odd_lines) {
      text += fmt::format("{}: {} {}, first line {}: {}\n", workload.name, odd.lines, odd.kind,
                          odd.first_line, odd.handling);
    }
  }
  return text;
}

void print_runs(Session& session, const simulate::Scenario& scenario,
                const std::vector<ScenarioRun>& runs) {
  const Terminal& terminal = session.terminal();
  const auto text = [&](const Table& table) {
    return table.text(terminal.colour_out, terminal.columns);
  };
  std::string told = heading(scenario, runs) + text(table_of(runs));
  if (runs.size() == 1) {
    told += "\n" + text(table_of_sizes(runs.front()));
    if (scenario.sites.size() > 1) told += "\n" + text(table_of_sites(runs.front()));
    if (runs.front().lost_runs > 0) {
      told += fmt::format("\nlost to failures: {} runs, {:.0f} hours\n", runs.front().lost_runs,
                          runs.front().lost_hours);
    }
    told += fmt::format("\ndeepest queue {}, schedule {}\n", runs.front().waiting_max,
                        to_string(runs.front().schedule));
  }
  terminal.print(told + odd_lines_text(runs.front()));
}

Outcome<void> write_files(const ScenarioWords& words, const Prepared& prepared,
                          const std::vector<ScenarioRun>& results) {
  if (words.schedule_out.empty() && words.report.empty()) return {};
  const simulate::PlannedRun& planned = prepared.runs.front();
  TRY(const simulate::DetailedRun detailed,
      simulate::run(prepared.scenario, prepared.workloads, planned));
  if (!words.schedule_out.empty()) {
    TRY_DONE(simulate::write_schedule(words.schedule_out, detailed.trace, detailed.workload,
                                      {detailed.made.starts, detailed.made.sites},
                                      simulate::rules_text(planned.machines)));
  }
  if (!words.report.empty()) {
    TRY_DONE(
        simulate::write_text(words.report, "report",
                             simulate::report_of(prepared.scenario, results, planned, detailed)));
  }
  return {};
}

// The runs of one side of a comparison: a scenario is run, anything else was run before.
Outcome<std::vector<ScenarioRun>> side_of(Session& session, const ScenarioWords& words,
                                          const std::string& file) {
  if (std::filesystem::path(file).extension() == ".toml") {
    TRY(const Prepared prepared, prepare(session, words, file));
    return sweep_with(session, words, prepared);
  }
  TRY(auto runs, simulate::read_results(file));
  return runs;
}

std::string told(const simulate::Difference& difference) {
  switch (difference.verdict) {
    case simulate::Verdict::equal:
      return "equal";
    case simulate::Verdict::lower:
      return "B is lower";
    case simulate::Verdict::higher:
      return "B is higher";
    case simulate::Verdict::not_told:
      return "cannot be told from chance";
    case simulate::Verdict::one_pair:
      return "one pair: nothing is known of chance";
  }
  return "?";
}

std::string relative(const simulate::Difference& difference) {
  if (difference.a == 0) return "";
  return fmt::format("{:+.1f} %", 100 * difference.difference / difference.a);
}

}  // namespace

Outcome<int> run_scenario(Session& session, const ScenarioWords& words) {
  TRY(const Prepared prepared, prepare(session, words, words.file));
  if (!words.schedule_out.empty() && prepared.runs.size() > 1) {
    return usage_failure(
        fmt::format("--schedule-out writes one schedule, and these are {} runs: "
                    "use --seeds 1 and a scenario without lists.",
                    prepared.runs.size()));
  }
  TRY(const auto runs, sweep_with(session, words, prepared));
  TRY_DONE(write_files(words, prepared, runs));
  if (session.options().json) {
    for (const ScenarioRun& run : runs) session.print_json(json::to_json(run));
  } else {
    print_runs(session, prepared.scenario, runs);
  }
  return exit_code::ok;
}

Outcome<int> simulate_words(Session& session, const SimulateWords& words) {
  if (!words.scenario.file.empty()) {
    ScenarioWords scenario = words.scenario;
    scenario.seed = words.seed;
    scenario.seeds = words.seeds;
    scenario.schedule_out = words.schedule_out;
    scenario.trace_cache = words.trace_cache;
    return run_scenario(session, scenario);
  }
  if (!words.replay.swf.empty()) {
    ReplayWords replay = words.replay;
    replay.schedule_out = words.schedule_out;
    replay.trace_cache = words.trace_cache;
    return replay_trace(session, replay);
  }
  if (!words.schedule_out.empty() || !words.trace_cache.empty()) {
    return usage_failure("--schedule-out and --trace-cache go with a scenario or with --swf.");
  }
  return run_simulation(session, {words.seed, words.seeds.value_or(1), words.steps});
}

Outcome<int> compare_scenarios(Session& session, const CompareWords& words) {
  TRY(const auto a, side_of(session, words.run, words.a));
  TRY(const auto b, side_of(session, words.run, words.b));
  TRY(const simulate::Comparison made, simulate::compare(a, b));
  if (session.options().json) {
    for (const auto& difference : made.differences) {
      session.print_json(json::to_json(difference));
    }
    return exit_code::ok;
  }
  constexpr auto right = Table::Side::right;
  Table table({{"SETTING"},
               {"MEASURE"},
               {"PAIRS", right},
               {"A", right},
               {"B", right},
               {"B - A", right},
               {"95 % INTERVAL", right},
               {"OF A", right},
               {"WHAT IS KNOWN"}});
  for (const simulate::Difference& one : made.differences) {
    const bool has_interval = one.from != one.to;
    table.add({one.setting, one.measure, std::to_string(one.pairs), number(one.a, 3),
               number(one.b, 3), fmt::format("{:+.3f}", one.difference),
               has_interval ? fmt::format("{:+.3f} to {:+.3f}", one.from, one.to) : "",
               relative(one), told(one)});
  }
  session.print(table, "");
  if (made.unpaired != 0) {
    session.terminal().note(fmt::format(
        "{} runs are left out: the other side has not their setting and seed.", made.unpaired));
  }
  return exit_code::ok;
}

}  // namespace fabrica::cli
