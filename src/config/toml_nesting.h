#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fabrica::config {

/// What is nested too deeply; no text: nothing is.
struct NestingTrouble {
  std::size_t line = 0;
  std::string text;
};

/// Looks for lists and tables within each other, and for keys of many parts, beyond the limits.
/// Runs before the parser, which has no bound on a key's parts and frees what it built by
/// recursion: a text of one long dotted key would overflow the stack.
NestingTrouble check_nesting(std::string_view text);

}  // namespace fabrica::config
