#include "cli/completion.h"

#include <fmt/core.h>

#include <functional>

namespace fabrica::cli {

namespace {

// Calls `visit` with each command and the words that lead to it: "" for the program, " call open".
void walk(const CommandWords& command, const std::string& path,
          const std::function<void(const std::string&, const CommandWords&)>& visit) {
  visit(path, command);
  for (const CommandWords& below : command.commands) walk(below, path + " " + below.name, visit);
}

// All paths but that of the program, as the alternatives of a `case`.
std::string paths_below(const CommandWords& program) {
  std::string text;
  walk(program, "", [&](const std::string& path, const CommandWords&) {
    if (!path.empty()) text += fmt::format("{}\"{}\"", text.empty() ? "" : " | ", path);
  });
  return text;
}

std::string words_of(const CommandWords& command) {
  std::string text;
  for (const CommandWords& below : command.commands) text += (text.empty() ? "" : " ") + below.name;
  for (const CommandWords::Option& option : command.options)
    text += (text.empty() ? "" : " ") + option.name;
  return text;
}

// Within single quotes of any of the shells; colons would end a word for zsh.
std::string plain(std::string_view about) {
  std::string text;
  for (const char c : about) {
    if (c != '\'' && c != '\\' && c != ':' && c != '\n') text += c;
  }
  return text;
}

std::string bash_script(const CommandWords& program) {
  std::string text = fmt::format(
      "# bash completion of {0}: eval \"$({0} completion bash)\"\n"
      "_{0}() {{\n"
      "  local word=${{COMP_WORDS[COMP_CWORD]}} path= at\n"
      "  for ((at = 1; at < COMP_CWORD; at++)); do\n"
      "    case \"$path ${{COMP_WORDS[at]}}\" in\n"
      "      {1}) path=\"$path ${{COMP_WORDS[at]}}\" ;;\n"
      "    esac\n"
      "  done\n"
      "  case \"$path\" in\n",
      program.name, paths_below(program));
  walk(program, "", [&](const std::string& path, const CommandWords& command) {
    text += fmt::format("    \"{}\") COMPREPLY=($(compgen -W '{}' -- \"$word\")) ;;\n", path,
                        words_of(command));
  });
  return text + fmt::format("  esac\n}}\ncomplete -o default -F _{0} {0}\n", program.name);
}

std::string zsh_script(const CommandWords& program) {
  std::string text = fmt::format(
      "#compdef {0}\n"
      "# zsh completion of {0}: eval \"$({0} completion zsh)\"\n"
      "_{0}() {{\n"
      "  local way= at\n"
      "  local -a choices\n"
      "  for ((at = 2; at < CURRENT; at++)); do\n"
      "    case \"$way ${{words[at]}}\" in\n"
      "      {1}) way=\"$way ${{words[at]}}\" ;;\n"
      "    esac\n"
      "  done\n"
      "  case \"$way\" in\n",
      program.name, paths_below(program));
  walk(program, "", [&](const std::string& path, const CommandWords& command) {
    text += fmt::format("    \"{}\") choices=(", path);
    for (const CommandWords& below : command.commands)
      text += fmt::format("'{}:{}' ", below.name, plain(below.about));
    for (const CommandWords::Option& option : command.options) {
      text += fmt::format("'{}:{}' ", option.name, plain(option.about));
    }
    text += ") ;;\n";
  });
  return text + fmt::format("  esac\n  _describe '{0}' choices\n  _files\n}}\ncompdef _{0} {0}\n",
                            program.name);
}

// fish asks for each word apart: whether the words before it are those of the path.
std::string fish_script(const CommandWords& program) {
  std::string text =
      fmt::format("# fish completion of {0}: {0} completion fish | source\n", program.name);
  walk(program, "", [&](const std::string& path, const CommandWords& command) {
    std::string condition = "__fish_use_subcommand";
    if (!path.empty()) {
      condition.clear();
      std::string_view rest = path;
      while (!rest.empty()) {
        rest.remove_prefix(1);
        const std::string_view word = rest.substr(0, rest.find(' '));
        condition += fmt::format("{}__fish_seen_subcommand_from {}",
                                 condition.empty() ? "" : "; and ", word);
        rest.remove_prefix(word.size());
      }
    }
    for (const CommandWords& below : command.commands) {
      text += fmt::format("complete -c {} -n '{}' -a {} -d '{}'\n", program.name, condition,
                          below.name, plain(below.about));
    }
    for (const CommandWords::Option& option : command.options) {
      if (!option.name.starts_with("--")) continue;
      text += fmt::format("complete -c {} -n '{}' -l {} -d '{}'\n", program.name, condition,
                          option.name.substr(2), plain(option.about));
    }
  });
  return text;
}

}  // namespace

std::string completion_script(std::string_view shell, const CommandWords& program) {
  if (shell == "bash") return bash_script(program);
  if (shell == "zsh") return zsh_script(program);
  if (shell == "fish") return fish_script(program);
  return {};
}

}  // namespace fabrica::cli
