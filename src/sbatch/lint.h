#pragma once

#include <cstdint>
#include <string_view>

#include "sbatch/options.h"
#include "sbatch/source.h"

/// Mistakes that sbatch does not see, or says nothing helpful about.
namespace fabrica::sbatch {

/// A placeholder that nobody filled in: "{{ nodes }}", "{% if %}", "<project>". Empty when there is
/// none; otherwise a part of `text`.
std::string_view find_placeholder(std::string_view text);

/// The first character of a word that looks right and is not: a non-breaking or zero-width space, a
/// typographic quote, a long dash before or within an option's name. `size` zero when there is
/// none.
struct Lookalike {
  std::size_t offset = 0;
  std::size_t size = 0;
  std::string_view name;    // "a long dash"
  std::string_view proper;  // what to type instead
};
Lookalike find_lookalike(std::string_view word);

/// Remarks on a comment line before the first command that may have been meant as a directive.
void remark_on_comment(std::string_view line, std::uint32_t number, Findings& findings);

/// Remarks on the value of an option. `literal`: no shell has expanded it, as in a directive.
void remark_on_value(std::string_view option, std::string_view value, Place place, bool literal,
                     Findings& findings);

/// Remarks on what the options mean together.
void remark_on_options(const Options& options, Findings& findings);

/// Remarks on the directories of output and errors, for sites that do not make them.
void remark_on_directories(const Options& options, Findings& findings);

}  // namespace fabrica::sbatch
