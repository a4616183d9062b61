#include "base/check.h"

#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>

namespace fabrica {

void check_failed(std::string_view condition, std::string_view what, std::source_location where) {
  fmt::print(stderr, "fabrica: bug: {} ({}) at {}:{} in {}\n", what, condition, where.file_name(),
             where.line(), where.function_name());
  std::fflush(stderr);
  std::abort();
}

}  // namespace fabrica
