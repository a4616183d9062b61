#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fabrica::cli {

/// A command as completion sees it.
struct CommandWords {
  struct Option {
    std::string name;  // "--project"
    std::string about;
  };
  std::string name;
  std::string about;
  std::vector<Option> options;
  std::vector<CommandWords> commands;
};

/// A script that completes the commands and options of `program` in bash, zsh or fish; empty for
/// another shell. Files are completed wherever no command is expected.
std::string completion_script(std::string_view shell, const CommandWords& program);

}  // namespace fabrica::cli
