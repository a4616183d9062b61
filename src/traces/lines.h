#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "base/limits.h"

namespace fabrica::traces {

/// Cuts a text that comes in pieces into its lines. A line that is longer than
/// limits::trace_line_bytes_max comes one byte longer than that, without its rest.
class Lines {
 public:
  /// Calls `each(line)` for each line that ends in the text; false from it ends this too.
  template <class Each>
  bool take(std::string_view text, Each&& each) {
    while (!text.empty()) {
      const auto* const newline =
          static_cast<const char*>(std::memchr(text.data(), '\n', text.size()));
      if (newline == nullptr) {
        keep(text);
        return true;
      }
      const auto length = static_cast<std::size_t>(newline - text.data());
      if (rest_.empty()) {
        if (!each(text.substr(0, length))) return false;
      } else {
        keep(text.substr(0, length));
        const bool goes_on = each(std::string_view(rest_));
        rest_.clear();
        if (!goes_on) return false;
      }
      text.remove_prefix(length + 1);
    }
    return true;
  }

  /// The last line, when nothing ends it; empty otherwise.
  std::string_view rest() const { return rest_; }

 private:
  void keep(std::string_view text) {
    rest_.append(text.substr(0, limits::trace_line_bytes_max + 1 - rest_.size()));
  }

  std::string rest_;
};

}  // namespace fabrica::traces
