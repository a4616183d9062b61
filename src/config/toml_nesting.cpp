#include "config/toml_nesting.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"

namespace fabrica::config {

namespace {

/// Walks over a text as the parser would. Where the text is no TOML the two may part, but the
/// parser stops there.
class NestingWalk {
 public:
  explicit NestingWalk(std::string_view text) : text_(text) {}

  NestingTrouble walk() {
    while (at_ < text_.size()) {
      step();
      if (brackets_ > limits::toml_depth_max) {
        return {line_, fmt::format("At most {} lists and tables lie within each other.",
                                   limits::toml_depth_max)};
      }
      if (parts_ > limits::toml_key_parts_max) {
        return {line_, fmt::format("A key has at most {} parts.", limits::toml_key_parts_max)};
      }
    }
    return {};
  }

 private:
  void step() {
    const char c = text_[at_];
    switch (c) {
      case '"':
      case '\'':
        return skip_string(c);
      case '#':
        at_ = std::min(text_.find('\n', at_), text_.size());
        return;
      case '.':
        parts_ += 1;
        break;
      case '[':
      case '{':
        brackets_ += 1;
        parts_ = 1;
        break;
      case ']':
      case '}':
        if (brackets_ > 0) brackets_ -= 1;
        parts_ = 1;
        break;
      case '\n':
        line_ += 1;
        parts_ = 1;
        break;
      case '=':
      case ',':
        parts_ = 1;
        break;
      default:
        break;
    }
    at_ += 1;
  }

  void skip_string(char quote) {
    const std::string_view rest = text_.substr(at_);
    const bool is_long = rest.size() >= 3 && rest[1] == quote && rest[2] == quote;
    at_ += is_long ? 3 : 1;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\n' && !is_long) return;  // never closed: no TOML
      if (c == '\n') line_ += 1;
      if (c == '\\' && quote == '"' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n') {
        at_ += 2;
        continue;
      }
      const bool closes =
          c == quote && (!is_long || text_.substr(at_).starts_with(std::string(3, quote)));
      at_ += closes && is_long ? 3 : 1;
      if (!closes) continue;
      // The last one or two quotes of a long string may be part of it.
      for (int i = 0; is_long && i < 2 && at_ < text_.size() && text_[at_] == quote; ++i) at_ += 1;
      return;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t parts_ = 1;
  std::size_t brackets_ = 0;
};

}  // namespace

NestingTrouble check_nesting(std::string_view text) { return NestingWalk(text).walk(); }

}  // namespace fabrica::config
