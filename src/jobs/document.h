#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/describe.h"
#include "base/time.h"

namespace fabrica::jobs {

/// What only the site needs of a submission, beside the script: kept outside the log as JSON, by
/// its hash (JobRequest::document). Texts are as the script gives them, patterns not expanded.
struct JobDocument {
  std::vector<std::string> arguments;    // of the script: $1, $2, ...
  std::vector<std::string> environment;  // "NAME=value", what --export names
  std::string working_directory;         // absolute; where the job was submitted from, or --chdir
  std::string output;                    // pattern; empty: slurm-%j.out, or slurm-%A_%a.out
  std::string error;                     // pattern; empty: the same file as output
  std::string input;                     // empty: /dev/null
  bool append = false;                   // --open-mode=append
  std::vector<std::uint32_t>
      array;  // task numbers, as in the request; the request is forgotten sooner
  std::uint32_t tasks = 1;
  std::uint32_t tasks_per_node = 0;  // zero: not stated
  std::uint32_t cpus_per_task = 1;
  std::string signal;  // --signal as given, such as "B:USR1@120"; empty: none
  std::string user;    // login name of the submitter, for SLURM_JOB_USER and %u
  std::vector<std::string>
      options;  // the sbatch options as given, "name=value", for a site that passes them on
};
FABRICA_DESCRIBE(JobDocument, arguments, environment, working_directory, output, error, input,
                 append, array, tasks, tasks_per_node, cpus_per_task, signal, user, options)

}  // namespace fabrica::jobs
