#pragma once

#include <span>
#include <string>

#include "shims/caller.h"

/// Slurm's commands, answered by a Fabrica server: each takes the words behind its name, prints
/// what Slurm's own would, and returns its exit code.
namespace fabrica::shims {

using Arguments = std::span<const std::string>;

Outcome<int> sbatch(Caller& caller, Arguments words);
Outcome<int> squeue(Caller& caller, Arguments words);
Outcome<int> sacct(Caller& caller, Arguments words);
Outcome<int> scancel(Caller& caller, Arguments words);
Outcome<int> sinfo(Caller& caller, Arguments words);
Outcome<int> scontrol(Caller& caller, Arguments words);
Outcome<int> sacctmgr(Caller& caller, Arguments words);

/// Within a job this becomes the next srun in PATH, which is the site's own; elsewhere it refuses.
Outcome<int> srun(Caller& caller, Arguments words);

/// What tools take for the version of Slurm; `version` is Fabrica's.
std::string version_line(std::string_view version);

/// What `sbatch` says of a failure on standard error.
std::string submission_failure_text(const Failure& failure);

/// What the other commands say.
std::string failure_text_of(std::string_view program, const Failure& failure);

/// `scontrol show job` of one row; `one_line` as with -o.
std::string record_of(const JobRow& row, bool one_line);

/// Standard output and error of a command.
void say(std::string_view text);
void complain(std::string_view text);

/// Becomes the next program of this name in PATH that is not this one; returns when there is none.
void become_next(const char* name, Arguments words);

}  // namespace fabrica::shims
