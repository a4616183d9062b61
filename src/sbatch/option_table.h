#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sbatch/options.h"

namespace fabrica::sbatch {

enum class Argument : std::uint8_t { none, required, optional };

/// What becomes of an option. understood: it is part of Options and means the same on every site.
/// site: handed to a Slurm site as written, other sites refuse it. client: for the command that
/// submits. refused: nowhere, with the reason in `form`.
enum class Treatment : std::uint8_t { understood, site, client, refused };

/// Puts a value where it belongs in Options, or only checks it.
using Setter = Result<void> (*)(Options& options, std::string_view value);

struct OptionRow {
  std::string_view name;  // without dashes
  char letter = '\0';     // short form, 0 for none
  Argument argument = Argument::required;
  Treatment treatment = Treatment::understood;
  Setter set = nullptr;           // null: kept in `given` only
  std::string_view form = {};     // how the value is written, or why the option is refused
  std::string_view same_as = {};  // the name it is another name for
  std::string_view rival = {};    // the option that a later one of this overrules
};

/// Every option of sbatch 22.05, ascending by name.
std::span<const OptionRow> option_table();
inline constexpr std::size_t option_rows_max = 128;

/// The number of a row of the table.
std::size_t index_of(const OptionRow& row);

/// The row of this exact long name, null when there is none.
const OptionRow* find_option(std::string_view name);

/// The row of a short option's letter, null when there is none.
const OptionRow* find_letter(char letter);

/// The row that says what an option is called in Options: itself, or what it is another name for.
const OptionRow& proper_row(const OptionRow& row);

/// What getopt_long makes of a long name: the exact one, or the only one that begins so.
struct LongMatch {
  const OptionRow* row = nullptr;
  std::vector<std::string_view> candidates;  // where several begin so
};
LongMatch match_long(std::string_view name);

/// Up to three long names that a mistyped one may have meant, nearest first.
std::vector<std::string_view> nearest_options(std::string_view name);

/// A variable that sbatch reads, by its full name ("SBATCH_TIMELIMIT"); null when it reads no such
/// one.
const OptionRow* find_variable(std::string_view variable);

/// True for the variables that Slurm itself sets inside a job (SBATCH_MEM_BIND_TYPE …): they tell,
/// and ask for nothing.
bool is_set_by_slurm(std::string_view variable);

}  // namespace fabrica::sbatch
