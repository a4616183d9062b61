#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/time.h"
#include "kernel/decide.h"
#include "kernel/ports.h"
#include "simulate/counts.h"
#include "sites/simulated/virtual_site.h"

namespace fabrica::simulate {

struct Options {
  std::uint64_t seed = 1;
  std::uint64_t steps = 1'000;  // before the faults stop and everybody goes home
  bool faults = true;
  std::optional<Policies> policies = {};  // none: one of the placement rules, by the seed
  // Put between the true log or site and the faults, when given; for tests of the checkers. The
  // wrapped one outlives the wrapper.
  std::function<std::unique_ptr<EventLog>(EventLog&)> wrap_log;
  std::function<std::unique_ptr<sites::simulated::VirtualSite>(sites::simulated::VirtualSite&)>
      wrap_site;
};

struct RunReport {
  std::uint64_t seed = 0;
  std::uint64_t steps = 0;
  std::uint64_t events = 0;
  std::uint64_t jobs = 0;
  Time began;
  Time ended;  // in virtual time
  Digest log_digest;
  Digest state_digest;
  Counts counts;
  std::string failure;  // empty when every checker was satisfied
};
FABRICA_DESCRIBE(RunReport, seed, steps, events, jobs, began, ended, log_digest, state_digest,
                 counts, failure)

/// Runs the product in a virtual world: simulated people ask, simulated sites answer, the ports
/// have faults drawn from the seed, and checkers look on. After `steps` the faults stop, and within
/// a bound of virtual time every job must have ended, nothing be wanted, and no hold stand. The
/// same options give the same digests on every machine. Ends at the first thing that is not as it
/// must be and says so in `failure`. A failed CHECK inside the product ends the process, with the
/// seed on standard error.
RunReport run(const Options& options);

/// The names of `counts` that stayed zero.
std::vector<std::string> never_reached(const Counts& counts);

/// For people: what happened in the run, some lines. A failed run's text ends with the command that
/// reproduces it.
std::string describe(const RunReport& report);

}  // namespace fabrica::simulate
