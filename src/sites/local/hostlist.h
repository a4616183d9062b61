#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fabrica::sites::local {

/// More hosts than this in one list are refused.
inline constexpr std::size_t hosts_max = 100'000;

/// The names in a Slurm host list, in its order: "n[01-03,7],login" is n01, n02, n03, n7, login. A
/// number keeps the width of its range's first.
Result<std::vector<std::string>> expand_hostlist(std::string_view list);

}  // namespace fabrica::sites::local
