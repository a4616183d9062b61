#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "sbatch/source.h"

namespace fabrica::sbatch {

/// One word of a #SBATCH line or one argument.
struct Token {
  std::string_view text;    // quotes and escapes removed
  Place place;              // of its first byte, which may be a quote
  bool plain = true;        // nothing was removed: byte n of the text is n columns further on
  std::uint32_t bytes = 0;  // that it takes in a script's line, with quotes and escapes
};

/// What a script says before its first command. Views point into the script, or into `unquoted`.
struct Header {
  std::vector<Token> tokens;   // of all directives, in order, as one list: an option's value may
                               // stand on the next line, as for sbatch
  std::vector<Place> foreign;  // #PBS and #BSUB lines, wherever they are, for sbatch obeys them too
  std::list<std::string> unquoted;

  Header() = default;
  Header(Header&&) = default;
  Header& operator=(Header&&) = default;
};

/// Finds the directives and splits them, by Slurm's rules:
/// - The first line starts with "#!". A script with a NUL byte or with Windows line ends is
/// refused.
/// - A directive starts with "#SBATCH" at the line's first column. Anything else that starts with
/// "#" is
///   a comment, a blank line is nothing, and any other line is the first command: directives end
///   there.
/// - Blanks separate words. "#" outside quotes, even within a word, starts a comment. Single and
/// double
///   quotes group, a backslash takes the next character as it is, within quotes too, but does not
///   join words. A word that begins with a bare ":" separates heterogeneous jobs, as does the
///   directive "hetjob": refused. An empty word ends the line for sbatch: refused.
/// Remarks on what people mistype are added: `##SBATCH`, directives after the first command, and so
/// on. A line with a placeholder or with characters pasted from a document gives no tokens.
Header read_header(std::string_view script, Findings& findings);

}  // namespace fabrica::sbatch
