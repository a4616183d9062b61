#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace fabrica::json {

/// JSON text nested deeper than this is refused; an empty array or object is no level.
inline constexpr std::size_t depth_max = 64;

/// A parsed text in simdjson's form (its doc/tape.md): one 64-bit word for each value or bracket,
/// its kind in the top byte. Reading it here, inline, keeps simdjson's 30,000-line header out of
/// all files but document.cpp.
struct Tape {
  const std::uint64_t* words = nullptr;
  const std::uint8_t* strings = nullptr;
};

enum class Kind : std::uint8_t {
  null,
  boolean,
  integer,
  large_integer,
  real,
  string,
  array,
  object
};

/// One value of a Document; small, copied freely, good as long as the Document.
class Element {
 public:
  Element() = default;
  Element(const Tape* tape, std::size_t index) : tape_(tape), index_(index) {}

  Kind kind() const {
    switch (tag()) {
      case '{':
        return Kind::object;
      case '[':
        return Kind::array;
      case '"':
        return Kind::string;
      case 'l':
        return Kind::integer;
      case 'u':
        return Kind::large_integer;
      case 'd':
        return Kind::real;
      case 't':
      case 'f':
        return Kind::boolean;
      default:
        return Kind::null;
    }
  }

  // Each of these needs the kind of its name.
  bool boolean() const { return tag() == 't'; }
  std::int64_t integer() const { return static_cast<std::int64_t>(tape_->words[index_ + 1]); }
  /// Above the range of int64.
  std::uint64_t large_integer() const { return tape_->words[index_ + 1]; }
  double real() const { return std::bit_cast<double>(tape_->words[index_ + 1]); }
  std::string_view string() const {
    const std::uint8_t* const at = tape_->strings + payload();
    std::uint32_t size = 0;
    std::memcpy(&size, at, sizeof size);
    return {reinterpret_cast<const char*>(at) + sizeof size, size};
  }

  bool is_array() const { return tag() == '['; }
  bool is_object() const { return tag() == '{'; }
  bool is_string() const { return tag() == '"'; }
  bool is_null() const { return tag() == 'n'; }

  /// Number of entries of an array, or a smaller number where there are very many.
  std::size_t size_hint() const { return tape_->words[index_] >> 32U & 0xFF'FFFFU; }

  /// Walks the entries of an array or the members of an object, in the order of the text:
  /// `for (Element::Cursor at = array.begin(); !at.done(); at.next())`.
  class Cursor;
  class Fields;
  Cursor items() const;
  Fields fields() const;

 private:
  char tag() const { return static_cast<char>(tape_->words[index_] >> 56U); }
  std::uint64_t payload() const { return tape_->words[index_] & 0x00FF'FFFF'FFFF'FFFFU; }
  // Index of the word after this value.
  std::size_t after() const {
    switch (tag()) {
      case '{':
      case '[':
        return static_cast<std::uint32_t>(tape_->words[index_]);
      case 'l':
      case 'u':
      case 'd':
        return index_ + 2;
      default:
        return index_ + 1;
    }
  }

  const Tape* tape_ = nullptr;
  std::size_t index_ = 0;
};

/// The entries of an array in turn.
class Element::Cursor {
 public:
  explicit Cursor(Element array) : at_(array.tape_, array.index_ + 1), end_(array.after() - 1) {}
  bool done() const { return at_.index_ == end_; }
  void next() { at_.index_ = at_.after(); }
  Element value() const { return at_; }

 private:
  Element at_;
  std::size_t end_;
};

/// The members of an object in turn.
class Element::Fields {
 public:
  explicit Fields(Element object)
      : name_(object.tape_, object.index_ + 1), end_(object.after() - 1) {}
  bool done() const { return name_.index_ == end_; }
  void next() { name_.index_ = value().after(); }
  std::string_view name() const { return name_.string(); }
  Element value() const { return {name_.tape_, name_.index_ + 1}; }

 private:
  Element name_;
  std::size_t end_;
};

inline Element::Cursor Element::items() const { return Cursor(*this); }
inline Element::Fields Element::fields() const { return Fields(*this); }

/// A parsed JSON text, which it copies. The parser behind it is borrowed from its thread and goes
/// back for the next text, so no Document may live in a static or thread_local variable.
class Document {
 public:
  /// Refuses what is not exactly one JSON value (malformed, with line and column), is nested deeper
  /// than depth_max or has more than limits::document_bytes_max bytes (too_large).
  static Result<Document> parse(std::string_view text);

  Element root() const;

 private:
  class Parser;
  struct GiveBack {
    void operator()(Parser* parser) const;
  };
  using Borrowed = std::unique_ptr<Parser, GiveBack>;

  explicit Document(Borrowed parser) : parser_(std::move(parser)) {}
  static Borrowed borrow(std::size_t bytes);
  static std::vector<std::unique_ptr<Parser>>& idle_parsers();

  Borrowed parser_;
};

}  // namespace fabrica::json
