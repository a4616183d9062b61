#pragma once

#include <string>
#include <vector>

#include "base/describe.h"
#include "sbatch/options.h"
#include "sbatch/rewrite.h"

/// A script's own words, and what a site makes of them. Scripts come with the words of the site
/// that they were written for; who knows a site's words answers for each of its partitions.
namespace fabrica::sbatch {

/// The words that sites differ in, as a submission gives them.
struct AskedWords {
  SiteWords words;
  std::string gpu_type;  // empty: any
};

/// A word that a site cannot take, and what it would take.
struct RefusedWord {
  std::string option;  // "qos"
  std::string text;    // a whole sentence about "this site"
  std::string hint;
};
FABRICA_DESCRIBE(RefusedWord, option, text, hint)

/// One partition's answer. The job may go there when nothing is refused.
struct SiteAnswer {
  bool rewrites = false;         // scripts are given to a Slurm there, in the words `there`
  bool knows_partition = false;  // the partition asked for is this one, by the site's own name
  bool knows_gpu_type = false;   // the type asked for is the site's own name for what it has
  WordsThere there;
  std::vector<RefusedWord> refused;
  std::vector<std::string> remarks;  // what changes and might be missed, whole sentences
};

}  // namespace fabrica::sbatch
