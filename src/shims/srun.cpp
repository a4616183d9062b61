#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "shims/commands.h"

/// srun: steps are started by the site that runs the job.
namespace fabrica::shims {

void become_next(const char* name, Arguments words) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path own = fs::canonical("/proc/self/exe", error);
  std::string path = environment_text("PATH");
  std::vector<std::string> texts{name};
  texts.insert(texts.end(), words.begin(), words.end());
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  while (!path.empty()) {
    const std::size_t end = std::min(path.find(':'), path.size());
    const fs::path candidate = fs::path(path.substr(0, end)) / name;
    path.erase(0, std::min(end + 1, path.size()));
    const fs::path real = fs::canonical(candidate, error);
    if (error || real == own || ::access(real.c_str(), X_OK) != 0) continue;
    ::execv(candidate.c_str(), pointers.data());
  }
}

Outcome<int> srun(Caller&, Arguments words) {
  if (environment_text("SLURM_JOB_ID").empty()) {
    return cli::usage_failure(
        "There is no allocation to run in: Fabrica's jobs are batch jobs, at the site that is best "
        "for them.",
        "Put it into a script and use sbatch, or: sbatch --wrap \"srun COMMAND\".");
  }
  become_next("srun", words);
  return cli::usage_failure("No other srun is in PATH, so this site has none.",
                            "Leave srun out: the batch script itself runs on the first node.");
}

}  // namespace fabrica::shims
