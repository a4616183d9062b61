#pragma once

#include <span>
#include <string>

namespace fabrica::cli {

/// Runs one command: `words` are the arguments without the program's name. Returns the exit code
/// (see outcome.h); failures are on standard error.
int run_program(std::span<const std::string> words, const std::string& version);

}  // namespace fabrica::cli
