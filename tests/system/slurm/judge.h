#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "system/slurm/bed.h"

/// Real sbatch as the judge of what a script asks for.
namespace fabrica::test {

/// One submission: a script, or none where the arguments have --wrap.
struct SbatchCase {
  std::uint32_t line = 0;  // of the table it is from
  std::string script = {};
  std::vector<std::string> arguments = {};
  std::vector<std::pair<std::string, std::string>> environment = {};
  std::string expected = {};  // empty: we and sbatch agree; otherwise how we differ, and why
};

/// Reads a table of cases: one a line, four columns separated by tabs, of which later ones may be
/// left out; "#" at the beginning of a line makes it a comment.
///   1. what stands after "#SBATCH " in the script; "\n" begins another line as it is, "\t", "\r"
///      and "\\" are themselves; "-" for no script
///   2. arguments, 3. variables: separated by blanks, "\s" is a blank within one
///   4. "stricter: …" (we refuse what sbatch takes), "looser: …" (sbatch, or a cluster, refuses
///      what we take), "other: …" (both take it and mean different things)
std::vector<SbatchCase> read_sbatch_cases(const std::filesystem::path& table);

/// What sbatch made of a case.
struct Verdict {
  std::uint32_t job = 0;  // zero: refused
  std::string said;
  std::map<std::string, std::string> shown;  // by scontrol's own names: "NumTasks", "TimeLimit"
};

/// Submits all cases as the first user, in order, and looks at the jobs, none of which starts,
/// since the partitions are closed. Before them it submits so many jobs to depend on: 1, 2, ….
std::vector<Verdict> judge(SlurmBed& bed, const std::vector<SbatchCase>& cases,
                           std::uint32_t jobs_before);

}  // namespace fabrica::test
