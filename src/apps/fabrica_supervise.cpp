#include <fmt/core.h>

#include <cstdio>
#include <filesystem>
#include <system_error>

#include "sites/local/supervisor.h"

// fabrica-supervise DIRECTORY: takes care of one task of the local site, from its spool directory.
// Started by fabricad; outlives it.
int main(int argc, char** argv) {
  std::error_code error;
  const std::filesystem::path given = argc == 2 ? argv[1] : "";
  const std::filesystem::path directory = std::filesystem::canonical(given, error);
  if (error) {
    fmt::print(stderr,
               "Usage: fabrica-supervise DIRECTORY, with the directory of a task in a spool.\n");
    return 2;
  }
  fabrica::sites::local::leave_parent(directory);
  fabrica::sites::local::supervise(directory);
  return 0;
}
