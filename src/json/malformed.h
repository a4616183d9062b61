#pragma once

#include <string_view>

#include "base/result.h"

namespace fabrica::json {

/// Why `text` is no JSON value: line, column (both from 1, in bytes), what was expected there and
/// what is there. For a text that a parser has refused, with the parser's own `reason` in case the
/// text looks right here (a number beyond 64 bits, for one).
Refusal explain_malformed(std::string_view text, std::string_view reason);

}  // namespace fabrica::json
