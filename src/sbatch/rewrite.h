#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/describe.h"
#include "base/result.h"

/// A script in the words of the site that it goes to.
namespace fabrica::sbatch {

/// What stands in a script for one partition of one site. Empty: the script does not say it there.
struct WordsThere {
  std::string account = {};
  std::string partition = {};
  std::string qos = {};
  std::string constraint = {};
  std::string reservation = {};
  std::string gpu_type = {};  // in gpu:<type>:<number>

  friend bool operator==(const WordsThere&, const WordsThere&) = default;
};
FABRICA_DESCRIBE(WordsThere, account, partition, qos, constraint, reservation, gpu_type)

/// One line of a script and of its rewritten form: ' ' in both, '-' only before, '+' only after.
struct RewrittenLine {
  char mark = ' ';
  std::string text;

  friend bool operator==(const RewrittenLine&, const RewrittenLine&) = default;
};

struct Rewritten {
  std::vector<RewrittenLine> lines;
  bool ends_open = false;  // the last line has no line end
};

/// The script with its #SBATCH lines in the words of a site: account, partition, qos, constraint,
/// reservation and the type of GPUs become the site's own, each where it stands; what is not said
/// yet comes behind the last directive; nodelist, exclude, wckey and clusters, which are no words
/// of that site, go. All other options, comments and commands stay byte for byte. Refused when the
/// script's directives have mistakes.
Result<Rewritten> rewrite(std::string_view script, const WordsThere& there);

/// The rewritten script.
std::string text_of(const Rewritten& rewritten);

/// What patch(1) takes: a unified diff with three lines of context; empty when nothing is changed.
/// The names go into its head; control characters in them become "?".
std::string unified_diff(const Rewritten& rewritten, std::string_view before,
                         std::string_view after);

}  // namespace fabrica::sbatch
