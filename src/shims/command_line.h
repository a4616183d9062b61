#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/outcome.h"

/// Command lines as getopt_long(3) reads them, for the commands of Slurm: options and operands in
/// any order, letters together ("-nu ada"), long names abbreviated, "=" or the next word for a
/// value.
namespace fabrica::shims {

using cli::Failure;
using cli::Outcome;

/// What an option comes with, and what becomes of it. ignored: the answer is as good without it.
enum class Takes : std::uint8_t { nothing, value, ignored, ignored_value, refused };

struct OptionRow {
  std::string_view name;
  char letter = '\0';
  Takes takes = Takes::nothing;
};

/// What was found, under the long names of the table.
struct Words {
  std::vector<std::pair<std::string_view, std::string>> options;
  std::vector<std::string> operands;

  bool has(std::string_view name) const;
  /// The last value given counts.
  std::optional<std::string> value(std::string_view name) const;
  /// The values of all occurrences, split at their commas, without empty ones.
  std::vector<std::string> list(std::string_view name) const;
};

/// Refused in Slurm's words when an option is unknown, lacks its value, or is one that cannot be
/// honoured here.
Outcome<Words> read_words(std::string_view program, std::span<const OptionRow> table,
                          std::span<const std::string> words);

/// The parts of a text between commas that are not empty.
std::vector<std::string> split_at_commas(std::string_view text);

/// A failure whose text is printed as it stands, where Slurm's own has no "PROGRAM: error:".
std::unexpected<Failure> in_these_words(std::string text, int exit_code = 1);
bool stands_as_it_is(const Failure& failure);

}  // namespace fabrica::shims
