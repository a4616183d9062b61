#include <fmt/core.h>

#include "cli/commands.h"
#include "json/write.h"
#include "simulate/run.h"

/// Seeded runs of the whole product in a virtual world.
namespace fabrica::cli {

namespace {

std::string reproduce_command(const simulate::RunReport& report, const SimulateOptions& options) {
  std::string text = fmt::format("fabrica simulate --seed {}", report.seed);
  if (options.steps != 0) text += fmt::format(" --steps {}", options.steps);
  return text;
}

simulate::RunReport run_seed(std::uint64_t seed, const SimulateOptions& options) {
  simulate::Options wanted;
  wanted.seed = seed;
  if (options.steps != 0) wanted.steps = options.steps;
  return simulate::run(wanted);
}

}  // namespace

Outcome<int> run_simulation(Session& session, const SimulateOptions& options) {
  if (options.seeds == 0) return usage_failure("--seeds is at least 1.");
  std::uint64_t events = 0;
  std::uint64_t jobs = 0;
  std::string failed;
  std::string told;
  {
    Progress progress(session.terminal(), "simulating");
    for (std::uint64_t done = 0; done < options.seeds; ++done) {
      progress.show(done, options.seeds);
      const simulate::RunReport report = run_seed(options.seed + done, options);
      events += report.events;
      jobs += report.jobs;
      if (session.options().json) {
        session.print_json(json::to_json(report));
      } else if (options.seeds == 1 || !report.failure.empty()) {
        told += simulate::describe(report);
      }
      if (!report.failure.empty()) failed += "\n  " + reproduce_command(report, options);
    }
  }
  session.terminal().print(told);
  if (!failed.empty()) {
    Failure failure(exit_code::failed, "Not every checker was satisfied. Reproduce with:" + failed);
    return std::unexpected(std::move(failure));
  }
  if (!session.options().json && options.seeds > 1) {
    session.terminal().print(
        fmt::format("seeds {} to {}: {} events, {} jobs, all checkers satisfied\n", options.seed,
                    options.seed + options.seeds - 1, events, jobs));
  }
  return exit_code::ok;
}

}  // namespace fabrica::cli
