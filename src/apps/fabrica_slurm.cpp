#include <fmt/core.h>
#include <signal.h>

#include <exception>
#include <string>
#include <vector>

#include "shims/program.h"

/// sbatch, squeue and the other commands of Slurm, for tools that know nothing else.
int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_DFL);
  try {
    const std::vector<std::string> words(argv + 1, argv + argc);
    return fabrica::shims::run_shim(argv[0], words, FABRICA_VERSION);
  } catch (const std::exception& trouble) {
    fmt::print(stderr, "error: {}\n", trouble.what());
    return 1;
  }
}
