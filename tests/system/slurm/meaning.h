#pragma once

#include <map>
#include <string>

#include "sbatch/parse.h"
#include "system/slurm/judge.h"

/// One way to say what a job asks for, from our reading of it and from what scontrol shows.
namespace fabrica::test {

/// What is compared, by our names. A name that our reading leaves out is not compared.
using Meaning = std::map<std::string, std::string>;

/// What we read. The verdict gives what only the submission decides: numbers and times.
Meaning meaning_of(const sbatch::Parsed& parsed, const Verdict& verdict);

/// What the cluster took.
Meaning meaning_of(const Verdict& verdict);

}  // namespace fabrica::test
