#pragma once

#include <span>
#include <string>

namespace fabrica::shims {

/// Runs the command that `called` (argv[0]) names: sbatch, squeue, sacct, scancel, sinfo, scontrol,
/// sacctmgr or srun. Under any other name the first word is the command, or `install DIR`, which
/// makes links of all their names in a directory. Returns the exit code.
int run_shim(const std::string& called, std::span<const std::string> words,
             const std::string& version);

}  // namespace fabrica::shims
