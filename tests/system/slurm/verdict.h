#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/describe.h"
#include "base/time.h"

/// What became of one job of the proof, by our log and by what its runs wrote themselves.
namespace fabrica::test {

/// One run of a job's script: it wrote this when it began, and again when it ended.
struct Run {
  std::uint32_t attempt = 0;  // ours, from its tag
  std::uint32_t id = 0;       // Slurm's
  Time began;
  std::optional<Time> ended;
};

struct JobSeen {
  std::uint64_t job = 0;
  std::string site;
  std::string outcome;    // of our log; empty: none yet
  std::string text;       // beside the outcome
  std::vector<Run> runs;  // in the order in which they wrote
};

enum class Verdict : std::uint8_t {
  well,             // ran once, and is known to have completed
  run_again,        // Slurm ran one submission more than once
  forgotten,        // began just before slurmctld was killed, which forgot it: we ran it again
  end_forgotten,    // ended just before slurmctld was killed, which has it running to its limit
  ended_as_lost,    // Slurm forgot it while it ran, or gave it up with its node: told as lost
  stuck,            // not ended
  lost,             // ended as completed and did not run, or otherwise without a reason of Slurm
  run_twice_by_us,  // two submissions ran, and no crash of slurmctld is the reason
};
FABRICA_DESCRIBE_ENUM(Verdict, well, run_again, forgotten, end_forgotten, ended_as_lost, stuck,
                      lost, run_twice_by_us)

/// True for what the proof shows not to happen. The others but `well` are Slurm's, and named.
inline bool is_failure(Verdict verdict) { return verdict >= Verdict::stuck; }

/// How long before it is killed a slurmctld may have begun or ended a job that it then knows
/// nothing of. It saves its state every two seconds or so.
constexpr Duration unsaved_max = seconds(5);

/// The worst that holds. `crashes`: when the slurmctld of the job's site was killed.
Verdict verdict_of(const JobSeen& job, const std::vector<Time>& crashes);

/// The runs in a file that scripts of the proof wrote: lines "begin <attempt> <id> <seconds>" and
/// "end <attempt> <id> <seconds>".
std::vector<Run> read_runs(const std::string& text);

/// For people: outcome, runs, and how they lie to the crashes.
std::string describe(const JobSeen& job, const std::vector<Time>& crashes);

}  // namespace fabrica::test
