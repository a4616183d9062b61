#include <fmt/core.h>
#include <signal.h>

#include <exception>
#include <string>
#include <vector>

#include "cli/program.h"

/// The command line of Fabrica.
int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);  // a closed pipe is seen where something is written
  try {
    const std::vector<std::string> words(argv + 1, argv + argc);
    return fabrica::cli::run_program(words, FABRICA_VERSION);
  } catch (const std::exception& trouble) {
    fmt::print(stderr, "error: {}\n", trouble.what());
    return 1;
  }
}
