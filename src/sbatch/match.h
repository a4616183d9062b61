#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "sbatch/option_table.h"
#include "sbatch/source.h"
#include "sbatch/tokens.h"

namespace fabrica::sbatch {

/// An option found among tokens.
struct Match {
  const OptionRow* row = nullptr;
  std::string_view value;  // empty when it has none
  Place place;             // of the option
  Place value_place;       // of its value, the option's when it has none
  std::size_t first = 0;   // the token it begins in, by its number
  std::size_t last = 0;    // the token its value is in
};

/// Splits tokens into options as getopt_long does: `--name value`, `--name=value`, unambiguous
/// beginnings of names, `-N2`, `-N 2`, clustered flags. What is no option is an error with its
/// place; a long name behind a single dash is one too, though sbatch would take `-exclusive` for
/// `-e xclusive`.
std::vector<Match> match_options(std::span<const Token> tokens, Findings& findings);

}  // namespace fabrica::sbatch
