#include <fmt/core.h>

#include <chrono>
#include <filesystem>

#include "base/describe.h"
#include "cli/commands.h"
#include "forecast/schedule.h"
#include "json/write.h"
#include "simulate/replay.h"
#include "traces/cache.h"

/// One machine, one trace, one scheduler: what waiting and use come to.
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
  std::int32_t procs = 0;
  std::uint64_t jobs = 0;
  double wait_mean_s = 0;
  double bounded_slowdown_mean = 0;
  double utilisation = 0;
  std::int64_t makespan_s = 0;
  std::uint64_t waiting_max = 0;
  std::vector<OddLinesSeen> odd_lines;
  Digest schedule;
  bool from_cache = false;
  double read_s = 0;
  double schedule_s = 0;
};
FABRICA_DESCRIBE(ReplayAnswer, trace, scheduler, order, procs, jobs, wait_mean_s,
                 bounded_slowdown_mean, utilisation, makespan_s, waiting_max, odd_lines, schedule,
                 from_cache, read_s, schedule_s)

namespace {

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

Outcome<forecast::Machine> machine_of(const ReplayWords& words) {
  forecast::Machine machine;
  if (!value_of(words.scheduler, machine.scheduler)) {
    return usage_failure("--scheduler is easy, sjbf, conservative or fcfs.");
  }
  if (words.order == "textbook") {
    machine.order = forecast::EventOrder::textbook;
  } else if (words.order != "default") {
    return usage_failure("--order is textbook or default.");
  }
  if (words.depth) machine.depth = *words.depth;
  return machine;
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
      "{}: {} jobs on {}, {}, {} order\n"
      "wait mean              {:.3f} s\n"
      "bounded slowdown mean  {:.3f}\n"
      "utilisation            {:.4f}\n"
      "makespan               {} s\n"
      "deepest queue          {}\n"
      "schedule               {}\n",
      answer.trace, answer.jobs, answer.procs, answer.scheduler, answer.order, answer.wait_mean_s,
      answer.bounded_slowdown_mean, answer.utilisation, answer.makespan_s, answer.waiting_max,
      to_string(answer.schedule));
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
  return text;
}

}  // namespace

Outcome<int> replay_trace(Session& session, const ReplayWords& words) {
  TRY(forecast::Machine machine, machine_of(words));
  TRY(const simulate::Scale scale, simulate::parse_scale(words.scale));
  const Stopwatch reading;
  TRY(traces::Loaded loaded, traces::load(words.swf, words.trace_cache));
  TRY(const simulate::Workload workload,
      simulate::workload_of(loaded.trace, {words.procs, scale, words.perfect_limits}));
  const double read_s = reading.seconds();
  if (!loaded.problem.empty()) session.terminal().note(loaded.problem);
  machine.width = workload.machine_width;
  const Stopwatch scheduling;
  const forecast::Schedule schedule = forecast::schedule(machine, workload.jobs);
  const double schedule_s = scheduling.seconds();
  const simulate::Measures measures = simulate::measure(workload, schedule.starts);
  if (!words.schedule_out.empty()) {
    TRY_DONE(simulate::write_schedule(words.schedule_out, loaded.trace, workload, schedule.starts,
                                      words.scheduler + ", " + words.order + " order"));
  }
  const ReplayAnswer answer{std::filesystem::path(words.swf).filename().string(),
                            words.scheduler,
                            words.order,
                            machine.width,
                            measures.jobs,
                            measures.wait_mean_s,
                            measures.bounded_slowdown_mean,
                            measures.utilisation,
                            measures.makespan_s,
                            schedule.waiting_max,
                            odd_lines_of(loaded.trace),
                            forecast::digest_of(schedule),
                            loaded.from_cache,
                            read_s,
                            schedule_s};
  if (session.options().json) {
    session.print_json(json::to_json(answer));
  } else {
    session.terminal().print(text_of(answer));
  }
  return exit_code::ok;
}

}  // namespace fabrica::cli
