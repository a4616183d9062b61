#include <fmt/core.h>

#include <chrono>
#include <filesystem>

#include "base/describe.h"
#include "cli/commands.h"
#include "cli/replay_predictions.h"
#include "forecast/fleet.h"
#include "json/write.h"
#include "simulate/machine_words.h"
#include "simulate/odd_lines.h"
#include "simulate/replay.h"
#include "simulate/scheduling.h"
#include "traces/cache.h"

/// One trace on one machine, or on those of several sites: what waiting and use come to.
namespace fabrica::cli {

/// What `fabrica simulate --swf … --json` prints.
struct ReplayAnswer {
  std::string trace;
  std::string scheduler;
  std::string order;
  std::int32_t procs = 0;           // in all
  std::vector<std::int32_t> sites;  // how wide each is, where there are several
  std::uint64_t jobs = 0;
  double wait_mean_s = 0;
  double wide_wait_mean_s = 0;
  double bounded_slowdown_mean = 0;
  double utilisation = 0;
  std::int64_t makespan_s = 0;
  std::uint64_t waiting_max = 0;
  std::uint64_t lost_runs = 0;
  std::int64_t lost_processor_s = 0;
  std::uint64_t events = 0;  // in the log, where the whole product decides
  std::vector<simulate::OddLinesSeen> odd_lines;
  Digest schedule;
  bool from_cache = false;
  double read_s = 0;
  double schedule_s = 0;
  std::vector<PredictionsSeen> predictions;
};
FABRICA_DESCRIBE(ReplayAnswer, trace, scheduler, order, procs, sites, jobs, wait_mean_s,
                 wide_wait_mean_s, bounded_slowdown_mean, utilisation, makespan_s, waiting_max,
                 lost_runs, lost_processor_s, events, odd_lines, schedule, from_cache, read_s,
                 schedule_s, predictions)

namespace {

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

Outcome<void> read_priority(const ReplayWords& words, forecast::Machine& machine) {
  const bool by_priority = machine.scheduler == forecast::Scheduler::priority;
  if (by_priority && words.order != "default")
    return usage_failure("--scheduler priority goes with --order default.");
  if (!by_priority && !(words.weights.empty() && !words.half_life_days && !words.age_days))
    return usage_failure("--weights, --half-life and --age go with --scheduler priority.");
  if (!words.weights.empty()) {
    TRY(machine.rules, simulate::parse_weights(words.weights, machine.rules));
  }
  if (words.half_life_days) machine.rules.half_life = days(*words.half_life_days);
  if (words.age_days) machine.rules.age = days(*words.age_days);
  return {};
}

Outcome<simulate::Machines> rules_of(const ReplayWords& words) {
  simulate::Machines machines;
  machines.widths = words.sites;
  if (!words.sites.empty()) {
    machines.placement = words.placement;
    machines.whole = words.whole;
    forecast::Placement known{};
    if (words.whole || value_of(words.placement, known)) return machines;
    return usage_failure("--placement is late_binding, federation or fullest_first.");
  }
  forecast::Machine& machine = machines.machine;
  if (!value_of(words.scheduler, machine.scheduler)) {
    return usage_failure("--scheduler is easy, sjbf, conservative, fcfs or priority.");
  }
  TRY_DONE(read_priority(words, machine));
  machine.gpus_per_node = words.gpus_per_node;
  if (words.nodes > 0 &&
      (words.scheduler == "conservative" || words.order != "default" || words.predict ||
       !(words.maintenance.empty() && words.failures.empty()))) {
    return usage_failure(
        "--nodes goes with --scheduler easy, sjbf, fcfs or priority, --order default, and neither "
        "with --maintenance and --failure nor with --predict.");
  }
  if (words.order == "textbook") {
    machine.order = forecast::EventOrder::textbook;
  } else if (words.order != "default") {
    return usage_failure("--order is textbook or default.");
  }
  if (words.predict && (words.scheduler != "easy" || words.order != "default")) {
    return usage_failure("--predict goes with --scheduler easy and --order default.");
  }
  TRY(machine.maintenance, simulate::parse_outages(words.maintenance, "maintenance"));
  TRY(machine.failures, simulate::parse_outages(words.failures, "failure"));
  if (words.order != "default" && !(words.maintenance.empty() && words.failures.empty())) {
    return usage_failure("--maintenance and --failure go with --order default.");
  }
  if (words.predict && !words.failures.empty()) {
    return usage_failure("--predict does not go with --failure: nobody can know of it.");
  }
  if (words.depth) machine.depth = *words.depth;
  return machines;
}

Outcome<simulate::ReplayOptions> options_of(const ReplayWords& words) {
  simulate::ReplayOptions options;
  TRY(options.scale, simulate::parse_scale(words.scale));
  if (!words.load.empty()) {
    TRY(options.load, simulate::parse_scale(words.load, "load"));
  }
  options.machine_width = words.nodes > 0 ? words.nodes * words.gpus_per_node : words.procs;
  options.perfect_limits = words.perfect_limits;
  options.sites = words.sites;
  options.first = words.first.value_or(forecast::no_bound);
  return options;
}

std::int64_t lost_processor_s(const simulate::MadeSchedule& made,
                              const simulate::Workload& workload) {
  std::int64_t lost_s = 0;
  for (const forecast::LostRun& run : made.lost)
    lost_s += (run.until - run.from).ms / 1'000 * workload.jobs[run.job].width;
  return lost_s;
}

double per_second(std::uint64_t jobs, double seconds) {
  return seconds > 0 ? static_cast<double>(jobs) / seconds : 0;
}

std::string text_of(const ReplayAnswer& answer) {
  std::string text = fmt::format(
      "{}: {} jobs on {}{}, {}, {} order\n"
      "wait mean              {:.3f} s\n"
      "  of the widest tenth  {:.3f} s\n"
      "bounded slowdown mean  {:.3f}\n"
      "utilisation            {:.4f}\n"
      "makespan               {} s\n"
      "deepest queue          {}\n"
      "schedule               {}\n",
      answer.trace, answer.jobs, answer.procs,
      answer.sites.empty() ? "" : fmt::format(" at {} sites", answer.sites.size()),
      answer.scheduler, answer.order, answer.wait_mean_s, answer.wide_wait_mean_s,
      answer.bounded_slowdown_mean, answer.utilisation, answer.makespan_s, answer.waiting_max,
      to_string(answer.schedule));
  if (answer.lost_runs > 0) {
    text += fmt::format("lost to failures       {} runs, {} processor hours\n", answer.lost_runs,
                        answer.lost_processor_s / 3'600);
  }
  if (answer.events > 0) text += fmt::format("events in the log      {}\n", answer.events);
  for (const simulate::OddLinesSeen& odd : answer.odd_lines) {
    text += fmt::format("odd lines              {} {}, first line {}: {}\n", odd.lines,
                        fmt::format("{}", odd.kind), odd.first_line, odd.handling);
  }
  text += fmt::format(
      "read                   {:.3f} s, {:.0f} jobs/s{}\n"
      "scheduled              {:.3f} s, {:.0f} jobs/s\n",
      answer.read_s, per_second(answer.jobs, answer.read_s),
      answer.from_cache ? ", from the cache" : "", answer.schedule_s,
      per_second(answer.jobs, answer.schedule_s));
  return text + text_of(answer.predictions);
}

}  // namespace

Outcome<int> replay_trace(Session& session, const ReplayWords& words) {
  TRY(simulate::Machines machines, rules_of(words));
  TRY(const simulate::ReplayOptions options, options_of(words));
  const Stopwatch reading;
  TRY(traces::Loaded loaded, traces::load(words.swf, words.trace_cache));
  TRY(const simulate::Workload workload, simulate::workload_of(loaded.trace, options));
  const double read_s = reading.seconds();
  if (!loaded.problem.empty()) session.terminal().note(loaded.problem);
  if (machines.widths.empty()) machines.widths = {workload.machine_width};
  const Stopwatch scheduling;
  TRY(const simulate::MadeSchedule made, simulate::make_schedule(machines, workload.jobs));
  const double schedule_s = scheduling.seconds();
  const simulate::Measures measures = simulate::measure(workload, made.starts);
  if (!words.schedule_out.empty()) {
    TRY_DONE(simulate::write_schedule(words.schedule_out, loaded.trace, workload,
                                      {made.starts, made.sites}, simulate::rules_text(machines)));
  }
  const ReplayAnswer answer{
      std::filesystem::path(words.swf).filename().string(),
      words.sites.empty() ? words.scheduler : words.placement,
      words.sites.empty() ? words.order : "default",
      workload.machine_width,
      words.sites,
      measures.jobs,
      measures.wait_mean_s,
      measures.wide_wait_mean_s,
      measures.bounded_slowdown_mean,
      measures.utilisation,
      measures.makespan_s,
      made.waiting_max,
      made.lost.size(),
      lost_processor_s(made, workload),
      made.events,
      simulate::seen(loaded.trace.odd),
      made.digest,
      loaded.from_cache,
      read_s,
      schedule_s,
      words.predict ? predict_starts(machines.machine, workload) : std::vector<PredictionsSeen>{}};
  if (session.options().json) {
    session.print_json(json::to_json(answer));
  } else {
    session.terminal().print(text_of(answer));
  }
  return exit_code::ok;
}

}  // namespace fabrica::cli
