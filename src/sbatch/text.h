#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

/// Characters as Slurm's parser sees them: bytes, in the C locale.
namespace fabrica::sbatch {

/// The refusal of a value. The option, and so the field, is known only to the caller.
inline std::unexpected<Refusal> invalid(std::string text) {
  return refuse(refusal::invalid, "", std::move(text));
}

inline bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// The same letters, in either case.
inline bool equal_in_any_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

/// Cuts the text up to the next `separator` off `rest` and returns it; `more` says whether there
/// was one.
inline std::string_view cut(std::string_view& rest, char separator, bool& more) {
  const std::size_t at = rest.find(separator);
  more = at != std::string_view::npos;
  const std::string_view part = rest.substr(0, at);
  rest = more ? rest.substr(at + 1) : std::string_view{};
  return part;
}

/// Calls `visit(part)` for each part between separators, also for empty ones, until it returns
/// false.
template <class Visit>
bool for_each_part(std::string_view rest, char separator, Visit&& visit) {
  for (bool more = true; more;) {
    if (!visit(cut(rest, separator, more))) return false;
  }
  return true;
}

}  // namespace fabrica::sbatch
