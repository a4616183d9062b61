#pragma once

#include <source_location>
#include <string_view>

namespace fabrica {

/// Prints what broke and where to standard error and aborts. A failed check is a bug of ours, never
/// a person's mistake, so nothing is unwound: the log holds all that was acknowledged, and
/// the next start replays it.
[[noreturn]] void check_failed(std::string_view condition, std::string_view what,
                               std::source_location where);

/// True when `condition` holds; otherwise the process ends at once. Stays on in every build.
#define CHECK(condition, what)                                                        \
  do {                                                                                \
    if (!(condition)) [[unlikely]] {                                                  \
      ::fabrica::check_failed(#condition, (what), ::std::source_location::current()); \
    }                                                                                 \
  } while (false)

}  // namespace fabrica
