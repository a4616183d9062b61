#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/describe.h"
#include "sbatch/options.h"
#include "sbatch/shape.h"
#include "sbatch/source.h"

namespace fabrica::sbatch {

/// Everything that has a say. The views need to live as long as the call.
struct Input {
  std::string_view script;
  std::span<const std::pair<std::string, std::string>> environment;  // only SBATCH_* are read
  std::span<const std::string> arguments;  // options before the script's name, as sbatch takes them
};

struct Parsed {
  Options options;
  Shape shape;
  std::vector<Diagnostic>
      diagnostics;  // in the order of the script, then environment, then arguments

  /// No errors: the job may be submitted as `options` and `shape` say.
  bool ok() const;
};
FABRICA_DESCRIBE(Parsed, options, shape, diagnostics)

/// Reads a script as sbatch 22.05 does: #SBATCH lines up to the first command, overruled by
/// SBATCH_* variables, overruled by arguments. Every mistake is reported, not only the first.
/// Nothing is dropped silently: an option is understood, kept in `given` for the site, or refused
/// with its place. With --wrap among the arguments the script must be empty.
Parsed parse(const Input& input);

}  // namespace fabrica::sbatch
