#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sbatch/parse.h"

/// How the tests of this folder say what a script asks for and what they expect.
namespace fabrica::sbatch {

using Variables = std::vector<std::pair<std::string, std::string>>;
using Arguments = std::vector<std::string>;

/// Parses a script of these directive lines, which begin at line 2, and one command.
inline Parsed read(std::string_view lines, const Arguments& arguments = {},
                   const Variables& environment = {}) {
  const std::string script = fmt::format("#!/bin/bash\n{}\nhostname\n", lines);
  return parse({script, environment, arguments});
}

/// Parses one directive: what stands after "#SBATCH ", in line 2 from column 9.
inline Parsed read_directive(std::string_view directive) {
  return read(fmt::format("#SBATCH {}", directive));
}

/// "error 2:9 --time", and so on, joined by "; ". Environment is "env:N", arguments are "arg:N".
inline std::string complaints(const std::vector<Diagnostic>& diagnostics) {
  std::string all;
  for (const Diagnostic& one : diagnostics) {
    const auto where = one.place.origin == Origin::environment ? std::string("env")
                       : one.place.origin == Origin::command_line
                           ? std::string("arg")
                           : fmt::format("{}", one.place.line);
    all += fmt::format("{}{} {}:{}{}{}", all.empty() ? "" : "; ", name_of(one.severity), where,
                       one.place.column, one.option.empty() ? "" : " ", one.option);
  }
  return all;
}

/// The options that count: "job-name=a nodes=2 hold".
inline std::string effective_options(const Parsed& parsed) {
  std::string all;
  for (const Given& given : parsed.options.given) {
    if (given.overruled) continue;
    all += fmt::format("{}{}{}{}", all.empty() ? "" : " ", given.name,
                       given.value.empty() ? "" : "=", given.value);
  }
  return all;
}

/// The options when all is well, the complaints otherwise.
inline std::string outcome(const Parsed& parsed) {
  return parsed.ok() ? effective_options(parsed) : complaints(parsed.diagnostics);
}

}  // namespace fabrica::sbatch
