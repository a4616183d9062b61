#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/problem.h"
#include "base/describe.h"
#include "jobs/document.h"
#include "jobs/types.h"
#include "sbatch/options.h"
#include "sbatch/source.h"

/// From a submission, as a client sends it, to what the kernel decides on. Pure functions.
namespace fabrica::api {

/// A job as sbatch would have got it: the script with its #SBATCH lines unchanged, and what stood
/// on the command line and in the environment.
struct Submission {
  federation::ProjectId project;
  std::string script;
  std::optional<std::string> name;                 // the script's file name: the default job name
  std::vector<std::string> arguments;              // of the script
  std::vector<std::string> options;                // sbatch options on the command line
  std::map<std::string, std::string> environment;  // SBATCH_* and what --export names
  std::optional<std::string> working_directory;    // absolute; where sbatch was called
  std::optional<std::string> user;                 // login name, for %u and SLURM_JOB_USER
  std::optional<std::string> site;                 // slugs; go before --clusters and --partition
  std::optional<std::string> partition;
};
FABRICA_DESCRIBE(Submission, project, script, name, arguments, options, environment,
                 working_directory, user, site, partition)

/// A word in the submission that names a thing of the federation, and where it stands.
struct Word {
  std::string text;
  std::optional<sbatch::Place> place;  // in the script, options or environment; otherwise `field`
  std::string field;                   // of the body

  friend bool operator==(const Word&, const Word&) = default;
};

/// What a submission asks for. `request` is complete but for site, partition and the two hashes.
struct Draft {
  jobs::JobRequest request;
  jobs::JobDocument document;
  std::string script;  // the one sent, or made of --wrap
  std::optional<Word> site;
  std::optional<Word> partition;
  std::vector<federation::PartitionId> among;   // a list of our partitions was named; empty: none
  sbatch::Options options;                      // as they were read, for words that sites answer to
  std::vector<sbatch::Diagnostic> diagnostics;  // warnings
};

/// A plan may be asked for with --test-only; a job may not.
enum class Purpose : std::uint8_t { submit, plan };

/// Refused as bad_script with every mistake and its place, or as invalid with the body's field.
///
/// The job's environment is clean: it gets the variables that --export names, `NAME=value` as they
/// stand and `NAME` with its value from the submission's environment, and those that the site sets.
/// ALL, which is Slurm's default, adds nothing: the environment of the place where a job was
/// submitted does not exist at the site where it runs.
Answer<Draft> draft_of(Submission submission, Purpose purpose);

/// The refusal of a script with these diagnostics, at least one of which is an error.
Problem script_problem(const std::vector<sbatch::Diagnostic>& diagnostics);

/// Puts more diagnostics among the others, in the order of their places.
void add_diagnostics(std::vector<sbatch::Diagnostic>& all, std::vector<sbatch::Diagnostic> more);

/// The refusal of a word that names nothing.
Problem unknown_word(const Word& word, std::string_view option, std::string text, std::string hint);

}  // namespace fabrica::api
