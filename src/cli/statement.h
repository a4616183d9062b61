#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "json/value.h"

namespace fabrica::cli {

/// An account's statement as people read it: a title, a line for each entry with what stood after
/// it, and the totals. `account` is an AccountView, `lines` are all its LineViews from the first
/// on. Amounts bear the sign of what they do to the balance; a hold and its release leave the
/// balance as it is and bear none.
std::string statement_text(const json::Value& account, std::string_view partition,
                           const std::vector<json::Value>& lines, bool colour,
                           std::size_t columns_max);

}  // namespace fabrica::cli
