#pragma once

#include <span>
#include <string>
#include <string_view>

namespace fabrica::config {

/// The known word that `word` was most likely meant to be: the one with the fewest letters changed,
/// left out, added or swapped, if that is at most every third. Empty when there is none.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

/// What to say after an unknown word: ` Did you mean "port"?`, or ` Known are: address, port.`,
/// which names at most twenty.
std::string hint(std::string_view word, std::span<const std::string_view> known);

}  // namespace fabrica::config
