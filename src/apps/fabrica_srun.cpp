#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "sites/local/step.h"

// Stands in the PATH of the local site's jobs as `srun` and as `scontrol`: which of the two it is
// comes from the name that it is called by.
int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  const std::string name = std::filesystem::path(argv[0]).filename().string();
  if (name == "scontrol") return fabrica::sites::local::scontrol_main(arguments, environment);
  return fabrica::sites::local::srun_main(arguments, environment);
}
