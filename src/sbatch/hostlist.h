#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fabrica::sbatch {

/// --nodelist and --exclude: names and ranges, "n[1-4,7],login". A "/" would name a file, which is
/// refused, as is a "$".
Result<std::string> parse_hostlist(std::string_view text);

/// How many names a list stands for, limits::nodes_max + 1 at most; a name written twice counts
/// twice. Needs a text that parse_hostlist has taken.
std::uint64_t hosts_in(std::string_view hostlist);

}  // namespace fabrica::sbatch
