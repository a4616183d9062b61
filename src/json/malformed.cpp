#include "json/malformed.h"

#include <fmt/format.h>

#include <algorithm>

#include "json/document.h"
#include "json/utf8.h"

namespace fabrica::json {

namespace {

constexpr std::string_view too_deep = "at most 64 levels of nesting";
static_assert(depth_max == 64, "the text says so");

// Walks a text by the grammar of RFC 8259 up to the first byte that breaks it.
class Walk {
 public:
  explicit Walk(std::string_view text) : text_(text) {}

  // True when the text is one value and nothing else.
  bool whole() {
    space();
    if (!value(0)) return false;
    space();
    return at_ == text_.size() || expected("the end of the text");
  }

  std::size_t at() const { return at_; }
  std::string_view wanted() const { return wanted_; }

 private:
  bool expected(std::string_view what) {
    wanted_ = what;
    return false;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").contains(text_[at_])) ++at_;
  }

  // The bound on depth also bounds this recursion.
  bool value(std::size_t depth) {
    switch (peek()) {
      case '{':
        return object(depth);
      case '[':
        return array(depth);
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  bool word(std::string_view whole_word) {
    for (const char c : whole_word) {
      if (!take(c)) return expected("true, false or null");
    }
    return true;
  }

  bool digits() {
    if (peek() < '0' || peek() > '9') return expected("a digit");
    while (peek() >= '0' && peek() <= '9') ++at_;
    return true;
  }

  bool number() {
    const bool negative = take('-');
    if (!negative && (peek() < '0' || peek() > '9')) return expected("a value");
    if (take('0')) {
      if (peek() >= '0' && peek() <= '9') return expected("a number without leading zeros");
    } else if (!digits()) {
      return false;
    }
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }

  bool escape() {
    if (take('u')) {
      for (int i = 0; i < 4; ++i) {
        if (!std::string_view("0123456789abcdefABCDEF").contains(peek()) || at_ == text_.size()) {
          return expected("four hexadecimal digits");
        }
        ++at_;
      }
      return true;
    }
    if (at_ < text_.size() && std::string_view("\"\\/bfnrt").contains(text_[at_])) {
      ++at_;
      return true;
    }
    return expected("a known escape such as \\n, \\\" or \\u0041");
  }

  bool string() {
    if (!take('"')) return expected("a name in double quotes");
    while (at_ < text_.size()) {
      const auto byte = static_cast<unsigned char>(text_[at_]);
      if (take('"')) return true;
      if (take('\\')) {
        if (!escape()) return false;
        continue;
      }
      if (byte < 0x20) return expected("no bare control character in a string");
      const Utf8 next = decode_utf8(text_.substr(at_));
      if (!next.valid) return expected("UTF-8");
      at_ += next.size;
    }
    return expected("a closing double quote");
  }

  bool array(std::size_t depth) {
    take('[');
    space();
    if (take(']')) return true;
    if (depth == depth_max) return expected(too_deep);
    do {
      space();
      if (!value(depth + 1)) return false;
      space();
    } while (take(','));
    return take(']') || expected("\",\" or \"]\"");
  }

  bool object(std::size_t depth) {
    take('{');
    space();
    if (take('}')) return true;
    if (depth == depth_max) return expected(too_deep);
    do {
      space();
      if (!string()) return false;
      space();
      if (!take(':')) return expected("\":\"");
      space();
      if (!value(depth + 1)) return false;
      space();
    } while (take(','));
    return take('}') || expected("\",\" or \"}\"");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string_view wanted_;
};

std::string show(std::string_view text, std::size_t at) {
  if (at >= text.size()) return "the end of the text";
  const auto byte = static_cast<unsigned char>(text[at]);
  const Utf8 next = decode_utf8(text.substr(at));
  if (byte < 0x20 || byte == 0x7F || !next.valid) return fmt::format("byte 0x{:02X}", byte);
  return fmt::format("\"{}\"", text.substr(at, next.size));
}

}  // namespace

Refusal explain_malformed(std::string_view text, std::string_view reason) {
  Walk walk(text);
  if (walk.whole()) {
    return {refusal::malformed, "", fmt::format("Correct the JSON text: {}.", reason)};
  }
  const std::string_view before = text.substr(0, walk.at());
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {refusal::malformed, "",
          fmt::format("Correct the JSON text at line {}, column {}: expected {}, found {}.", line,
                      before.size() - line_start + 1, walk.wanted(), show(text, walk.at()))};
}

}  // namespace fabrica::json
