#include "system/slurm/verdict.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <ranges>
#include <sstream>

namespace fabrica::test {

namespace {

bool same_submission(const Run& a, const Run& b) { return a.attempt == b.attempt && a.id == b.id; }

bool is_near(Time time, const std::vector<Time>& crashes) {
  return std::ranges::any_of(crashes, [&](Time crash) {
    return time <= crash + unsaved_max && crash <= time + unsaved_max;
  });
}

bool began_unsaved(const Run& run, const std::vector<Time>& crashes) {
  return is_near(run.began, crashes);
}

bool ended_unsaved(const Run& run, const std::vector<Time>& crashes) {
  return run.ended && is_near(*run.ended, crashes);
}

// Two copies of one attempt, or an earlier attempt that Slurm had no reason to forget.
bool twice_by_us(const JobSeen& job, const std::vector<Time>& crashes) {
  for (const Run& run : job.runs) {
    for (const Run& other : job.runs) {
      if (run.attempt == other.attempt && run.id != other.id) return true;
      if (run.attempt < other.attempt && !began_unsaved(run, crashes)) return true;
    }
  }
  return false;
}

// Of a job that ended otherwise than its script does.
Verdict verdict_of_other_end(const JobSeen& job, const std::vector<Time>& crashes) {
  const auto any = [&](auto is) {
    return std::ranges::any_of(job.runs, [&](const Run& run) { return is(run, crashes); });
  };
  if (job.outcome == "timeout" && any(ended_unsaved)) return Verdict::end_forgotten;
  const bool given_up = job.text.contains("NodeFail") || job.text.contains("NodeDown");
  if (job.outcome == "lost" && (given_up || any(began_unsaved) || any(ended_unsaved)))
    return Verdict::ended_as_lost;
  return Verdict::lost;
}

}  // namespace

Verdict verdict_of(const JobSeen& job, const std::vector<Time>& crashes) {
  if (twice_by_us(job, crashes)) return Verdict::run_twice_by_us;
  if (job.outcome.empty() || job.outcome == "none") return Verdict::stuck;
  if (job.outcome != "completed") return verdict_of_other_end(job, crashes);
  const auto ended = [](const Run& run) { return run.ended.has_value(); };
  if (std::ranges::none_of(job.runs, ended)) return Verdict::lost;
  const Run& first = job.runs.front();
  const auto is_same = [&](const Run& run) { return same_submission(run, first); };
  if (!std::ranges::all_of(job.runs, is_same)) return Verdict::forgotten;
  return job.runs.size() == 1 ? Verdict::well : Verdict::run_again;
}

std::vector<Run> read_runs(const std::string& text) {
  std::vector<Run> runs;
  std::istringstream in(text);
  std::string word;
  Run run;
  for (double seconds = 0; in >> word >> run.attempt >> run.id >> seconds;) {
    const Time at{std::llround(seconds * 1'000)};
    run.began = at;
    if (word == "begin") runs.push_back(run);
    // Two runs of one submission may overlap; which of them ended does not matter.
    const auto mine = std::ranges::find_if(
        runs, [&](const Run& one) { return same_submission(one, run) && !one.ended.has_value(); });
    if (word == "end" && mine != runs.end()) mine->ended = at;
  }
  return runs;
}

std::string describe(const JobSeen& job, const std::vector<Time>& crashes) {
  std::string text = fmt::format("job {} at {}, outcome {} {}", job.job, job.site,
                                 job.outcome.empty() ? "none" : job.outcome, job.text);
  for (const Run& run : job.runs) {
    text += fmt::format("; attempt {} ran as {}{}", run.attempt, run.id,
                        run.ended ? "" : " and did not end");
    for (const Time crash : crashes) {
      const double apart = static_cast<double>(crash.ms - run.began.ms) / 1'000;
      if (std::abs(apart) < 30)
        text += fmt::format(", {:.1f} s {} its slurmctld was killed", std::abs(apart),
                            apart < 0 ? "after" : "before");
    }
  }
  return text;
}

}  // namespace fabrica::test
