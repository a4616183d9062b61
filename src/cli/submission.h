#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/describe.h"
#include "cli/settings.h"

/// The command lines of `submit` and `plan`, and the request made of them.
namespace fabrica::cli {

/// What stands behind `fabrica submit`, told apart. Before the script: our options, and sbatch's
/// own, whose values are recognised as sbatch does it. After the script: --project, --follow,
/// --wait and --dry-run as long as nothing else has come; the rest is the script's.
struct SubmitWords {
  std::string project;
  bool follow = false;
  bool wait = false;
  bool dry_run = false;              // only say what would become of it
  bool diff = false;                 // of a plan: for every site, not only the chosen one
  bool parsable = false;             // print the number only, as sbatch does
  std::vector<std::string> options;  // of sbatch
  bool wrap = false;                 // --wrap takes the place of a script
  std::optional<std::string> script;
  std::vector<std::string> arguments;  // of the script
};

/// Global options among the words are set in `global`.
Outcome<SubmitWords> split_submission(std::span<const std::string> words, GlobalOptions& global);

/// What stands behind `sbatch`, told apart as sbatch does it: every option goes to `options`, and
/// all that comes after the script's name is the script's.
SubmitWords split_sbatch(std::span<const std::string> words);

/// The body of POST /v1/jobs.
struct SubmissionBody {
  std::uint64_t project = 0;
  std::string script;
  std::optional<std::string> name;
  std::vector<std::string> arguments;
  std::vector<std::string> options;
  std::map<std::string, std::string> environment;
  std::optional<std::string> working_directory;
  std::optional<std::string> user;
};
FABRICA_DESCRIBE(SubmissionBody, project, script, name, arguments, options, environment,
                 working_directory, user)

/// Those variables that the server needs: SBATCH_*, and those that --export names without a value,
/// in the script, in SBATCH_EXPORT or on the command line. Nothing else leaves this machine.
std::map<std::string, std::string> environment_to_send(
    std::string_view script, const std::vector<std::string>& options,
    std::span<const std::pair<std::string, std::string>> environment);

/// Reads the script that is named, or standard input, and gathers what is around it. `project` is
/// left at zero.
Outcome<SubmissionBody> gather(const SubmitWords& words);

/// What findings about this body point into.
ScriptSource source_of(const SubmitWords& words, const SubmissionBody& body);

}  // namespace fabrica::cli
