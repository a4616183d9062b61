#pragma once

#include <cstdint>
#include <string>

#include "base/describe.h"

namespace fabrica::federation {

/// `unknown`: the site does not tell, or could not be asked.
enum class FindingKind : std::uint8_t { well, wrong, unknown };
FABRICA_DESCRIBE_ENUM(FindingKind, well, wrong, unknown)

/// One thing that a check of a site looked at, for the site's operator.
struct Finding {
  std::string what;  // "token", "partition north-gpu"
  FindingKind verdict = FindingKind::well;
  std::string text;  // what was seen
  std::string mend;  // what to do; empty when all is well

  friend bool operator==(const Finding&, const Finding&) = default;
};
FABRICA_DESCRIBE(Finding, what, verdict, text, mend)

}  // namespace fabrica::federation
