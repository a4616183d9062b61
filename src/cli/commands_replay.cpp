#include <fmt/core.h>

#include <chrono>
#include <filesystem>

#include "base/describe.h"
#include "cli/commands.h"
#include "cli/replay_predictions.h"
#include "forecast/fleet.h"
#include "forecast/schedule.h"
#include "json/write.h"
#include "simulate/replay.h"
#include "simulate/whole.h"
#include "traces/cache.h"

/// One trace on one machine, or on those of several sites: what waiting and use come to.
namespace fabrica::cli {

struct OddLinesSeen {
  std::string kind;
  std::uint64_t lines = 0;
  std::uint64_t first_line = 0;
  std::string handling;
};
FABRICA_DESCRIBE(OddLinesSeen, kind, lines, first_line, handling)

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
  std::uint64_t events = 0;  // in the log, where the whole product decides
  std::vector<OddLinesSeen> odd_lines;
  Digest schedule;
  bool from_cache = false;
  double read_s = 0;
  double schedule_s = 0;
  std::vector<PredictionsSeen> predictions;
};
FABRICA_DESCRIBE(ReplayAnswer, trace, scheduler, order, procs, sites, jobs, wait_mean_s,
                 wide_wait_mean_s, bounded_slowdown_mean, utilisation, makespan_s, waiting_max,
                 events, odd_lines, schedule, from_cache, read_s, schedule_s, predictions)

namespace {

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

/// By which the jobs are scheduled: a machine's, or a fleet's where it has widths.
struct Rules {
  forecast::Machine machine;
  forecast::Fleet fleet;
  std::string whole;  // the server's rule, where the whole product decides
  std::string text;
};

struct Made {
  std::vector<Time> starts;
  std::vector<std::uint32_t> sites;
  std::size_t waiting_max = 0;
  Digest digest;
  std::uint64_t events = 0;  // in the log of the whole product
};

Outcome<Rules> rules_of_fleet(const ReplayWords& words) {
  Rules rules;
  rules.fleet.widths = words.sites;
  rules.text = words.placement;
  if (words.whole) {
    rules.whole = words.placement;
    rules.text += ", the whole product";
    return rules;
  }
  if (!value_of(words.placement, rules.fleet.placement)) {
    return usage_failure("--placement is late_binding, federation or fullest_first.");
  }
  return rules;
}

Outcome<Rules> rules_of(const ReplayWords& words) {
  if (!words.sites.empty()) return rules_of_fleet(words);
  Rules rules;
  forecast::Machine& machine = rules.machine;
  if (!value_of(words.scheduler, machine.scheduler)) {
    return usage_failure("--scheduler is easy, sjbf, conservative or fcfs.");
  }
  if (words.order == "textbook") {
    machine.order = forecast::EventOrder::textbook;
  } else if (words.order != "default") {
    return usage_failure("--order is textbook or default.");
  }
  if (words.predict && (words.scheduler != "easy" || words.order != "default")) {
    return usage_failure("--predict goes with --scheduler easy and --order default.");
  }
  if (words.depth) machine.depth = *words.depth;
  rules.text = words.scheduler + ", " + words.order + " order";
  return rules;
}

Outcome<simulate::ReplayOptions> options_of(const ReplayWords& words) {
  simulate::ReplayOptions options;
  TRY(options.scale, simulate::parse_scale(words.scale));
  if (!words.load.empty()) {
    TRY(options.load, simulate::parse_scale(words.load, "load"));
  }
  options.machine_width = words.procs;
  options.perfect_limits = words.perfect_limits;
  options.sites = words.sites;
  options.first = words.first.value_or(forecast::no_bound);
  return options;
}

Outcome<Made> make_schedule(const Rules& rules, const simulate::Workload& workload) {
  if (!rules.whole.empty()) {
    TRY(simulate::WholeRun run,
        simulate::run_whole({rules.fleet.widths, rules.whole}, workload.jobs));
    const Digest digest = forecast::digest_of(run.schedule);
    return Made{std::move(run.schedule.starts), std::move(run.schedule.sites),
                run.schedule.waiting_max, digest, run.events};
  }
  if (!rules.fleet.widths.empty()) {
    forecast::FleetSchedule made = forecast::schedule(rules.fleet, workload.jobs);
    const Digest digest = forecast::digest_of(made);
    return Made{std::move(made.starts), std::move(made.sites), made.waiting_max, digest};
  }
  forecast::Machine machine = rules.machine;
  machine.width = workload.machine_width;
  forecast::Schedule made = forecast::schedule(machine, workload.jobs);
  const Digest digest = forecast::digest_of(made);
  return Made{std::move(made.starts), {}, made.waiting_max, digest};
}

std::vector<OddLinesSeen> odd_lines_of(const traces::Trace& trace) {
  std::vector<OddLinesSeen> seen;
  for (std::size_t at = 0; at < traces::oddities; ++at) {
    const auto oddity = static_cast<traces::Oddity>(at);
    if (trace.odd[at].count == 0) continue;
    seen.push_back({std::string(name_of(oddity)), trace.odd[at].count, trace.odd[at].first_line,
                    std::string(traces::handling(oddity))});
  }
  return seen;
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
  if (answer.events > 0) text += fmt::format("events in the log      {}\n", answer.events);
  for (const OddLinesSeen& odd : answer.odd_lines) {
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
  TRY(const Rules rules, rules_of(words));
  TRY(const simulate::ReplayOptions options, options_of(words));
  const Stopwatch reading;
  TRY(traces::Loaded loaded, traces::load(words.swf, words.trace_cache));
  TRY(const simulate::Workload workload, simulate::workload_of(loaded.trace, options));
  const double read_s = reading.seconds();
  if (!loaded.problem.empty()) session.terminal().note(loaded.problem);
  const Stopwatch scheduling;
  TRY(const Made made, make_schedule(rules, workload));
  const double schedule_s = scheduling.seconds();
  const simulate::Measures measures = simulate::measure(workload, made.starts);
  if (!words.schedule_out.empty()) {
    TRY_DONE(simulate::write_schedule(words.schedule_out, loaded.trace, workload,
                                      {made.starts, made.sites}, rules.text));
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
      made.events,
      odd_lines_of(loaded.trace),
      made.digest,
      loaded.from_cache,
      read_s,
      schedule_s,
      words.predict ? predict_starts(workload) : std::vector<PredictionsSeen>{}};
  if (session.options().json) {
    session.print_json(json::to_json(answer));
  } else {
    session.terminal().print(text_of(answer));
  }
  return exit_code::ok;
}

}  // namespace fabrica::cli
